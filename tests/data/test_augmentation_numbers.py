"""Augmentations of known keys, computed with NumPy, and the bounds of their arguments."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import scipy.ndimage

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.keys import random_keys, uniform
from tfgan_pipeline.errors import UsageError

COUNT, HEIGHT, WIDTH = 60, 12, 10
IMAGES = np.random.RandomState(0).randint(0, 256, (COUNT, HEIGHT, WIDTH, 3)).astype(np.float32)
KEYS = random_keys(2, 7, np.arange(COUNT)).numpy()
FIRST, SECOND = uniform(KEYS, [2]).numpy().T

# Argument of each augmentation -> its default, its least and its greatest value. A reflection has
# a pixel less than the side, so no more can be padded with it.
ARGUMENTS = {
  ('brightness', 'delta'): (0.1, 0, 1),
  ('contrast', 'fraction'): (0.1, 0, 1),
  ('crop', 'padding'): (4, 0, WIDTH - 1),
  ('elastic', 'alpha'): (34.0, 0, 10_000),
  ('elastic', 'sigma'): (4.0, 0.1, 1000),
  ('jitter', 'fraction'): (0.1171875, 0, 1),
  ('flip', 'vertical'): (False, False, True),
  ('rotate', 'degrees'): (10.0, 0, 180),
  ('shift', 'fraction'): (0.1, 0, 1),
  ('zoom', 'fraction'): (0.1, 0, 10),
}


def apply(call: str, images: np.ndarray = IMAGES, keys: np.ndarray = KEYS) -> np.ndarray:
  return np.asarray(registry.augmentation.build(call, images, keys))


def test_arguments_have_the_documented_defaults_and_bounds():
  found = {}
  for name in registry.augmentation.components():
    for parameter in inspect.signature(registry.augmentation.function(name)).parameters.values():
      if parameter.kind is parameter.KEYWORD_ONLY:
        found[name, parameter.name] = parameter.default
  assert found == {place: default for place, (default, _, _) in ARGUMENTS.items()}
  for (name, argument), (default, least, most) in ARGUMENTS.items():
    for value in (least, most):
      assert np.isfinite(apply(f'{name}({argument}={value})', IMAGES[:2], KEYS[:2])).all(), name
    if isinstance(default, bool):
      continue
    step = 1 if isinstance(default, int) else 0.001
    for value in (least - step, most + step):
      with pytest.raises(UsageError, match=f"'{name}': {argument}={value} should be between"):
        apply(f'{name}({argument}={value})')


def test_flip_turns_where_a_number_is_below_one_half():
  keys = np.array([[0, 0], [-1, -1], [5, -3], [-3, 5], [0, -1], [-1, 0]], np.int32)
  across, down = (uniform(keys, [2]).numpy() < 0.5).T
  assert list(across) == [True, False, True, False, True, False]
  assert list(down) == [True, False, False, True, False, True]
  for call, turned in (('flip', np.zeros(6, bool)), ('flip(vertical=True)', down)):
    found = apply(call, IMAGES[:6], keys)
    for image, result, x, y in zip(IMAGES, found, across, turned):
      np.testing.assert_array_equal(result, image[:: -1 if y else 1, :: -1 if x else 1])


def test_shift_moves_right_by_the_first_number_and_down_by_the_second():
  fraction, right_most, down_most = 0.26, 3, 3
  right = np.floor(FIRST * (2 * right_most + 1)).astype(int) - right_most
  down = np.floor(SECOND * (2 * down_most + 1)).astype(int) - down_most
  assert len(set(right)) == len(set(down)) == 7
  padded = np.pad(IMAGES, [(0, 0), (3, 3), (3, 3), (0, 0)], 'symmetric')
  found = apply(f'shift({fraction})')
  for image, result, x, y in zip(padded, found, right, down):
    np.testing.assert_array_equal(result, image[3 - y : 3 - y + HEIGHT, 3 - x : 3 - x + WIDTH])
  # The whole width and height at most, each by itself.
  tall = apply('shift(1)', IMAGES[:, :, :1])
  down = np.floor(SECOND * 25).astype(int) - 12
  padded = np.pad(IMAGES[:, :, :1], [(0, 0), (12, 12), (0, 0), (0, 0)], 'symmetric')
  for image, result, y in zip(padded, tall, down):
    np.testing.assert_array_equal(result, image[12 - y : 12 - y + HEIGHT])


@pytest.mark.parametrize('padding', [2, WIDTH - 1])
def test_crop_begins_at_the_first_number_from_the_top_and_the_second_from_the_left(padding):
  top, left = (np.floor(part * (2 * padding + 1)).astype(int) for part in (FIRST, SECOND))
  padded = np.pad(IMAGES, [(0, 0), (padding, padding), (padding, padding), (0, 0)], 'reflect')
  for image, result, y, x in zip(padded, apply(f'crop({padding})'), top, left):
    np.testing.assert_array_equal(result, image[y : y + HEIGHT, x : x + WIDTH])


def test_jitter_enlarges_and_begins_at_the_first_number_from_the_top():
  large = np.asarray(tf.image.resize(IMAGES, [HEIGHT + 6, WIDTH + 5], method='bicubic'))
  top, left = np.floor(FIRST * 7).astype(int), np.floor(SECOND * 6).astype(int)
  assert len(set(top)) == 7 and len(set(left)) == 6
  for image, result, y, x in zip(large, apply('jitter(0.5)'), top, left):
    np.testing.assert_array_equal(result, image[y : y + HEIGHT, x : x + WIDTH])


def test_single_pixels_stay_what_they_are():
  pixels = IMAGES[:, :1, :1]
  for call in ('flip(vertical=True)', 'shift(1)', 'crop(0)', 'elastic'):
    np.testing.assert_allclose(apply(call, pixels), pixels, atol=1e-3)


def test_brightness_and_contrast_are_linear_in_the_number_drawn():
  spread = (2 * FIRST - 1)[:, None, None, None]
  brighter = IMAGES + 255 * 0.4 * spread
  np.testing.assert_allclose(apply('brightness(0.4)'), brighter, atol=1e-3)
  mean = IMAGES.mean((1, 2), keepdims=True)
  np.testing.assert_allclose(
    apply('contrast(0.4)'), mean + (1 + 0.4 * spread) * (IMAGES - mean), atol=1e-3
  )


@pytest.mark.parametrize('call, most', [('rotate(40)', 40.0), ('zoom(0.5)', np.log(1.5))])
def test_rotate_and_zoom_show_mirrored_pixels_outside(call, most):
  drawn = most * (2 * FIRST.astype(np.float64) - 1)
  right, down = np.meshgrid(
    np.arange(WIDTH) - (WIDTH - 1) / 2, np.arange(HEIGHT) - (HEIGHT - 1) / 2
  )
  for image, value, result in zip(IMAGES, drawn, apply(call)):
    if call.startswith('rotate'):
      cosine, sine = np.cos(np.deg2rad(value)), np.sin(np.deg2rad(value))
    else:
      cosine, sine = np.exp(-value), 0.0
    places = []
    for place, side in (
      (sine * right + cosine * down, HEIGHT),
      (cosine * right - sine * down, WIDTH),
    ):
      place = place + (side - 1) / 2
      place = np.where(place < 0, -1 - place, place)
      places.append(np.clip(np.where(place >= side, 2 * side - 1 - place, place), 0, side - 1))
    for channel in range(3):
      expected = scipy.ndimage.map_coordinates(image[..., channel], places, order=1)
      np.testing.assert_allclose(result[..., channel], expected, atol=0.05)


@pytest.mark.parametrize('alpha, sigma', [(20.0, 0.7), (60.0, 4.0), (60.0, 50.0)])
def test_elastic_smooths_over_no_more_than_the_side_of_the_image(alpha, sigma):
  """Checks displacements that reach beyond all four edges, and kernels wider than the image."""
  noise = uniform(KEYS, [2, HEIGHT, WIDTH], -1.0, 1.0).numpy()
  grid = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), indexing='ij')
  for image, fields, result in zip(IMAGES, noise, apply(f'elastic({alpha}, {sigma})')):
    places = []
    for field, start in zip(fields, grid):
      for axis, side in enumerate((HEIGHT, WIDTH)):
        field = scipy.ndimage.gaussian_filter1d(
          field, sigma, axis, mode='constant', truncate=side / sigma
        )
      places.append(start + alpha * field)
    for channel in range(3):
      expected = scipy.ndimage.map_coordinates(image[..., channel], places, order=1, mode='nearest')
      np.testing.assert_allclose(result[..., channel], expected, atol=0.05)
