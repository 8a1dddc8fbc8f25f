"""Bad luck while training: each ends in one line, and what had been saved stays whole."""

import json
import logging
import os
import pathlib
import resource
import signal
import time

import numpy as np
import pytest

from tests.conftest import QUICK, checkpoint, files_under, run_binary, start_binary, tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import Interrupted, UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.training_lock import TrainingLock

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

LONG = (
  *QUICK,
  *('--max_steps=100000', '--save_every=20', '--log_every=10', '--sample_every=100000'),
)

NOTHING_DUE = (
  '--steps_per_loop=1000000',
  '--max_steps=1000000',
  '--log_every=1000000',
  '--save_every=1000000',
  '--sample_every=1000000',
)


def wait_for_line(text, process):
  for line in process.stderr:
    if text in line:
      return
  raise AssertionError(process.communicate())


def start_long(model_dir, *flags):
  """Starts a long training and returns its process once it has saved step 20."""
  process = start_binary('train', *LONG, f'--model_dir={model_dir}', *flags)
  wait_for(pathlib.Path(model_dir) / 'checkpoints/ckpt-000020.index', process)
  return process


def wait_for(path, process):
  while not path.exists():
    assert process.poll() is None, process.communicate()
    time.sleep(0.05)


def last_line_of_failure(process, code: int = 1) -> str:
  _, stderr = process.communicate(timeout=120)
  assert process.returncode == code and 'Traceback' not in stderr, stderr
  return stderr.splitlines()[-1]


def newest_is_whole(model_dir) -> int:
  """Returns the step of the newest checkpoint after reading all of it."""
  step = max(int(path.stem[5:]) for path in (model_dir / 'checkpoints').glob('ckpt-*.index'))
  assert len(checkpoint(model_dir, step)) > 10
  return step


def continues(model_dir):
  """Checks that an unchanged command continues from the newest checkpoint."""
  step = newest_is_whole(model_dir)
  process = run_binary('train', *LONG, f'--model_dir={model_dir}', f'--max_steps={step + 3}')
  assert f'ckpt-{step:06d}' in process.stderr
  assert 'damaged' not in process.stderr


def test_disk_full_during_a_checkpoint(tmp_path):
  process = start_long(tmp_path, '--log_every=100000')  # Nothing but checkpoints is written.
  # From now on no file may become larger than this, as on a full disk.
  resource.prlimit(process.pid, resource.RLIMIT_FSIZE, (20_000, 20_000))
  line = last_line_of_failure(process)
  assert line.startswith(f'{tmp_path}/checkpoints/ckpt-') and 'cannot be written' in line
  assert not list((tmp_path / 'checkpoints').glob('*temp*'))
  continues(tmp_path)


@pytest.mark.heavy
def test_directory_that_can_no_longer_be_written(tmp_path):
  process = start_long(tmp_path)
  kept = tmp_path / 'kept'
  (tmp_path / 'checkpoints').rename(kept)
  (tmp_path / 'checkpoints').symlink_to('/sys/kernel')  # Where even root cannot make files.
  line = last_line_of_failure(process)
  assert line.startswith(f'{tmp_path}/checkpoints/ckpt-') and 'cannot be written' in line
  (tmp_path / 'checkpoints').unlink()
  kept.rename(tmp_path / 'checkpoints')
  continues(tmp_path)


def test_second_trainer_is_refused_and_told_of_the_first(tmp_path):
  first = start_long(tmp_path)
  try:
    second = run_binary('train', *LONG, f'--model_dir={tmp_path}', code=2)
    line = second.stderr.splitlines()[-1]
    assert line.startswith('--model_dir: ') and f'process {first.pid} on ' in line
    assert first.poll() is None
  finally:
    first.kill()
    first.communicate()
  continues(tmp_path)  # The dead one's lock does not stay.


