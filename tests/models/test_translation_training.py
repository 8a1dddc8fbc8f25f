"""Training of every game between images: killed at random, on replicas, in 16 bits.

By default the game with most parts is killed, CycleGAN with its pools; all else is heavy.
"""

from __future__ import annotations

import random
import time

import numpy as np
import pytest

from tests.conftest import checkpoint, run_binary, start_binary
from tests.models.kinds import TRANSLATION_GAMES, light
from tests.models.test_translation_games import flags
from tests.training.test_replicas import assert_close

_LIGHT = 'cyclegan'
heavy = pytest.mark.heavy


def assert_equal(one, other):
  assert one.keys() == other.keys()
  for path, value in one.items():
    np.testing.assert_array_equal(other[path], value, err_msg=path)


@pytest.mark.parametrize('name', light(_LIGHT))
def test_killed_it_goes_on_as_if_it_had_not_been(calm_run, tmp_path, name):
  process = start_binary('train', *flags(name, tmp_path / 'run'))
  for line in process.stderr:
    if 'step 3/' in line:
      process.kill()
  process.communicate()
  run_binary('train', *flags(name, tmp_path / 'run'))
  whole, resumed = (checkpoint(path, 4) for path in (calm_run(name), tmp_path / 'run'))
  assert any(path.startswith('replay_pool') for path in whole) == (name == _LIGHT)
  assert_equal(whole, resumed)


@heavy
@pytest.mark.parametrize('name', TRANSLATION_GAMES)
def test_killed_at_random(tmp_path, name):
  kill_at_random(tmp_path, lambda run, **values: flags(name, run, **values))


def kill_at_random(tmp_path, flags_of):
  """Kills a run at times from the start of the program to shortly before the end of a calm one.

  Args:
    tmp_path: Folder for both runs.
    flags_of: Returns the flags of a run, of its path and further settings.
  """
  values = dict(max_steps=120, save_every=3)
  run_binary('train', '--help')  # Starts the server of all, which takes as long as a run.
  start = time.monotonic()
  run_binary('train', *flags_of(tmp_path / 'calm', **values))
  whole = time.monotonic() - start
  chance, deaths = random.Random(0), 0
  for _ in range(12):
    process = start_binary('train', *flags_of(tmp_path / 'disturbed', **values))
    time.sleep(chance.uniform(0, 0.8 * whole))
    deaths += process.poll() is None
    process.kill()
    process.communicate()
  assert deaths > 3
  run_binary('train', *flags_of(tmp_path / 'disturbed', **values))
  assert_equal(*(checkpoint(tmp_path / kind, 120) for kind in ('calm', 'disturbed')))


@heavy
@pytest.mark.parametrize('name', TRANSLATION_GAMES)
@pytest.mark.parametrize('replicas', [2, 4])
def test_replicas_make_the_same_run(calm_run, tmp_path, name, replicas):
  run_binary('train', *flags(name, tmp_path / 'run', virtual_devices=replicas))
  one, other = checkpoint(calm_run(name), 4), checkpoint(tmp_path / 'run', 4)
  for path in [path for path in one if path.startswith('replay_pool')]:
    # Normalised activations of new networks are small before, which magnifies rounding errors.
    np.testing.assert_allclose(other.pop(path), one.pop(path), atol=1e-4, err_msg=path)
  assert_close(one, other)


@heavy
@pytest.mark.parametrize('name', TRANSLATION_GAMES)
def test_in_16_bits_it_is_trained_near_the_run_in_32_and_sampled(calm_run, tmp_path, name):
  run_binary('train', *flags(name, tmp_path / 'run', precision='mixed_bfloat16'))
  one, other = checkpoint(calm_run(name), 4), checkpoint(tmp_path / 'run', 4)
  assert one.keys() == other.keys() and all(other[path].dtype == one[path].dtype for path in one)
  for path, value in other.items():
    if value.dtype == np.float32:
      assert np.isfinite(value).all(), path
  start = checkpoint(tmp_path / 'run', 0)
  kernels = [path for path in other if path.endswith('kernel/.ATTRIBUTES/VARIABLE_VALUE')]
  trained = [path for path in kernels if not path.startswith('generator') or '_ema' not in path]
  assert trained and all(not np.array_equal(start[path], other[path]) for path in trained)
  changes = [
    np.concatenate([(run[path] - start[path]).ravel() for path in trained]) for run in (one, other)
  ]
  cosine = changes[0] @ changes[1] / np.prod([np.linalg.norm(change) for change in changes])
  assert cosine > 0.8, 'the changes of weights point another way than in 32 bits'
