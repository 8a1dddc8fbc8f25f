"""Watching runs: order, gaps, bad checkpoints, several runs, pins, kinds of samples."""

import dataclasses
import json
import logging
import shutil

import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.evaluation import variants, watcher
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.many_runs import score_runs, watch_runs
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.runs.checkpoints import Checkpoints

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

FID = 'fid[random_projection]'


@pytest.fixture
def run(tiny_run, tmp_path):
  """model_dir of a finished run with the checkpoints 0, 2 and 4."""
  return shutil.copytree(tiny_run, tmp_path / 'run')


@pytest.fixture
def trained(tmp_path):
  """The estimator of a run that lasts longer and keeps two checkpoints."""
  values = dict(networks='mlp(units=4)', max_steps=12, keep_checkpoints=2)
  estimator = GANEstimator(tiny_experiment(tmp_path / 'long', **values))
  estimator.train(4)
  return estimator


def steps(records):
  return [record['step'] for record in records]


def pinned(checkpoints):
  return [step for step in checkpoints.steps() if checkpoints.pins.of(step)]


def test_it_scores_in_order_once_and_writes_the_best_down(run, options):
  records = list(watch_runs(str(run), options))
  assert steps(records) == [0, 2, 4] and not any('error' in record for record in records)
  assert list(watch_runs(str(run), options)) == records
  lines = (run / 'eval/random_projection-64/scores.jsonl').read_text().splitlines()
  assert [json.loads(line) for line in lines] == records
  best = min(records, key=lambda record: record['scores'][FID])
  (pin,) = (run / 'checkpoints/pinned').iterdir()
  assert pin.name.startswith(f'ckpt-{best["step"]:06d}.random_projection-64-')
  assert pin.read_text() == f'best {FID}: {best["scores"][FID]}\n'


def test_the_shortest_path_can_be_the_best(run, options):
  options = dataclasses.replace(options, path_length=16, best_by='perceptual_path_length')
  records = list(watch_runs(str(run), options))
  lengths = {r['step']: r['scores']['perceptual_path_length[random_projection]'] for r in records}
  assert len(set(lengths.values())) == 3
  (pin,) = (run / 'checkpoints/pinned').iterdir()
  assert pin.name.startswith(f'ckpt-{min(lengths, key=lengths.get):06d}.')


def test_weights_that_are_not_numbers_are_a_failure_and_the_next_is_scored(run, options):
  sampler = GANEstimator.of_run(str(run)).sampler()
  sampler.restore(2)
  for variable in sampler.restored.networks['generator'].variables:
    variable.assign(tf.fill(variable.shape, float('nan')))
  sampler.restored.checkpoint.write(str(run / 'checkpoints/ckpt-000002'))
  (run / 'checkpoints/ckpt-000002.json').unlink()  # Its checksums are of the weights before.
  records = list(watch_runs(str(run), options))
  assert steps(records) == [0, 2, 4]
  assert 'not finite' in records[1]['error'] and 'scores' in records[2]
  assert list(watch_runs(str(run), options)) == records


def test_one_that_was_removed_is_reported_and_scored_when_it_comes_back(run, options, tmp_path):
  for path in (run / 'checkpoints').glob('ckpt-000002*'):
    shutil.move(path, tmp_path)
  records = list(watch_runs(str(run), options))
  assert steps(records) == [2, 0, 4] and records[0]['missing']
  for path in tmp_path.glob('ckpt-000002*'):
    shutil.move(path, run / 'checkpoints')
  again = list(watch_runs(str(run), options))
  assert steps(again) == [0, 2, 4] and 'scores' in again[1]


def test_rotation_leaves_the_best_and_the_one_being_scored(trained, options, monkeypatch):
  at_work = []

  def score(scorer, batches, **_):
    """Step 2 is scored first, then step 4, the best; the trainer goes on meanwhile."""
    list(batches)
    at_work.append(Checkpoints(trained.run.checkpoints).steps())
    if len(at_work) == 2:
      trained.train(12)
      at_work.append(Checkpoints(trained.run.checkpoints).steps())
      return {FID: 1.0}
    return {FID: 3.0}

  monkeypatch.setattr(Scorer, 'score', score)
  records = list(watch_runs(trained.run.path, options))
  assert at_work[:3] == [[2, 4], [2, 4], [2, 4, 10, 12]]
  assert steps(records) == [0, 2, 4, 6, 8, 10, 12]
  by_step = {record['step']: record for record in records}
  assert {step for step, record in by_step.items() if record.get('missing')} == {0, 6, 8}
  assert by_step[4]['scores'] == {FID: 1.0}
  checkpoints = Checkpoints(trained.run.checkpoints)
  assert pinned(checkpoints) == [4] and 4 in checkpoints.steps()


