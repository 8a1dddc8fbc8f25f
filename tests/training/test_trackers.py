"""--also_log: trackers get what TensorBoard gets, and none of them stops a training."""

import contextlib
import dataclasses
import json
import sys

import numpy as np
import pytest

from tests.conftest import QUICK, run_binary, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.errors import Interrupted, UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.writers.base import Writer
from tfgan_pipeline.writers.trackers import TrackedRun, Trackers


class Notes(Writer):
  """Tracker that keeps what it is told, and fails at a step if asked to."""

  def __init__(self, run, fails_at):
    self.run, self.fails_at, self.said = run, fails_at, []

  def scalars(self, step, values):
    if step == self.fails_at:
      raise ConnectionError('server is away')
    self.said.append((step, dict(values)))

  def picture(self, step, tag, picture):
    self.said.append((step, tag, picture.shape))

  def flush(self):
    self.said.append(('flushed', ''))

  def stopped(self, error):
    self.said.append((type(error).__name__, ''))

  def close(self):
    self.said.append('closed')


@pytest.fixture
def made(register):
  """Trackers that were built, in order."""
  made = []

  def notes(run: TrackedRun, *, fails_at: int = -1) -> Writer:
    """Keeps what it is told."""
    made.append(Notes(run, fails_at))
    return made[-1]

  def notes_too(run: TrackedRun) -> Writer:
    """Fails with scores of step 2."""
    made.append(Notes(run, 2))
    return made[-1]

  register(registry.tracker, notes)
  register(registry.tracker, notes_too)
  return made


def test_a_training_tells_its_trackers_what_it_tells_tensorboard(made, tmp_path):
  quick = dict(networks='mlp(units=8)', also_log='notes')
  GANEstimator(tiny_experiment(tmp_path / 'run', **quick)).train()
  (one,) = made
  assert one.run.name == 'run' and one.run.settings['batch_size'] == 16
  lines = (tmp_path / 'run/train/train.jsonl').read_text().splitlines()
  expected = {line['step']: line for line in map(json.loads, lines) if 'loss/generator' in line}
  told = {item[0]: item[1] for item in one.said if 'loss/generator' in item[1]}
  assert told.keys() == expected.keys() == {1, 2, 3, 4}
  assert told[4]['loss/generator'] == expected[4]['loss/generator']
  pictures = {item[:2] for item in one.said if isinstance(item[1], str)}
  assert {(0, 'reals'), (0, 'fakes'), (4, 'fakes')} <= pictures and one.said[-1] == 'closed'
  assert [item[0] for item in one.said].count('flushed') == 4  # At 0, 2 and 4; at the end.
  assert 'also_log' in json.loads((tmp_path / 'run/experiment.json').read_text())['experiment']


def test_trackers_are_told_why_a_training_ends_early(made, tmp_path):
  quick = dict(networks='mlp(units=8)', also_log='notes', max_hours=1e-9)
  with pytest.raises(Interrupted):
    GANEstimator(tiny_experiment(tmp_path / 'run', **quick)).train()
  assert made[0].said[-3:] == [('Interrupted', ''), ('flushed', ''), 'closed']
  with pytest.raises(RuntimeError), Trackers({'notes': made[0]}):
    raise RuntimeError
  assert made[0].said[-2:] == [('RuntimeError', ''), 'closed']


def test_one_that_fails_is_left_out_and_the_others_go_on(made, caplog):
  run = TrackedRun('id', '/tmp/run', {})
  notes = registry.tracker.build('notes', run), registry.tracker.build('notes(fails_at=2)', run)
  trackers = Trackers(dict(zip(('good', 'bad'), notes)))
  for step in (1, 2, 3):
    trackers.scalars(step, {'loss': 1.0})
  assert [[item[0] for item in each.said] for each in notes] == [[1, 2, 3], [1]]
  (warning,) = caplog.messages
  assert warning == '--also_log=bad: server is away; nothing more is sent there'


@pytest.mark.parametrize('name', ['mlflow', 'wandb'])
def test_a_package_that_is_missing_is_told_before_anything_else(name, monkeypatch, tmp_path):
  monkeypatch.setitem(sys.modules, name, None)  # Found by nobody.
  with pytest.raises((UsageError, ValueError), match=name):
    Trackers.of(name, TrackedRun('id', str(tmp_path), {}))


def test_an_unknown_tracker_is_refused_with_the_one_that_may_be_meant():
  (line,) = run_binary('train', '--also_log=mlflw', code=2).stderr.splitlines()
  assert line.startswith('--also_log=mlflw: ') and 'did you mean mlflow?' in line


def write_all(trackers):
  trackers.scalars(1, {'loss/generator': 0.5, 'images_per_second': float('nan')})
  trackers.picture(1, 'fakes', np.zeros([8, 8, 1], np.uint8))
  trackers.picture(1, 'colours', np.zeros([8, 8, 3], np.uint8))
  trackers.text(1, 'changes', '| a | b |')


