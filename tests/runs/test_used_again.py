"""An estimator that is used again, after an error or after somebody else; storage that hiccups."""

import os
import shutil

import numpy as np
import pytest

from tests.conftest import checkpoint, run_binary, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import NonFiniteError, Unreachable, UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.losses.adversarial import AdversarialLoss
from tfgan_pipeline.runs import checksums

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


def experiment(model_dir, **values):
  return tiny_experiment(model_dir, **{'networks': 'mlp(units=4)', 'max_steps': 8, **values})


@pytest.fixture(scope='module')
def once(tmp_path_factory):
  """A run of eight steps that nobody disturbed."""
  model_dir = tmp_path_factory.mktemp('once') / 'run'
  GANEstimator(experiment(model_dir)).train()
  return model_dir


@pytest.fixture(scope='module')
def trained(tmp_path_factory):
  """A run of four steps, to be copied."""
  model_dir = tmp_path_factory.mktemp('trained') / 'run'
  GANEstimator(experiment(model_dir, max_steps=4)).train()
  return model_dir


@pytest.fixture
def half(trained, tmp_path):
  """A copy of `trained` for one test."""
  return shutil.copytree(trained, tmp_path / 'half')


def assert_equal(one, other):
  assert one.keys() == other.keys() and len(one) > 10
  for name, value in one.items():
    np.testing.assert_array_equal(other[name], value, err_msg=name)


def test_after_another_process_has_trained_it_goes_on_from_there(once, tmp_path):
  first = GANEstimator(experiment(tmp_path))
  first.train(2)
  GANEstimator(experiment(tmp_path)).train(6)
  assert first.train(4) == 6 and first.sampler().steps() == [0, 2, 4, 6]
  assert first.train() == 8
  assert not (tmp_path / 'checkpoints/damaged').exists()
  assert_equal(checkpoint(tmp_path, 8), checkpoint(once, 8))


def test_after_a_loss_that_was_not_finite_it_meets_the_same_step_again(tmp_path, register):
  def bad_at_three() -> AdversarialLoss:
    plain = registry.loss.build('modified')

    def discriminator(model, **more):
      (step,) = tf.compat.v1.get_collection(tf.compat.v1.GraphKeys.GLOBAL_STEP)
      return plain.discriminator(model, **more) + tf.where(tf.equal(step, 2), np.inf, 0.0)

    return AdversarialLoss(plain.generator, discriminator)

  register(registry.loss, bad_at_three)
  estimator = GANEstimator(experiment(tmp_path, loss='bad_at_three'))
  for _ in range(2):
    with pytest.raises(NonFiniteError, match='at step 3'):
      estimator.train()
  assert estimator.sampler().steps() == [0, 2]


def test_after_its_run_was_removed_it_begins_another(tmp_path):
  estimator = GANEstimator(experiment(tmp_path))
  estimator.train(2)
  before, first = checkpoint(tmp_path, 2), estimator.run.run_id
  shutil.rmtree(tmp_path)
  assert estimator.train(2) == 2
  assert_equal(before, checkpoint(tmp_path, 2))
  assert estimator.run.run_id != first


def test_damage_is_moved_away_once(half):
  data = half / 'checkpoints/ckpt-000004.data-00000-of-00001'
  data.write_bytes(data.read_bytes()[:100])
  estimator = GANEstimator(experiment(half))
  assert [estimator.train(step) for step in (6, 8)] == [6, 8]
  assert estimator.sampler().steps() == [0, 2, 4, 6, 8]
  assert (half / 'checkpoints/damaged' / data.name).stat().st_size == 100


def test_a_run_with_other_settings_that_has_taken_its_place_is_refused(tmp_path):
  first = GANEstimator(experiment(tmp_path))
  first.train(2)
  shutil.rmtree(tmp_path)
  GANEstimator(experiment(tmp_path, seed=1)).train(2)
  with pytest.raises(UsageError, match=r'holds a run with other settings: --seed=0 \(was 1\)'):
    first.train(4)


