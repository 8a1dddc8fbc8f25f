"""Real evaluators as processes: beside each other, beside a trainer that is faster, and killed."""

import json
import pathlib
import random
import shutil
import time

import pytest

from tests.conftest import QUICK, TINY, run_binary, start_binary
from tfgan_pipeline.runs.checkpoints import Checkpoints

NAME = 'random_projection-400'
SCORES = f'eval/{NAME}/scores.jsonl'


@pytest.fixture
def watching(cache_dir):
  """The flags of an evaluator that watches; the reference is ready, as kills may hit its making."""
  flags = (
    '--extractor=random_projection',
    '--metrics=fid',
    '--num_samples=400',
    '--watch',
    f'--cache_dir={cache_dir}',
  )
  return lambda model_dir: ('evaluate', *flags, f'--model_dir={model_dir}')


def records_of(model_dir) -> list[dict]:
  return [json.loads(line) for line in (pathlib.Path(model_dir) / SCORES).read_text().splitlines()]


def scores_by_step(model_dir) -> dict[int, dict]:
  """Returns the scores by step; checks that each step has one record."""
  records = records_of(model_dir)
  steps = [record['step'] for record in records]
  assert len(set(steps)) == len(steps), steps
  return {record['step']: record.get('scores') for record in records}


def pinned(model_dir) -> list[int]:
  names = [path.name for path in (pathlib.Path(model_dir) / 'checkpoints/pinned').iterdir()]
  return sorted(int(name.split('.')[0].removeprefix('ckpt-')) for name in names)


def test_two_evaluators_share_the_work(tmp_path, watching):
  run_binary('train', *QUICK, '--max_steps=12', '--save_every=1', f'--model_dir={tmp_path}')
  processes = [start_binary(*watching(tmp_path)) for _ in range(2)]
  for process in processes:
    _, stderr = process.communicate(timeout=120)
    assert process.returncode == 0, stderr
  assert sorted(scores_by_step(tmp_path)) == list(range(13))


@pytest.mark.heavy
def test_an_evaluator_killed_at_random_changes_nothing(tmp_path, watching):
  """Kills evaluators of a finished run 20 times, at random moments."""
  one, other = tmp_path / 'one', tmp_path / 'other'
  run_binary('train', *TINY, '--max_steps=60', '--save_every=1', f'--model_dir={one}')
  shutil.copytree(one, other)
  run_binary(*watching(one))
  undisturbed = scores_by_step(one)
  assert sorted(undisturbed) == list(range(61))

  chance = random.Random(0)
  kills = 0
  while kills < 20:
    process = start_binary(*watching(other))
    until = time.monotonic() + chance.uniform(3, 9)
    while time.monotonic() < until and process.poll() is None:
      time.sleep(0.01)
    if process.poll() is None:
      process.kill()
      kills += 1
    elif kills < 20:  # All is scored; take half of it away again, so that there is work to kill.
      kept = (other / SCORES).read_text().splitlines(keepends=True)
      (other / SCORES).write_text(''.join(kept[: len(kept) // 2]))
    process.communicate()
  before = len(records_of(other))
  run_binary(*watching(other))
  print(f'{kills} kills; {before} of 61 checkpoints were scored before the last start')
  assert scores_by_step(other) == undisturbed
  assert pinned(other) == [
    min(undisturbed, key=lambda step: undisturbed[step]['fid[random_projection]'])
  ]


@pytest.mark.heavy
def test_a_trainer_that_saves_faster_than_it_is_scored(tmp_path, watching):
  flags = ('--max_steps=400', '--save_every=4', '--keep_checkpoints=2', '--sample_every=400')
  slow = '--num_samples=4000'
  trainer = start_binary('train', *TINY, *flags, f'--model_dir={tmp_path}')
  evaluator = start_binary(*watching(tmp_path), slow)
  for process in (trainer, evaluator):
    _, stderr = process.communicate(timeout=300)
    assert process.returncode == 0, stderr
  directory = tmp_path / 'eval/random_projection-4000'
  records = [json.loads(line) for line in (directory / 'scores.jsonl').read_text().splitlines()]
  scored = [record['step'] for record in records if 'scores' in record]
  missing = [record['step'] for record in records if record.get('missing')]
  print(f'{len(scored)} scored, {len(missing)} missing')
  assert scored == sorted(set(scored)) and missing == sorted(set(missing))
  assert sorted(scored + missing) == list(range(0, 401, 4)) and len(records) == 101
  assert scored[-1] == 400 and missing and len(scored) > 2
  best = min(
    (record for record in records if 'scores' in record),
    key=lambda record: record['scores']['fid[random_projection]'],
  )
  checkpoints = Checkpoints(str(tmp_path / 'checkpoints'))
  assert pinned(tmp_path) == [best['step']]
  assert best['step'] in checkpoints.steps()