def test_mlflow_in_a_folder(tmp_path, caplog):
  mlflow = pytest.importorskip('mlflow', reason='no MLflow: the extra mlflow')
  uri = f'file:{tmp_path}/mlruns'
  run = TrackedRun('some-id', str(tmp_path), {'batch_size': 16})
  for _ in range(2):  # Continued: it is one run there.
    with Trackers.of(f'mlflow(uri="{uri}")', run) as trackers:
      write_all(trackers)
  assert not caplog.messages
  client = mlflow.MlflowClient(tracking_uri=uri)
  for error, status in (
    (Interrupted('later'), 'KILLED'),
    (ValueError(), 'FAILED'),
    (None, 'FINISHED'),
  ):
    with contextlib.suppress(Interrupted, ValueError), Trackers.of(f'mlflow(uri="{uri}")', run):
      if error:
        raise error
    (kept,) = client.search_runs([client.get_experiment_by_name('tfgan_pipeline').experiment_id])
    assert kept.info.status == status
  assert kept.data.params == {'batch_size': '16'} and kept.info.status == 'FINISHED'
  history = client.get_metric_history(kept.info.run_id, 'loss/generator')
  assert {(point.step, point.value) for point in history} == {(1, 0.5)}
  pictures = [item.path for item in client.list_artifacts(kept.info.run_id, 'samples')]
  assert pictures == ['samples/colours-000001.png', 'samples/fakes-000001.png']


def test_wandb_offline(tmp_path, caplog):
  pytest.importorskip('wandb', reason='no Weights & Biases: the extra wandb')
  run = TrackedRun('some-id', str(tmp_path), {'batch_size': 16})
  with Trackers.of('wandb(mode=offline)', run) as trackers:
    write_all(trackers)
  assert not [text for text in caplog.messages if '--also_log' in text]
  (kept,) = (tmp_path / 'wandb').glob('offline-run-*-some-id')
  assert list(kept.glob('run-some-id.wandb'))[0].stat().st_size > 0
  assert len(list(kept.rglob('*.png'))) == 2
  with Trackers.of('wandb(mode=offline)', dataclasses.replace(run, part='scores')) as trackers:
    trackers.scalars(1, {'scores/classifier-10000/fid': 3.0})
  assert list((tmp_path / 'wandb').glob('offline-run-*-some-id-scores'))


def test_scores_go_to_the_trackers_of_the_run(made, tmp_path, options, caplog):
  quick = dict(networks='mlp(units=8)', also_log='notes, notes_too')
  GANEstimator(tiny_experiment(tmp_path / 'run', **quick)).train()
  made.clear(), caplog.clear()
  evaluator = GANEstimator.of_run(str(tmp_path / 'run')).evaluator(options)
  records = [evaluator.evaluate(step) for step in (2, 4)]
  fid = 'scores/random_projection-64/fid'
  told = [one.said[0][1][fid] for one in made if not one.fails_at == 2]
  assert told == [record['scores']['fid[random_projection]'] for record in records]
  assert {one.run.part for one in made} == {'scores'}
  assert [one.said[-1:] for one in made] == [['closed'], [], ['closed']]
  failures = [text for text in caplog.messages if 'nothing more is sent there' in text]
  assert failures == ['--also_log=notes_too: server is away; nothing more is sent there']
  assert len(made) == 3  # The one that failed is not built again.
  evaluator.evaluate(4)  # Has its scores.
  assert len(made) == 3


def test_mlflow_has_scores_beside_curves(tmp_path):
  mlflow = pytest.importorskip('mlflow', reason='no MLflow: the extra mlflow')
  uri = f'file:{tmp_path}/mlruns'
  training = TrackedRun('some-id', str(tmp_path), {'batch_size': 16})
  with Trackers.of(f'mlflow(uri="{uri}")', training) as trackers:
    with Trackers.of(f'mlflow(uri="{uri}")', dataclasses.replace(training, part='scores')) as more:
      more.scalars(1, {'scores/classifier-10000/fid': 3.0})
      assert more.works
    client = mlflow.MlflowClient(tracking_uri=uri)
    (kept,) = client.search_runs([client.get_experiment_by_name('tfgan_pipeline').experiment_id])
    assert kept.info.status == 'RUNNING'
    trackers.scalars(2, {'loss/generator': 1.0})
  kept = client.get_run(kept.info.run_id)
  assert kept.data.metrics == {'scores/classifier-10000/fid': 3.0, 'loss/generator': 1.0}
  assert kept.info.status == 'FINISHED'


@pytest.mark.heavy
@pytest.mark.parametrize('name', ['mlflow', 'wandb'])
def test_a_training_with_the_real_package(name, tmp_path, monkeypatch):
  pytest.importorskip(name)
  call = {'mlflow': f'mlflow(uri="file:{tmp_path}/kept")', 'wandb': 'wandb(mode=offline)'}[name]
  done = run_binary('train', *QUICK, f'--also_log={call}', f'--model_dir={tmp_path}/run')
  assert 'nothing more is sent' not in done.stderr
  assert (tmp_path / 'kept').exists() or (tmp_path / 'run/wandb').exists()
