"""Identity of the run in a directory: ids, copies, places."""

import functools
import json
import os
import pathlib
import shutil

import numpy as np
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tests import forked
from tests.conftest import QUICK, checkpoint, files_under, run_binary, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import RunReplaced, UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.evaluation.many_runs import score_runs, watch_runs
from tfgan_pipeline.runs.score_records import find_records

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

FID = 'fid[random_projection]'


def experiment(model_dir, **values):
  return tiny_experiment(model_dir, **{'networks': 'mlp(units=4)', **values})


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
  """A finished run of four steps, to be copied."""
  model_dir = tmp_path_factory.mktemp('trained') / 'run'
  GANEstimator(experiment(model_dir)).train()
  return model_dir


def copy_of(run, model_dir) -> GANEstimator:
  """Copies `run` to model_dir; returns an estimator of the copy."""
  shutil.copytree(run, model_dir, dirs_exist_ok=True)
  return GANEstimator(experiment(model_dir))


def record_of(model_dir) -> dict:
  return json.loads((pathlib.Path(model_dir) / 'experiment.json').read_text())


def test_an_id_is_in_the_run_in_every_checkpoint_and_in_every_score(trained, tmp_path, options):
  estimator = copy_of(trained, tmp_path)
  run_id = record_of(tmp_path)['run_id']
  assert len(run_id) == 16
  for step in (0, 2, 4):
    record = json.loads((tmp_path / f'checkpoints/ckpt-{step:06d}.json').read_text())
    assert record['run_id'] == run_id and record['step'] == step
    scored = estimator.evaluate(step, options)
    assert scored['run_id'] == run_id and scored['checksum'] == record['checksum']
  GANEstimator(experiment(tmp_path, max_steps=6)).train()
  assert record_of(tmp_path)['run_id'] == run_id and len(record_of(tmp_path)['sessions']) == 2


def test_a_directory_that_is_started_over_has_scores_of_its_own(trained, tmp_path, options):
  """Deletes a run but not its evaluation, and starts another in the directory."""
  of_run = {}
  copy_of(trained, tmp_path)
  for seed in (0, 1):
    GANEstimator(experiment(tmp_path, seed=seed)).train()  # The first is done already.
    records = list(watch_runs(str(tmp_path), options))
    of_run[seed] = [record['scores'][FID] for record in records]
    assert [record['step'] for record in records] == [0, 2, 4]
    ((_, shown),) = find_records(str(tmp_path)).items()
    assert shown == records
    (tmp_path / 'experiment.json').unlink()
    shutil.rmtree(tmp_path / 'checkpoints')
  assert not set(of_run[0]) & set(of_run[1])
  events = EventAccumulator(str(tmp_path / 'eval/random_projection-64'))
  events.Reload()
  # Files of one second are read by their numbers as text: 10 comes before 9.
  points = sorted(events.Tensors(f'1_scores/{FID}'), key=lambda event: event.step)
  curve = [tf.make_ndarray(event.tensor_proto) for event in points]
  np.testing.assert_allclose(curve, of_run[1], rtol=1e-6)


def test_failures_alone_are_no_curve_of_a_run_that_started_over(trained, tmp_path, options):
  copy_of(trained, tmp_path)
  for seed in (0, 1):
    GANEstimator(experiment(tmp_path, seed=seed)).train()  # The first is done already.
    evaluator = GANEstimator.of_run(str(tmp_path)).evaluator(options)
    evaluator.record_failure(2, 'for a test')
    record = evaluator.evaluate(4)
    (tmp_path / 'experiment.json').unlink()
    shutil.rmtree(tmp_path / 'checkpoints')
  events = EventAccumulator(str(tmp_path / 'eval/random_projection-64'))
  events.Reload()
  (point,) = events.Tensors(f'1_scores/{FID}')
  assert tf.make_ndarray(point.tensor_proto) == np.float32(record['scores'][FID])