def test_of_several_runs_each_has_its_turn_and_a_bad_one_is_left_out(
  run, options, tmp_path, caplog
):
  shutil.copytree(run, tmp_path / 'runs/a')
  shutil.copytree(run, tmp_path / 'runs/b')
  (tmp_path / 'runs/c').mkdir()
  (tmp_path / 'runs/c/experiment.json').write_text('{')
  (tmp_path / 'runs/not a run').mkdir()
  records = list(watch_runs(f'{tmp_path}/runs/*,{run}', options))
  assert [(record['run'], record['step']) for record in records] == [
    (path, step)
    for step in (0, 2, 4)
    for path in (f'{tmp_path}/runs/a', f'{tmp_path}/runs/b', str(run))
  ]
  assert f'{tmp_path}/runs/c is left out: ' in caplog.text
  newest = list(score_runs(f'{tmp_path}/runs/a,{run}', options))
  assert steps(newest) == [4, 4]
  for bad in (f'{tmp_path}/x*', f'{tmp_path}/gone', f'{tmp_path}/runs'):
    for places in (bad, f'{run},{bad}'):
      with pytest.raises(UsageError) as caught:
        list(score_runs(places, options))
      assert str(caught.value).startswith(f'--model_dir={bad}: no run there, which has an exp')


def test_another_measurement_leaves_the_pins_of_the_first(run, options):
  list(watch_runs(str(run), options))
  before = set((run / 'checkpoints/pinned').iterdir())
  list(watch_runs(str(run), dataclasses.replace(options, metrics='kid(subsets=2)')))
  list(watch_runs(str(run), dataclasses.replace(options, sample_seed=1, best_by='')))
  assert set((run / 'checkpoints/pinned').iterdir()) == before
  list(watch_runs(str(run), dataclasses.replace(options, sample_seed=1)))
  assert set((run / 'checkpoints/pinned').iterdir()) == before  # Its scores are there already.


def test_lines_that_are_no_records_are_passed_over(run, options):
  (run / 'eval/random_projection-64').mkdir(parents=True)
  path = run / 'eval/random_projection-64/scores.jsonl'
  path.write_bytes(b'{}\n[1]\n\xff\xfe\n{"step": 0}\n{"definition_id": 3}\n')
  assert steps(watch_runs(str(run), options)) == [0, 2, 4]
  assert path.read_bytes().startswith(b'{}\n')


@pytest.mark.heavy
def test_files_stay_few(tmp_path, options):
  """Counts descriptors: those of one evaluator, and of one file of claims, which is closed."""
  import os

  from tfgan_pipeline.estimator import train_and_evaluate

  points = dict(networks='points_mlp(units=4)', dataset='gaussian_grid')
  estimator = GANEstimator(tiny_experiment(tmp_path / 'few', max_steps=6, save_every=1, **points))
  counts = []
  train_and_evaluate(
    estimator, options, on_record=lambda _: counts.append(len(os.listdir('/proc/self/fd')))
  )
  assert len(counts) == 7 and counts[-1] == counts[1]


def test_it_stops_after_so_many(run, options):
  assert steps(watch_runs(str(run), options, stop_after=2)) == [0, 2]
  assert steps(watch_runs(str(run), options)) == [0, 2, 4]


def test_a_file_system_at_fault_is_tried_again(run, options, monkeypatch):
  failures = [tf.errors.UnavailableError(None, None, 'the bucket is away')] * 6

  def score(self, step):
    if step == 2 and failures:
      raise failures.pop()
    return real_score(self, step)

  real_score = Evaluator._score
  monkeypatch.setattr(Evaluator, '_score', score)
  monkeypatch.setattr(watcher, '_LONGEST_PAUSE', 0.01)
  records = list(watch_runs(str(run), options))
  assert steps(records) == [0, 2, 4] and records[1]['error'] == 'the bucket is away'
  assert len(failures) == 2


def test_kinds_of_samples_are_compared(run, options, caplog, monkeypatch):
  monkeypatch.setattr(variants, '_TOLERANCE', 1e-4)
  with caplog.at_level(logging.WARNING, 'tfgan_pipeline'):
    records = list(watch_runs(str(run), options, also=['raw', 'batch', 'standing'], stop_after=1))
  found = {
    (record['definition']['weights'], record['definition']['batch_norm']): record['scores'][FID]
    for record in records
  }
  assert list(found) == [
    ('average', 'moving averages'),
    ('raw', 'moving averages'),
    ('average', 'statistics of batches of 16'),
    ('average', 'averages over 16 batches of 16'),
  ]
  # At step 0 the average is the weights themselves, and moving averages are those of no batch.
  moving, raw, batch, standing = found.values()
  assert moving == raw and batch == pytest.approx(standing, rel=0.05)
  told = [record.getMessage() for record in caplog.records if 'apart' in record.getMessage()]
  assert len(told) == 2 and 'with moving averages, and' in told[0]
  assert 'statistics of batches of 16' in told[0] and 'averages over 16 batches' in told[1]


def test_a_score_that_does_not_rank_is_no_best(run, options, cache_dir):
  unmeasured = ('kid', 'perceptual_path_length')
  for name, message in (('fid_floor', 'ranks'), *((name, 'no such') for name in unmeasured)):
    with pytest.raises(UsageError, match=f'--best_by=.*{message}'):
      list(watch_runs(str(run), dataclasses.replace(options, best_by=name)))
  list(watch_runs(str(run), dataclasses.replace(options, best_by='')))
  assert not list((run / 'checkpoints/pinned').iterdir())
