"""Warnings of a page, each from what a run with this trouble records."""

from __future__ import annotations

import json
import shutil

import pytest

from tests.report.pages import report
from tfgan_pipeline.report.health import warnings
from tfgan_pipeline.report.recorded_run import read_runs


def write(path, lines) -> None:
  path.write_text(''.join(json.dumps(line) + '\n' for line in lines))


def steps(**values: list[float]) -> list[dict]:
  """Returns lines of steps 500, 1000, ..., with the values of each name, '__' for '/'."""
  count = max(map(len, values.values()))
  return [
    {'step': 500 * (row + 1), **{name.replace('__', '/'): of[row] for name, of in values.items()}}
    for row in range(count)
  ]


@pytest.mark.parametrize(
  'curves, health, words',
  [
    ({}, dict(samples__diversity=[0.9, 0.05]), 'At step 1,000, samples are only 0.05 times as div'),
    ({}, dict(samples__diversity__b_to_a=[0.01, 0.9]), 'samples of b_to_a are only 0.01 times'),
    ({}, dict(samples__diversity=[0.01, 0.9]), 'and recovered since'),
    (
      dict(discriminator_accuracy__real=[0.6, 1.0], discriminator_accuracy__generated=[0.7, 1.0]),
      {},
      'right about 100 % of the real and 100 % of the generated',
    ),
    ({}, dict(overfitting__r_v=[0.1, 0.8]), 'by heart: r_v is 0.8'),
    (
      {},
      dict(spectral_norm__generator__0_Dense=[1.0, 2.0, 3.0, 20.0]),
      '0_Dense runs away: from 3',
    ),
    (dict(gradient_norm__generator=[1.0, 1.0, 500.0, 1.0]), {}, '500 at step 1,500, 500 times'),
    ({}, dict(moving_average__distance=[0.1, 0.75]), 'averaged weights are 75 % of the norm'),
    (dict(discriminator_accuracy__real=[0.6, 1.0]), dict(overfitting__r_v=[0.9, 0.1]), ''),
  ],
)
def test_warnings_from_curves(tiny_run, tmp_path, curves, health, words):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  write(run / 'train/train.jsonl', steps(**curves) if curves else [])
  write(run / 'train/health.jsonl', steps(**health) if health else [])
  found = warnings(read_runs([str(run)])[0])
  assert (len(found) == 1 and words in found[0]) if words else not found


def test_warnings_from_files(scored, tmp_path):
  run = shutil.copytree(scored, tmp_path / 'run')
  write(run / 'train/train.jsonl', [])
  write(run / 'train/health.jsonl', [])
  assert warnings(read_runs([str(run)])[0]) == []
  (run / 'TRAIN_DONE').unlink()
  (run / 'train/not_finite-000003.json').write_text('{}')
  (run / 'checkpoints/damaged').mkdir()
  (run / 'checkpoints/damaged/ckpt-000002.index').touch()
  record = json.loads((run / 'experiment.json').read_text())
  request = {'why': 'fid has not improved', 'max_steps': 4, 'run_id': record['run_id']}
  (run / 'STOP_REQUEST').write_text(json.dumps(request))
  (path,) = (run / 'eval').glob('*/scores.jsonl')
  first, *_ = [json.loads(line) for line in path.read_text().splitlines()]
  failed = {name: value for name, value in first.items() if name not in ('scores', 'score_ids')}
  with path.open('a') as file:  # Step 2 was scored at last, and step 3 was not.
    for step in (2, 3):
      file.write(json.dumps({**failed, 'step': step, 'error': 'checkpoint is damaged'}) + '\n')
  found = ' '.join(warnings(read_runs([str(run)])[0]))
  for words in (
    'infinite or not a number at step 3;',
    'set aside in checkpoints/damaged: ckpt-000002.index',
    'Step 3 could not be scored: checkpoint is damaged.',
    'The training stands at step 0 of 4',
    'An evaluator has asked the trainer to stop: fid has not improved.',
  ):
    assert words in found
  assert 'Step 2 could not' not in found


def test_what_a_former_run_left_is_none_of_the_run(scored, tmp_path):
  run = shutil.copytree(scored, tmp_path / 'run')
  (path,) = (run / 'eval').glob('*/scores.jsonl')
  first, *_ = [json.loads(line) for line in path.read_text().splitlines()]
  failed = {name: value for name, value in first.items() if name not in ('scores', 'score_ids')}
  with path.open('a') as file:
    file.write(json.dumps({**failed, 'run_id': 'former', 'step': 3, 'error': 'damaged'}) + '\n')
  for suffix in ('csv', 'png'):
    (copy,) = path.parent.glob(f'per_sample-4-*.{suffix}')
    shutil.copy(copy, path.parent / copy.name.replace('-4-', '-9-'))
  page = report(tmp_path / 'page.html', f'--model_dir={run}')
  assert 'could not be scored' not in page.text
  assert 'At step 4, ' in page.text and 'At step 9' not in page.text