def test_lock_in_a_bucket_lets_the_last_one_go_on(monkeypatch, tmp_path):
  """The in-memory file system of TensorFlow knows no locks either."""
  first, second = TrainingLock('ram://bucket/train'), TrainingLock('ram://bucket/train')
  with first, second:
    second.check()
    with pytest.raises(
      UsageError, match=f'--model_dir: process {os.getpid()} on .* has taken over'
    ):
      first.check()


@pytest.mark.heavy
def test_interrupt_from_the_keyboard_saves_too(tmp_path):
  process = start_long(tmp_path)
  process.send_signal(signal.SIGINT)
  assert 'stopped at step ' in last_line_of_failure(process, code=75)
  continues(tmp_path)


def test_second_signal_ends_at_once_and_leaves_the_checkpoint(tmp_path):
  process = start_long(tmp_path, *NOTHING_DUE, '--save_every=20')
  process.kill()
  process.communicate()
  kept = newest_is_whole(tmp_path)
  # Far too many steps for one call to the device, which no Python interrupts.
  process = start_binary('train', *LONG, f'--model_dir={tmp_path}', *NOTHING_DUE)
  wait_for_line('from step', process)
  time.sleep(5)
  process.send_signal(signal.SIGTERM)
  time.sleep(0.5)
  assert process.poll() is None
  process.send_signal(signal.SIGINT)
  process.communicate(timeout=5)
  assert process.returncode == 128 + signal.SIGINT
  assert newest_is_whole(tmp_path) == kept
  continues(tmp_path)


@pytest.mark.heavy
def test_age_limit_saves_and_asks_to_be_continued(tmp_path):
  process = start_binary('train', *LONG, f'--model_dir={tmp_path}', '--max_hours=0.001')
  assert 'stopped at step ' in last_line_of_failure(process, code=75)
  continues(tmp_path)


def test_age_counts_from_the_call_unless_the_caller_says_since_when(tmp_path):
  stop = StopRequest(1e-5)  # Hours; this process is far older, as a notebook's may be.
  assert not stop.requested
  time.sleep(0.04)
  assert stop.requested
  estimator = GANEstimator(tiny_experiment(tmp_path, networks='mlp(units=8)', max_hours=0.5))
  with pytest.raises(Interrupted, match='stopped at step '):
    estimator.train(since=time.monotonic() - 1800)
  assert estimator.train() == 4


@pytest.fixture
def two_checkpoints(tmp_path):
  value = tf.Variable(np.zeros(1000, np.float32))
  root = tf.train.Checkpoint(value=value)
  checkpoints = Checkpoints(str(tmp_path))
  for step in (1, 2):
    value.assign(np.full(1000, step, np.float32))
    checkpoints.save(step, root)
  value.assign(np.zeros(1000, np.float32))
  return checkpoints, root


@pytest.mark.parametrize('suffix', ['.data-00000-of-00001', '.index'])
@pytest.mark.parametrize('place', [0.0, 0.1, 0.5, 0.9, 1.0])
def test_flipped_bit_is_noticed(two_checkpoints, caplog, suffix, place):
  checkpoints, root = two_checkpoints
  path = pathlib.Path(checkpoints.prefix(2) + suffix)
  content = bytearray(path.read_bytes())
  content[int(place * (len(content) - 1))] ^= 0x10
  path.write_bytes(content)
  with caplog.at_level(logging.WARNING, 'tfgan_pipeline'):
    step = checkpoints.restore_latest(root).step
  np.testing.assert_array_equal(root.value, step)
  if (suffix, place) != ('.index', 0.9):  # A byte that means nothing.
    assert step == 1 and f'{checkpoints.prefix(2)} is damaged' in caplog.text


@pytest.mark.parametrize('share', [0.0, 0.5, 0.99])
def test_truncated_file_is_noticed(two_checkpoints, share):
  checkpoints, root = two_checkpoints
  path = checkpoints.prefix(2) + '.data-00000-of-00001'
  os.truncate(path, int(os.path.getsize(path) * share))
  assert checkpoints.restore_latest(root).step == 1


