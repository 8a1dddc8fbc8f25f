"""Runs that are made of others: what they keep, what goes on, and averages of averages."""

from __future__ import annotations

import json

import pytest

from tests.conftest import run_binary, tiny_experiment


@pytest.fixture
def averaged(tmp_path):
  """A run of two averages, and an average that was made of it."""
  one = tiny_experiment(tmp_path / 'run', ema='posthoc', networks='mlp(units=4)', save_every=1)
  run_binary('train', *one.to_flagfile().splitlines()[1:])
  flags = (f'--model_dir={tmp_path}/run', f'--output_dir={tmp_path}/new')
  run_binary('average', *flags, '--length=0.2')
  return tmp_path / 'new'


def test_the_record_names_the_new_run_and_stays_when_it_goes_on(averaged, tmp_path):
  assert f'--model_dir={averaged}' in (averaged / 'experiment.flags').read_text().splitlines()
  before = json.loads((averaged / 'experiment.json').read_text())['averaged']
  run_binary('train', f'--flagfile={averaged}/experiment.flags', '--max_steps=5')
  record = json.loads((averaged / 'experiment.json').read_text())
  assert record['averaged'] == before and len(record['sessions']) == 2
  assert not (tmp_path / 'run/checkpoints/ckpt-000005.index').exists()
  more = (f'--output_dir={tmp_path}/more', '--length=0.1')
  result = run_binary('average', f'--model_dir={averaged}', *more, code=2)
  assert 'is an average itself; name the run that it was made of' in result.stderr


def test_lengths_that_are_there_are_passed_over(averaged, tmp_path):
  flags = (f'--model_dir={tmp_path}/run', f'--output_dir={tmp_path}/many')
  run_binary('average', *flags, '--length=0.1,0.2')
  (tmp_path / 'many/length-0.2/experiment.json').unlink()  # As a kill leaves it.
  first = (tmp_path / 'many/length-0.1/experiment.json').read_text()
  result = run_binary('average', *flags, '--length=0.1,0.2,0.2')
  assert [json.loads(line)['length'] for line in result.stdout.splitlines()] == [0.1, 0.2]
  assert (tmp_path / 'many/length-0.1/experiment.json').read_text() == first
  result = run_binary('average', *flags[:1], f'--output_dir={averaged}', '--length=0.1', code=2)
  assert 'is a run already; name another folder' in result.stderr
  assert '--length=,: has no number' in run_binary('average', *flags, '--length=,', code=2).stderr