def test_a_run_replaced_while_it_is_scored_gets_no_pins(trained, tmp_path, cache_dir, register):
  replaced = []

  def replacing(reference, generated):
    """Starts another run in the directory when it is called the third time, at step 4."""
    if len(replaced) == 2:
      shutil.rmtree(tmp_path / 'checkpoints')
      (tmp_path / 'experiment.json').unlink()
      GANEstimator(experiment(tmp_path, seed=1)).train()
    replaced.append(generated)
    return {'replacing': 1.0}

  register(registry.metric, replacing)
  copy_of(trained, tmp_path)
  options = EvaluationOptions(
    extractor='random_projection', metrics='fid, replacing', num_samples=64, cache_dir=cache_dir
  )
  evaluator = GANEstimator.of_run(str(tmp_path)).evaluator(options)
  evaluator.evaluate(2)
  with pytest.raises(RunReplaced, match='another run has taken its place'):
    evaluator.evaluate(4)
  assert len(replaced) == 3 and not (tmp_path / 'checkpoints/pinned').exists()


def test_a_watcher_notices_that_its_run_was_replaced(tmp_path, options, caplog):
  GANEstimator(experiment(tmp_path, max_steps=8)).train(2)
  records = []
  for record in watch_runs(str(tmp_path), options):
    records.append(record)
    if len(records) == 2:  # The run is not done, so the watcher waits for step 4.
      shutil.rmtree(tmp_path / 'checkpoints')
      (tmp_path / 'experiment.json').unlink()
      GANEstimator(experiment(tmp_path, seed=1)).train()
  assert [record['step'] for record in records] == [0, 2, 0, 2, 4]
  assert [record['run_id'] for record in records].count(record_of(tmp_path)['run_id']) == 3
  assert caplog.text.count('another run has taken its place') == 1


def test_a_watcher_ends_when_its_run_is_removed_and_leaves_nothing_there(
  tmp_path, options, caplog, monkeypatch
):
  model_dir = tmp_path / 'run'
  GANEstimator(experiment(model_dir, max_steps=8)).train(4)
  records = []
  for record in watch_runs(str(model_dir), options):
    records.append(record)
    if len(records) == 1:
      shutil.rmtree(model_dir)
  assert len(records) == 1 and not model_dir.exists()
  assert caplog.text.count('the run was removed') == 1


def test_a_changed_save_every_makes_nothing_missing(tmp_path, options):
  GANEstimator(experiment(tmp_path, max_steps=10)).train(4)
  GANEstimator(experiment(tmp_path, max_steps=10, save_every=3)).train()
  records = list(watch_runs(str(tmp_path), options))
  assert [record['step'] for record in records] == [0, 2, 4, 6, 9, 10]
  assert not any('error' in record for record in records)


def test_a_copy_is_continued_by_its_own_flagfile(trained, tmp_path):
  model_dir, copy = tmp_path / 'run', tmp_path / 'copy'
  for folder in (model_dir, copy):
    shutil.copytree(trained, folder)
  before = files_under(model_dir)
  run_binary('train', f'--flagfile={copy}/experiment.flags', '--max_steps=6')
  assert files_under(model_dir) == before
  assert (copy / 'checkpoints/ckpt-000006.index').exists()
  assert record_of(copy)['run_id'] == record_of(model_dir)['run_id']
  # What is said after the flagfile counts, as for every flag.
  other = tmp_path / 'other'
  run_binary('train', '--flagfile', f'{copy}/experiment.flags', f'--model_dir={other}')
  assert record_of(other)['run_id'] != record_of(copy)['run_id']


