"""Every registered augmentation keeps the contract, and the known ones do what their names say."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.ndimage

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.keys import random_keys, uniform

NAMES = tuple(registry.augmentation.components())
# Calls that should change nothing.
IDENTITIES = (
  'rotate(0)',
  'zoom(0)',
  'shift(0)',
  'crop(0)',
  'brightness(0)',
  'contrast(0)',
  'elastic(alpha=0)',
)


def apply(call: str, images: np.ndarray, keys) -> np.ndarray:
  """Runs in a graph with static shapes, as the pipeline does."""
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


@pytest.fixture(scope='module')
def smooth() -> np.ndarray:
  noise = np.random.RandomState(1).uniform(0, 255, (32, 28, 1))
  return scipy.ndimage.gaussian_filter(noise, (3, 3, 0)).astype(np.float32)


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


def test_flip(picture):
  found = apply_keys('flip', picture, 40)
  mirrored = [np.array_equal(image, picture[:, ::-1]) for image in found]
  assert all(one or np.array_equal(image, picture) for one, image in zip(mirrored, found))
  assert 10 < sum(mirrored) < 30
  both = {image.tobytes() for image in apply_keys('flip(vertical=True)', picture, 40)}
  assert both == {picture[::y, ::x].tobytes() for y in (1, -1) for x in (1, -1)}


def windows(image: np.ndarray, padding: tuple[int, int], mode: str) -> dict:
  """Every image-sized window of the padded image -> how far it has moved (down, right)."""
  down, right = padding
  height, width, _ = image.shape
  padded = np.pad(image, [(down, down), (right, right), (0, 0)], mode)
  return {
    padded[y : y + height, x : x + width].tobytes(): (down - y, right - x)
    for y in range(2 * down + 1)
    for x in range(2 * right + 1)
  }


def test_shift_moves_by_whole_pixels(picture):
  places = windows(picture, (2, 2), 'symmetric')
  offsets = {places[np.round(image).tobytes()] for image in apply_keys('shift(0.2)', picture, 150)}
  # 0.2 of 12 rows and of 10 columns: every one of 5 x 5 offsets comes up.
  assert offsets == {(y, x) for y in range(-2, 3) for x in range(-2, 3)}


def test_crop_cuts_from_the_reflected_image(picture):
  places = windows(picture, (1, 1), 'reflect')
  found = {places[image.tobytes()] for image in apply_keys('crop(1)', picture, 80)}
  assert found == {(y, x) for y in (-1, 0, 1) for x in (-1, 0, 1)}


@pytest.mark.parametrize('call', ['rotate(40)', 'zoom(0.5)'])
def test_rotate_and_zoom_agree_with_scipy(call, smooth):
  if call == 'rotate(40)':
    angle = np.deg2rad(uniform(keys_of(2), [], -40, 40).numpy()[1])
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
  else:
    limit = np.log(1.5)
    matrix = np.eye(2) / np.exp(uniform(keys_of(2), [], -limit, limit).numpy()[1])
  centre = (np.array(smooth.shape[:2]) - 1) / 2
  expected = scipy.ndimage.affine_transform(
    smooth[..., 0], matrix, centre - matrix @ centre, order=1
  )
  found = apply_keys(call, smooth, 2)[1, ..., 0]
  assert np.abs(found - smooth[..., 0]).mean() > 1, 'too weak to tell anything'
  # Inside of where the two treat the border differently.
  np.testing.assert_allclose(found[9:-9, 9:-9], expected[9:-9, 9:-9], atol=0.05)


def test_elastic_agrees_with_simard_in_scipy(smooth):
  alpha, sigma = 20.0, 3.0
  noise = uniform(keys_of(1), [2, 32, 28], -1.0, 1.0).numpy()[0]
  field = [
    alpha * scipy.ndimage.gaussian_filter(axis, sigma, mode='constant', truncate=20)
    for axis in noise
  ]
  grid = np.meshgrid(np.arange(32), np.arange(28), indexing='ij')
  expected = scipy.ndimage.map_coordinates(
    smooth[..., 0], [grid[0] + field[0], grid[1] + field[1]], order=1, mode='nearest'
  )
  found = apply_keys(f'elastic(alpha={alpha}, sigma={sigma})', smooth, 1)[0, ..., 0]
  assert np.abs(found - smooth[..., 0]).mean() > 0.5, 'too weak to tell anything'
  np.testing.assert_allclose(found, expected, atol=0.01)


def test_brightness_adds_one_number(picture):
  added = apply_keys('brightness(0.2)', picture, 60) - picture
  np.testing.assert_allclose(added, np.broadcast_to(added[:, :1, :1, :1], added.shape), atol=1e-3)
  assert -51 <= added.min() < -40 and 40 < added.max() <= 51


def test_contrast_scales_about_the_mean(picture):
  mean = picture.mean((0, 1))
  factors = (apply_keys('contrast(0.5)', picture, 60) - mean) / (picture - mean)
  spread = factors.max((1, 2, 3)) - factors.min((1, 2, 3))
  assert spread.max() < 1e-2
  assert 0.5 <= factors.min() + 1e-2 and factors.max() <= 1.5 + 1e-2
  assert factors.min() < 0.6 and factors.max() > 1.4
