"""Contract of every registered augmentation; test_augmentation_numbers.py computes their values."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.keys import random_keys

NAMES = tuple(registry.augmentation.components())
# Calls that should change nothing.
IDENTITIES = (
  'rotate(0)',
  'zoom(0)',
  'shift(0)',
  'crop(0)',
  'jitter(0)',
  'brightness(0)',
  'contrast(0)',
  'elastic(alpha=0)',
)


def apply(call: str, images: np.ndarray, keys) -> np.ndarray:
  """Augments images in a graph with static shapes, as the pipeline does."""
  function = tf.function(
    lambda images, keys: registry.augmentation.build(call, images, keys), autograph=False
  )
  return function(tf.constant(images), tf.constant(keys, tf.int32)).numpy()


def keys_of(count: int) -> np.ndarray:
  return random_keys(2, 7, tf.range(count, dtype=tf.int64)).numpy()


def apply_keys(call: str, image: np.ndarray, count: int) -> np.ndarray:
  """Augments one image `count` times, each with a key of its own."""
  return apply(call, np.stack([image] * count), keys_of(count))


@pytest.fixture(scope='module')
def picture() -> np.ndarray:
  return np.random.RandomState(0).randint(0, 256, (12, 10, 3)).astype(np.float32)


@pytest.mark.parametrize('name', NAMES)
def test_contract(name, picture):
  found = apply_keys(name, picture, 24)
  assert found.shape == (24, 12, 10, 3) and found.dtype == np.float32
  assert np.isfinite(found).all()
  alone = apply(name, picture[None], keys_of(4)[3:])[0]
  np.testing.assert_allclose(alone, found[3], rtol=1e-6, atol=1e-3)
  of_bytes = apply_keys(name, picture.astype(np.uint8), 24)
  assert of_bytes.dtype in (np.uint8, np.float32)
  np.testing.assert_array_equal(of_bytes, found)
  distinct = {image.tobytes() for image in found}
  assert len(distinct) >= 2, 'the key changes nothing'
  assert apply_keys(name, picture[..., :1], 1).shape == (1, 12, 10, 1)
  # No augmentation blackens or inverts.
  assert abs(found.mean() - picture.mean()) < 30


@pytest.mark.parametrize('call', IDENTITIES)
def test_zero_strength_changes_nothing(call, picture):
  np.testing.assert_allclose(apply_keys(call, picture, 1)[0], picture, atol=1e-3)


@pytest.mark.parametrize('name', NAMES)
def test_alpha_moves_with_the_colours_and_keeps_its_value(name, picture):
  half = np.concatenate([picture, np.full((12, 10, 1), 128, np.float32)], axis=-1)
  found = apply_keys(name, half, 5)
  np.testing.assert_allclose(found[..., 3], 128, atol=1e-3)
  np.testing.assert_allclose(found[..., :3], apply_keys(name, picture, 5), rtol=1e-6, atol=1e-3)


def test_turning_a_rectangle_keeps_its_distances():
  wide = np.zeros((31, 61, 1), np.float32)
  wide[15, 40] = 255  # 10 pixels to the right of the centre.
  rows, columns = np.mgrid[-15:16, -30:31]
  near = np.hypot(rows, columns) < 13  # What is farther may be a mirror image.
  for image in near * apply_keys('rotate(180)', wide, 20)[..., 0]:
    down, across = ((image * axis).sum() / image.sum() for axis in (rows, columns))
    assert np.hypot(down, across) == pytest.approx(10, abs=0.3)