def test_paths_are_recorded_whole_and_data_is_found_beside_a_moved_run(tmp_path):
  from PIL import Image

  (tmp_path / 'here/pictures').mkdir(parents=True)
  for index in range(20):
    Image.new('L', (16, 16), index * 10).save(tmp_path / f'here/pictures/{index}.png')
  flags = ('--dataset=image_folder(16)', '--data_dir=pictures', '--model_dir=runs/one')
  there = functools.partial(os.chdir, tmp_path / 'here')
  process = forked.run('train', (*QUICK, *flags), timeout=120, before=there)
  assert process.returncode == 0, process.stderr
  recorded = record_of(tmp_path / 'here/runs/one')['experiment']
  assert recorded['data_dir'] == str(tmp_path / 'here/pictures')
  assert recorded['model_dir'] == str(tmp_path / 'here/runs/one')
  (tmp_path / 'here').rename(tmp_path / 'there')
  moved = tmp_path / 'there/runs/one'
  process = run_binary('train', f'--flagfile={moved}/experiment.flags', '--max_steps=6')
  assert f'reading {tmp_path}/there/pictures' in process.stderr
  assert (moved / 'checkpoints/ckpt-000006.index').exists() and not (tmp_path / 'here').exists()


def test_relative_paths_of_old_records_become_whole(tmp_path, monkeypatch):
  monkeypatch.chdir(tmp_path)
  recorded = Experiment.from_record({'data_dir': 'pictures', 'model_dir': 'gs://b/run'})
  assert recorded.data_dir == str(tmp_path / 'pictures') and recorded.model_dir == 'gs://b/run'
  GANEstimator(experiment(tmp_path / 'here/run', data_dir=str(tmp_path / 'data'))).train()
  record = record_of(tmp_path / 'here/run')
  record['experiment'].update(data_dir='data', model_dir='run')  # As 0.1.0, started in here/.
  (tmp_path / 'here/run/experiment.json').write_text(json.dumps(record))
  (tmp_path / 'here/data').mkdir()
  estimator = GANEstimator.of_run(str(tmp_path / 'here/run'))
  assert estimator.experiment.data_dir == str(tmp_path / 'here/data')


@pytest.mark.parametrize(
  'name',
  [
    'c*?\\d',
    pytest.param(' a[1], b ', marks=pytest.mark.heavy),
    pytest.param('~root', marks=pytest.mark.heavy),
  ],
)
def test_a_path_that_exists_is_meant_literally(trained, tmp_path, options, name, monkeypatch):
  monkeypatch.chdir(tmp_path)
  copy_of(trained, tmp_path / name)
  GANEstimator(experiment(name, max_steps=5, keep_checkpoints=1)).train()
  (record,) = score_runs(name, options)
  assert record['step'] == 5 and record['run'] == str(tmp_path / name)
  assert sorted(os.listdir(tmp_path)) == [name]


def test_a_checkpoint_of_another_run_is_refused(trained, tmp_path):
  copy_of(trained, tmp_path / 'one')
  GANEstimator(experiment(tmp_path / 'two', seed=1)).train()
  for path in (tmp_path / 'two/checkpoints').glob('ckpt-000004.*'):
    shutil.copy(path, tmp_path / 'one/checkpoints')
  with pytest.raises(UsageError, match='ckpt-000004: is of run .*move it away'):
    GANEstimator(experiment(tmp_path / 'one', max_steps=6)).train()


def test_of_a_run_without_an_id_nothing_is_lost(trained, tmp_path, options):
  """Checks a scored run in the form of version 0.1.0: no run_id, no records beside checkpoints."""
  copy_of(trained, tmp_path)
  for path in (tmp_path / 'checkpoints').glob('*.json'):
    path.unlink()
  record = record_of(tmp_path)
  del record['run_id']
  (tmp_path / 'experiment.json').write_text(json.dumps(record))
  records = list(watch_runs(str(tmp_path), options))
  assert len(records) == 3 and not any('run_id' in record for record in records)
  GANEstimator(experiment(tmp_path, max_steps=6)).train()
  again = list(watch_runs(str(tmp_path), options))
  assert again[:3] == records and [record['step'] for record in again] == [0, 2, 4, 6]
  assert 'run_id' not in record_of(tmp_path)
  np.testing.assert_array_equal(
    checkpoint(tmp_path, 6)['global_step/.ATTRIBUTES/VARIABLE_VALUE'], 6
  )
  assert tf.train.latest_checkpoint(str(tmp_path / 'checkpoints')).endswith('ckpt-000006')
