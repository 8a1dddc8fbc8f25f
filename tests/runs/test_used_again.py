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


def experiment(model_dir, **values):
  return tiny_experiment(model_dir, **{'networks': 'mlp(units=4)', 'max_steps': 8, **values})


def assert_equal(one, other):
  assert one.keys() == other.keys() and len(one) > 10
  for name, value in one.items():
    np.testing.assert_array_equal(other[name], value, err_msg=name)


def test_after_another_process_has_trained_it_goes_on_from_there(tmp_path):
  first = GANEstimator(experiment(tmp_path))
  first.train(2)
  GANEstimator(experiment(tmp_path)).train(6)
  assert first.train(4) == 6 and first.sampler().steps() == [0, 2, 4, 6]
  assert first.train() == 8
  assert not (tmp_path / 'checkpoints/damaged').exists()
  GANEstimator(experiment(tmp_path.with_name('once'))).train()
  assert_equal(checkpoint(tmp_path, 8), checkpoint(tmp_path.with_name('once'), 8))


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


def test_damage_is_moved_away_once(tmp_path):
  GANEstimator(experiment(tmp_path)).train(4)
  data = tmp_path / 'checkpoints/ckpt-000004.data-00000-of-00001'
  data.write_bytes(data.read_bytes()[:100])
  estimator = GANEstimator(experiment(tmp_path))
  assert [estimator.train(step) for step in (6, 8)] == [6, 8]
  assert estimator.sampler().steps() == [0, 2, 4, 6, 8]
  assert (tmp_path / 'checkpoints/damaged' / data.name).stat().st_size == 100


def test_a_run_with_other_settings_that_has_taken_its_place_is_refused(tmp_path):
  first = GANEstimator(experiment(tmp_path))
  first.train(2)
  shutil.rmtree(tmp_path)
  GANEstimator(experiment(tmp_path, seed=1)).train(2)
  with pytest.raises(UsageError, match=r'holds a run with other settings: --seed=0 \(was 1\)'):
    first.train(4)


def test_the_first_checkpoint_is_written_once(tmp_path):
  """Kills a run before its second checkpoint: it goes on from the first, which may be in use."""
  GANEstimator(experiment(tmp_path)).train(2)
  folder = tmp_path / 'checkpoints'
  for path in folder.glob('ckpt-000002*'):
    path.unlink()
  before = {path.name: path.stat().st_ino for path in folder.glob('ckpt-000000*')}
  GANEstimator(experiment(tmp_path)).train()
  assert {path.name: path.stat().st_ino for path in folder.glob('ckpt-000000*')} == before
  GANEstimator(experiment(tmp_path.with_name('once'))).train()
  lines = [path / 'train/train.jsonl' for path in (tmp_path, tmp_path.with_name('once'))]
  assert lines[0].read_text() == lines[1].read_text()


def test_storage_that_does_not_answer_is_no_damage(tmp_path):
  """Makes a real input/output error: /proc/self/mem cannot be read from its start."""
  GANEstimator(experiment(tmp_path, max_steps=4)).train()
  data = tmp_path / 'checkpoints/ckpt-000004.data-00000-of-00001'
  kept = data.rename(tmp_path / 'kept')
  data.symlink_to('/proc/self/mem')
  with pytest.raises(Unreachable, match='ckpt-000004.data.*: cannot be read now'):
    GANEstimator(experiment(tmp_path, max_steps=6)).train()
  flags = tmp_path / 'experiment.flags'
  process = run_binary('train', f'--flagfile={flags}', '--max_steps=6', code=75)
  assert 'cannot be read now' in process.stderr and 'Traceback' not in process.stderr
  process = run_binary('sample', f'--model_dir={tmp_path}', f'--output={tmp_path}/s.png', code=75)
  assert 'cannot be read now' in process.stderr and 'Traceback' not in process.stderr
  data.unlink()
  kept.rename(data)
  assert GANEstimator(experiment(tmp_path, max_steps=6)).train() == 6
  assert not (tmp_path / 'checkpoints/damaged').exists()


@pytest.mark.parametrize(
  'kind',
  [tf.errors.UnavailableError, tf.errors.PermissionDeniedError, tf.errors.DeadlineExceededError],
)
def test_no_error_of_a_bucket_moves_a_checkpoint(tmp_path, monkeypatch, kind):
  GANEstimator(experiment(tmp_path, max_steps=4)).train()
  before = sorted(os.listdir(tmp_path / 'checkpoints'))

  def refuse(self, path, options=None):
    raise kind(None, None, 'the bucket says no')

  with monkeypatch.context() as patched:
    patched.setattr(tf.train.Checkpoint, 'read', refuse)
    with pytest.raises(Unreachable, match='the bucket says no'):
      GANEstimator(experiment(tmp_path, max_steps=6)).train()
  assert sorted(os.listdir(tmp_path / 'checkpoints')) == before


def test_a_checksum_proves_a_resume(tmp_path):
  """Compares the final checksums of one whole run and one that was stopped half way."""
  for name, stops in (('once', [8]), ('halves', [3, 8])):
    for stop in stops:
      GANEstimator(experiment(tmp_path / name)).train(stop)
  records = [(tmp_path / f'{name}/checkpoints/ckpt-000008.json') for name in ('once', 'halves')]
  prefix = str(records[0].with_suffix(''))
  parts = checksums.of_file(prefix)
  assert f'"checksum": "{checksums.combined(parts)}"' in records[0].read_text()
  lines = [(tmp_path / name / 'train/train.jsonl').read_text() for name in ('once', 'halves')]
  assert lines[0] == lines[1] and lines[0].count('"checksum"') == 5
  assert checksums.combined(parts) in lines[0].splitlines()[-1]


def test_what_is_restored_is_held_against_the_checksum(tmp_path):
  GANEstimator(experiment(tmp_path, max_steps=4)).train()
  for path in (tmp_path / 'checkpoints').glob('ckpt-000002.[di]*'):  # Whole files, of another step.
    shutil.copy(path, str(path).replace('000002', '000004'))
  for action in (
    lambda: GANEstimator(experiment(tmp_path, max_steps=6)).train(),
    lambda: GANEstimator.of_run(str(tmp_path)).predict(2, step=4),
  ):
    with pytest.raises(UsageError, match='ckpt-000004: .*not what was saved.*move this'):
      action()
  assert not (tmp_path / 'checkpoints/damaged').exists()


def test_tensorflow_finds_the_newest(tmp_path):
  GANEstimator(experiment(tmp_path, keep_checkpoints=2)).train()
  folder = tmp_path / 'checkpoints'
  assert tf.train.latest_checkpoint(str(folder)) == str(folder / 'ckpt-000008')
  state = tf.train.get_checkpoint_state(str(folder))
  assert [os.path.basename(path) for path in state.all_model_checkpoint_paths] == [
    'ckpt-000006',
    'ckpt-000008',
  ]
