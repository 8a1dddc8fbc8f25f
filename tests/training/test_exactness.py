"""Runs of one seed are equal, and a stopped run continues to the last bit; with real binaries."""

import json
import os
import signal
import time

import numpy as np

from tests.conftest import TINY, checkpoint, run_binary, start_binary

# Several discriminator steps, a penalty drawn at random, augmentation, batch norm, and other noise
# and optimisers than those of TINY, with which test_stop_signal compares.
GAME = (
  '--augment=flip, shift(0.1), elastic',
  '--update=sequential',
  '--discriminator_steps=2',
  '--loss=wasserstein',
  '--penalties=wasserstein_gradient(weight=10)',
  '--noise=uniform(8)',
  '--generator_optimizer=rmsprop',
  '--discriminator_optimizer=sgd(momentum=0.9)',
)


def train(model_dir, max_steps: int, **kwargs):
  run_binary(
    'train',
    *TINY,
    *GAME,
    f'--model_dir={model_dir}',
    f'--max_steps={max_steps}',
    '--save_every=100',
    **kwargs,
  )


def assert_equal_bits(one, other):
  assert one.keys() == other.keys() and len(one) > 10
  for name, value in one.items():
    assert value.dtype == other[name].dtype
    np.testing.assert_array_equal(other[name], value, err_msg=name)


def test_repeat_and_resume(tmp_path):
  """The first half is repeated, by another process; the second follows from its checkpoint."""
  # In its sets, strings come in another order than in those of forked.py.
  seed = '1' if os.environ.get('PYTHONHASHSEED') != '1' else '2'
  train(tmp_path / 'once', 6, env={**os.environ, 'PYTHONHASHSEED': seed})
  for steps in (3, 6):
    train(tmp_path / 'halves', steps)
  once = checkpoint(tmp_path / 'once', 6)
  assert_equal_bits(once, checkpoint(tmp_path / 'halves', 6))
  curves = [(tmp_path / name / 'train/train.jsonl').read_text() for name in ('once', 'halves')]
  assert curves[0] == curves[1]
  assert [json.loads(line)['step'] for line in curves[0].splitlines()] == [0, 1, 2, 3, 4, 5, 6]
  # The comparison can fail: training does change every kind of tensor.
  start = checkpoint(tmp_path / 'once', 0)
  for part in ('generator/', 'discriminator/', 'generator_ema/', 'generator_optimizer/'):
    assert any(
      name.startswith(part) and not np.array_equal(start[name], once[name]) for name in once
    ), part


def test_stop_signal_saves_and_the_same_command_continues(tmp_path):
  arguments = (
    *TINY,
    f'--model_dir={tmp_path}',
    '--max_steps=100000',
    '--save_every=100000',
    '--log_every=10',
    '--sample_every=100000',
  )
  process = start_binary('train', *arguments)
  curve = tmp_path / 'train/train.jsonl'
  while not curve.exists() or not curve.read_text():
    assert process.poll() is None, process.communicate()
    time.sleep(0.1)
  process.send_signal(signal.SIGTERM)
  _, stderr = process.communicate(timeout=60)
  assert process.returncode == 75, stderr
  assert 'stopped at step' in stderr.splitlines()[-1]
  stopped = max(int(path.stem[5:]) for path in (tmp_path / 'checkpoints').glob('*.index'))
  assert stopped > 0 and not (tmp_path / 'TRAIN_DONE').exists()

  end = stopped + 5
  resumed = run_binary('train', *arguments, f'--max_steps={end}')
  assert f'ckpt-{stopped:06d}' in resumed.stderr
  assert (tmp_path / 'TRAIN_DONE').read_text() == f'{end}\n'
  run_binary('train', *arguments, f'--max_steps={end}', f'--model_dir={tmp_path}-straight')
  assert_equal_bits(checkpoint(tmp_path, end), checkpoint(f'{tmp_path}-straight', end))


def test_virtual_devices(tmp_path):
  for devices in (0, 2):
    run_binary(
      'train',
      *TINY,
      '--networks=mlp(units=8)',
      '--generator_optimizer=sgd(0.05)',
      '--max_steps=5',
      '--discriminator_optimizer=sgd(0.05)',
      f'--virtual_devices={devices}',
      f'--model_dir={tmp_path / str(devices)}',
    )
  one, two = (checkpoint(tmp_path / str(devices), 5) for devices in (0, 2))
  assert one.keys() == two.keys()
  for name, value in one.items():
    np.testing.assert_allclose(two[name], value, atol=1e-5, rtol=1e-5, err_msg=name)