def test_checkpoint_deleted_between_listing_and_reading(two_checkpoints, monkeypatch):
  checkpoints, root = two_checkpoints
  monkeypatch.setattr(checkpoints, 'steps', lambda: [1, 2, 3])
  assert checkpoints.restore_latest(root).step == 2


def test_what_was_damaged_is_set_aside_and_never_crowds_out_what_is_whole(two_checkpoints):
  checkpoints, root = two_checkpoints
  path = pathlib.Path(checkpoints.prefix(2) + '.data-00000-of-00001')
  os.truncate(path, 10)
  checkpoints.set_aside(checkpoints.restore_latest(root).damaged)
  assert checkpoints.steps() == [1]
  assert {file.name for file in (path.parent / 'damaged').iterdir()} == {
    path.name,
    'ckpt-000002.index',
    'ckpt-000002.json',
  }
  keeping = Checkpoints(str(path.parent), keep=2)
  for step in (3, 2, 4):  # Even one that is saved out of order stays.
    keeping.save(step, root)
    assert step in keeping.steps()
  assert keeping.steps() == [3, 4]


@pytest.mark.parametrize('keep', [0, 1, 2, 4])
def test_as_many_are_kept_as_asked_for(tmp_path, keep):
  root, checkpoints = (
    tf.train.Checkpoint(value=tf.Variable(0)),
    Checkpoints(str(tmp_path), keep=keep),
  )
  for count in range(1, 7):
    checkpoints.save(count, root)
    assert checkpoints.steps() == list(range(1, count + 1))[-keep:]


def test_leftovers_of_a_killed_writer_are_removed(two_checkpoints):
  checkpoints, _ = two_checkpoints
  folder = pathlib.Path(checkpoints.prefix(1)).parent
  before = files_under(folder)
  (folder / 'ckpt-000003_temp').mkdir()
  (folder / 'ckpt-000003_temp/part').write_text('half')
  (folder / 'ckpt-000004.data-00000-of-00001').write_text('no index')
  checkpoints.remove_leftovers()
  assert files_under(folder) == before and not (folder / 'ckpt-000003_temp').exists()


def test_clock_that_is_set_back_and_forth(tmp_path, monkeypatch):
  """Rates and the age limit follow a clock that nobody sets."""
  now, jumps = time.time, iter(range(10**6))
  monkeypatch.setattr(time, 'time', lambda: now() + 1e6 * (-1) ** next(jumps))
  experiment = tiny_experiment(tmp_path, networks='mlp(units=8)', max_steps=6, max_hours=1.0)
  assert GANEstimator(experiment).train() == 6
  lines = (tmp_path / 'train/train.jsonl').read_text().splitlines()
  assert [json.loads(line)['step'] for line in lines] == [0, 1, 2, 3, 4, 5, 6]


def test_data_that_changed_since_the_run_began(tmp_path):
  from PIL import Image

  pictures, model_dir = tmp_path / 'pictures', tmp_path / 'run'
  pictures.mkdir()
  for index in range(20):
    Image.new('L', (16, 16), index * 10).save(pictures / f'{index}.png')
  arguments = (*QUICK, '--dataset=image_folder(size=16)', f'--data_dir={pictures}')
  run_binary('train', *arguments, f'--model_dir={model_dir}', '--max_steps=2')
  recorded = json.loads((model_dir / 'experiment.json').read_text())['dataset']['fingerprint']
  before = files_under(model_dir)
  Image.new('L', (16, 16), 255).save(pictures / '3.png')
  process = run_binary('train', *arguments, f'--model_dir={model_dir}', '--max_steps=4', code=2)
  line = process.stderr.splitlines()[-1]
  assert line.startswith('--data_dir: ') and recorded in line
  assert line.count('fingerprint') == 1 and len(set(line.split()) - {recorded}) > 5
  assert files_under(model_dir) == before