def test_the_first_checkpoint_is_written_once(once, tmp_path):
  """Kills a run before its second checkpoint: it goes on from the first, which may be in use."""
  GANEstimator(experiment(tmp_path)).train(2)
  folder = tmp_path / 'checkpoints'
  for path in folder.glob('ckpt-000002*'):
    path.unlink()
  before = {path.name: path.stat().st_ino for path in folder.glob('ckpt-000000*')}
  GANEstimator(experiment(tmp_path)).train()
  assert {path.name: path.stat().st_ino for path in folder.glob('ckpt-000000*')} == before
  lines = [path / 'train/train.jsonl' for path in (tmp_path, once)]
  assert lines[0].read_text() == lines[1].read_text()


def test_storage_that_does_not_answer_is_no_damage(half, tmp_path):
  """Makes a real input/output error: /proc/self/mem cannot be read from its start."""
  data = half / 'checkpoints/ckpt-000004.data-00000-of-00001'
  kept = data.rename(tmp_path / 'kept')
  data.symlink_to('/proc/self/mem')
  with pytest.raises(Unreachable, match='ckpt-000004.data.*: cannot be read now'):
    GANEstimator(experiment(half, max_steps=6)).train()
  flags = half / 'experiment.flags'
  process = run_binary('train', f'--flagfile={flags}', '--max_steps=6', code=75)
  assert 'cannot be read now' in process.stderr and 'Traceback' not in process.stderr
  process = run_binary('sample', f'--model_dir={half}', f'--output={tmp_path}/s.png', code=75)
  assert 'cannot be read now' in process.stderr and 'Traceback' not in process.stderr
  data.unlink()
  kept.rename(data)
  assert GANEstimator(experiment(half, max_steps=6)).train() == 6
  assert not (half / 'checkpoints/damaged').exists()


@pytest.mark.parametrize(
  'kind',
  [tf.errors.UnavailableError, tf.errors.PermissionDeniedError, tf.errors.DeadlineExceededError],
)
def test_no_error_of_a_bucket_moves_a_checkpoint(half, monkeypatch, kind):
  before = sorted(os.listdir(half / 'checkpoints'))

  def refuse(self, path, options=None):
    raise kind(None, None, 'the bucket says no')

  with monkeypatch.context() as patched:
    patched.setattr(tf.train.Checkpoint, 'read', refuse)
    with pytest.raises(Unreachable, match='the bucket says no'):
      GANEstimator(experiment(half, max_steps=6)).train()
  assert sorted(os.listdir(half / 'checkpoints')) == before


def test_a_checksum_proves_a_resume(once, tmp_path):
  """Compares the final checksums of one whole run and one that was stopped half way."""
  for stop in (3, 8):
    GANEstimator(experiment(tmp_path / 'halves')).train(stop)
  runs = (once, tmp_path / 'halves')
  records = [model_dir / 'checkpoints/ckpt-000008.json' for model_dir in runs]
  prefix = str(records[0].with_suffix(''))
  parts = checksums.of_file(prefix)
  assert f'"checksum": "{checksums.combined(parts)}"' in records[0].read_text()
  lines = [(model_dir / 'train/train.jsonl').read_text() for model_dir in runs]
  assert lines[0] == lines[1] and lines[0].count('"checksum"') == 5
  assert checksums.combined(parts) in lines[0].splitlines()[-1]


def test_what_is_restored_is_held_against_the_checksum(half):
  for path in (half / 'checkpoints').glob('ckpt-000002.[di]*'):  # Whole files, of another step.
    shutil.copy(path, str(path).replace('000002', '000004'))
  for action in (
    lambda: GANEstimator(experiment(half, max_steps=6)).train(),
    lambda: GANEstimator.of_run(str(half)).predict(2, step=4),
  ):
    with pytest.raises(UsageError, match='ckpt-000004: .*not what was saved.*move this'):
      action()
  assert not (half / 'checkpoints/damaged').exists()


def test_tensorflow_finds_the_newest(tmp_path):
  GANEstimator(experiment(tmp_path, keep_checkpoints=2)).train()
  folder = tmp_path / 'checkpoints'
  assert tf.train.latest_checkpoint(str(folder)) == str(folder / 'ckpt-000008')
  state = tf.train.get_checkpoint_state(str(folder))
  assert [os.path.basename(path) for path in state.all_model_checkpoint_paths] == [
    'ckpt-000006',
    'ckpt-000008',
  ]
