"""A run in a bucket: few requests, and the files of a run on a disk."""

import json
import logging

import pytest

from tests.benchmarks.bucket_operations import Counter
from tests.conftest import tiny_experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.runs import files

pytestmark = pytest.mark.usefixtures('graphs_as_traced')
VALUES = dict(networks='mlp(units=4)', save_every=20, log_every=1, sample_every=20)


def test_requests_grow_with_saves_and_not_with_lines(tmp_path):
  """Compares one and two rounds of twenty steps, each with a save and a picture at its end."""
  counts, run = [], 'ram://few/run'
  for last in (20, 40):
    experiment = tiny_experiment(f'{run}{last}', max_steps=last, **VALUES)
    with Counter().counting() as counter:
      GANEstimator(experiment).train()
    counts.append(counter.calls)
  more = counts[1] - counts[0]
  # Lines, health, curves, a picture; a checkpoint's record, the list of checkpoints, goodput.
  assert more.pop('write') == 7 and more.pop('append', 0) == 0
  # The lock and a request to stop are looked at, and the checkpoints listed.
  assert more.pop('read', 0) + more.pop('exists', 0) <= 3 and more.pop('listdir') <= 2
  assert not more
  GANEstimator(tiny_experiment(tmp_path / 'run', max_steps=40, **VALUES)).train()
  for name in ('train/train.jsonl', 'train/health.jsonl', 'samples/fakes-000040.png'):
    assert files.read_bytes(f'{run}40/{name}') == (tmp_path / 'run' / name).read_bytes(), name


class TakeOver(logging.Handler):
  """Trainer on another machine, which takes the lock of a run that logs a certain step."""

  def __init__(self, run):
    super().__init__(logging.INFO)
    self.run = run

  def emit(self, record):
    if 'step 25/40' in record.getMessage():
      files.write_bytes(f'{self.run}/train/lock', json.dumps({'id': 'other'}).encode())


@pytest.mark.parametrize('begun', [0, 20])
def test_a_trainer_whose_place_is_taken_writes_no_more(begun, caplog):
  """Checks that lines since the last save are dropped, too: the other trainer makes its own."""
  run = f'ram://taken/run{begun}'
  estimator = GANEstimator(tiny_experiment(run, max_steps=40, **VALUES))
  if begun:
    estimator.train(begun)
  caplog.set_level(logging.INFO, 'tfgan_pipeline')
  handler = TakeOver(run)
  logger = logging.getLogger('tfgan_pipeline')
  logger.addHandler(handler)
  try:
    with pytest.raises(UsageError, match='has taken over'):
      estimator.train()
  finally:
    logger.removeHandler(handler)
  for name in ('train', 'health'):
    lines = files.read_text(f'{run}/train/{name}.jsonl').splitlines()
    assert max(json.loads(line)['step'] for line in lines) == 20, name
  assert not files.exists(f'{run}/checkpoints/ckpt-000040.index')
