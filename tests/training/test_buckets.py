"""A run in a bucket: few requests, and the files of a run on a disk."""

import json

import pytest

from tests.benchmarks.bucket_operations import Counter
from tests.conftest import tiny_experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.training_lock import TrainingLock

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


def test_a_trainer_whose_place_is_taken_saves_no_more(monkeypatch):
  experiment = tiny_experiment('ram://taken/run', max_steps=40, **VALUES)
  estimator = GANEstimator(experiment)
  estimator.train(20)
  lines, check = 'ram://taken/run/train/train.jsonl', TrainingLock.check

  def taken(lock):
    files.write_bytes('ram://taken/run/train/lock', json.dumps({'id': 'other'}).encode())
    check(lock)

  real = estimator.train
  before = files.read_text(lines)
  monkeypatch.setattr(TrainingLock, 'check', taken)
  with pytest.raises(UsageError, match='another process has taken over'):
    real(40)
  assert files.read_text(lines) == before
  assert not files.exists('ram://taken/run/checkpoints/ckpt-000040.index')
