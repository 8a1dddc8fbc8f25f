"""Averages of any length after the training: the fit of profiles by hand, and runs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from tests.conftest import checkpoint, files_under, run_binary, tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.models.power_averages import LONGEST, STORED, Stored, fitted, gamma
from tfgan_pipeline.training import ema


def averages_of(weights, length):
  """Returns the average after each update, by the rates of training."""
  value, found = 0.0, []
  for step, weight in enumerate(weights):
    rate = float(ema.power_rate(length, tf.constant(step, tf.int64)))
    value += rate * (weight - value)
    found.append(value)
  return np.array(found)


def test_lengths_and_exponents_are_those_of_the_paper():
  assert [round(gamma(length), 2) for length in STORED] == [16.97, 6.94]
  for length in (0.01, 0.05, 0.2, LONGEST):
    found = gamma(length)
    assert (found + 1) ** 0.5 / (found + 2) / (found + 3) ** 0.5 == pytest.approx(length)
  assert gamma(LONGEST) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize('gamma_and_length', [(gamma(0.1), 0.1), (0.0, LONGEST)])
def test_an_average_has_its_profile(gamma_and_length):
  """Every step's share is that of t^gamma over the step; with gamma 0 all are alike."""
  exponent, length = gamma_and_length
  ends = (np.arange(41) / 40) ** (exponent + 1)
  shares = [averages_of(np.eye(40)[step], length)[-1] for step in range(40)]
  np.testing.assert_allclose(shares, np.diff(ends), rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize('length', [0.04, 0.07, 0.15, 0.2])
def test_stored_averages_make_one_of_another_length(length):
  weights = np.cumsum(np.random.RandomState(0).normal(size=400)) + 50
  traces = {of: averages_of(weights, of) for of in STORED}
  stored = [Stored(step, of) for step in range(25, 401, 25) for of in STORED]
  factors, error = fitted(stored, 400, length)
  assert factors.sum() == pytest.approx(1) and error < 0.05
  made = sum(factor * traces[one.length][one.step - 1] for factor, one in zip(factors, stored))
  spread = weights.std()
  assert abs(made - averages_of(weights, length)[-1]) < error * spread + 0.01
  _, coarse = fitted(stored[-2:], 400, length)
  assert coarse > error


def test_a_stored_length_is_the_stored_average():
  stored = [Stored(step, of) for step in (10, 20, 30) for of in STORED]
  factors, error = fitted(stored, 30, 0.1)
  np.testing.assert_allclose(factors, [0, 0, 0, 0, 0, 1], atol=1e-9)
  assert error < 1e-6


@pytest.fixture(scope='module')
def run(tmp_path_factory):
  """A run of six steps that keeps two averages, and each step's weights."""
  path = tmp_path_factory.mktemp('posthoc') / 'run'
  one = tiny_experiment(path, ema='posthoc', networks='mlp(units=4)', max_steps=6, save_every=1)
  run_binary('train', *one.to_flagfile().splitlines()[1:])
  return path


def test_a_run_of_another_length_is_a_run(run, tmp_path):
  before = files_under(run)
  result = run_binary(
    'average', f'--model_dir={run}', '--length=0.1,0.2', f'--output_dir={tmp_path}/new'
  )
  made = [json.loads(line) for line in result.stdout.splitlines()]
  assert [one['length'] for one in made] == [0.1, 0.2] and made[0]['checkpoints'] == 6
  assert files_under(run) == before
  old, same, longer = (
    checkpoint(path, 6) for path in (run, tmp_path / 'new/length-0.1', tmp_path / 'new/length-0.2')
  )
  assert old.keys() == longer.keys()
  trained = [
    name for name in old if name.startswith('generator_ema/') and name.split('/')[2] != 'moving'
  ]
  by_step = [checkpoint(run, step) for step in range(1, 7)]
  for name in trained:
    long_name = name.replace('generator_ema/', 'generator_ema_long/')
    np.testing.assert_allclose(same[name], old[long_name], atol=1e-6)
    raw = np.array([values[name.replace('_ema/', '/')] for values in by_step])
    np.testing.assert_allclose(old[name], averages_of(raw, 0.05)[-1], atol=1e-6)
    np.testing.assert_allclose(longer[name], averages_of(raw, 0.2)[-1], atol=2e-3)
  for name in old.keys() - set(trained):
    np.testing.assert_array_equal(longer[name], old[name])
  run_binary(
    *('sample', f'--model_dir={tmp_path}/new/length-0.2', '--count=2'),
    f'--images_dir={tmp_path}/pictures',
  )
  record = json.loads((tmp_path / 'new/length-0.2/experiment.json').read_text())
  source = json.loads((run / 'experiment.json').read_text())
  assert record['averaged']['of'] == {'model_dir': str(run), 'run_id': source['run_id']}
  assert record['run_id'] != source['run_id'] and record['averaged']['step'] == 6


def test_few_checkpoints_are_said_to_be_few(run, tmp_path):
  result = run_binary(
    *('average', f'--model_dir={run}', '--length=0.25', '--step=1'), f'--output_dir={tmp_path}/new'
  )
  assert 'length 0.25 differs by' in result.stderr and '--save_every keeps more' in result.stderr


@pytest.mark.parametrize(
  'arguments, message',
  [
    (('--length=0.3',), '--length=0.3: a share of the training between 0 and 0.289'),
    (('--length=0.1,nan',), '--length=nan: a share of the training'),
    (('--length=long',), "--length=long: 'long' is no number"),
    ((), '--length: say how long'),
    (('--length=0.1', '--step=0'), '--step=0: no such checkpoint'),
    (('--length=0.1', '--step=7'), '--step=7: no such checkpoint'),
    (('--length=0.1', '--output_dir={run}'), 'is a run already; name another folder'),
    (('--length=0.1', '--output_dir='), '--output_dir: say which folder'),
  ],
)
def test_what_cannot_be_averaged_is_refused(run, tmp_path, arguments, message):
  given = [text.format(run=run) for text in arguments]
  result = run_binary(
    'average', f'--model_dir={run}', f'--output_dir={tmp_path}/new', *given, code=2
  )
  assert message in result.stderr.splitlines()[-1]
  assert not (tmp_path / 'new').exists()


def test_a_run_of_one_average_says_how_to_have_two(tiny_run, tmp_path):
  result = run_binary(
    'average', f'--model_dir={tiny_run}', '--length=0.1', f'--output_dir={tmp_path}/new', code=2
  )
  assert 'train with --ema=posthoc for averages of any length' in result.stderr


@pytest.mark.parametrize('flag', ['--keep_checkpoints=3', '--ema_decay=0'])
def test_a_run_that_would_lose_its_averages_is_refused(tmp_path, flag):
  one = tiny_experiment(tmp_path / 'run', ema='posthoc')
  result = run_binary('train', *one.to_flagfile().splitlines()[1:], flag, code=2)
  assert flag in result.stderr and not (tmp_path / 'run').exists()
