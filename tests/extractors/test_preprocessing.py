"""Resizing and scaling of images before a pretrained network."""

import numpy as np
import pytest

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.preprocessing import Preprocessing, tf1_bilinear

SIZES = [
  ((32, 32), (299, 299)),
  ((28, 28), (299, 299)),
  ((512, 400), (299, 299)),
  ((7, 13), (31, 5)),
  ((33, 20), (10, 64)),
  ((1, 1), (4, 3)),
  ((5, 5), (5, 5)),
  ((9, 4), (1, 1)),
]


def pixels(size, channels=3, seed=0):
  shape = (2, *size, channels)
  return np.random.RandomState(seed).randint(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize('size, new_size', SIZES)
def test_tf1_bilinear_is_tensorflow_1s(size, new_size):
  images = pixels(size)
  expected = tf.compat.v1.image.resize_bilinear(images, new_size)
  also = tf.compat.v1.image.resize(images, new_size, align_corners=False)
  np.testing.assert_array_equal(also, expected)
  # In units of the pixel values, 0 to 255.
  np.testing.assert_allclose(tf1_bilinear(tf.constant(images), *new_size), expected, atol=4e-5)
  shares = images / np.float32(255)
  expected = tf.compat.v1.image.resize_bilinear(shares, new_size)
  np.testing.assert_allclose(tf1_bilinear(tf.constant(shares), *new_size), expected, atol=1e-6)


def test_tf1_bilinear_by_hand():
  image = np.array([[0, 100], [40, 200]], np.uint8)[None, :, :, None]
  # Rows and columns of the result lie at 0, 2/3 and 4/3; beyond 1 there is only the last pixel.
  third = 100 / 3
  expected = [
    [0, 2 * third, 100],
    [40 * 2 / 3, 2 * third + (40 + 320 / 3 - 2 * third) * 2 / 3, 100 + 2 * third],
    [40, 40 + 320 / 3, 200],
  ]
  result = tf1_bilinear(tf.constant(image), 3, 3)[0, :, :, 0]
  np.testing.assert_allclose(result, expected, rtol=1e-6)


def test_tf1_bilinear_drops_pixels_when_it_makes_smaller():
  image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4, 1)
  result = tf1_bilinear(tf.constant(image), 2, 2)[0, :, :, 0]
  np.testing.assert_array_equal(result, [[0, 2], [8, 10]])


def test_half_pixel_centres_are_another_resize():
  image = tf.constant(pixels((16, 16)))
  assert np.abs(tf1_bilinear(image, 31, 31) - tf.image.resize(image, (31, 31))).max() > 10


def test_tf1_bilinear_compiles():
  images = tf.constant(pixels((33, 20)))
  resized = tf.function(tf1_bilinear, jit_compile=True, autograph=False)
  np.testing.assert_allclose(
    resized(images, 10, 64), tf.compat.v1.image.resize_bilinear(images, (10, 64)), atol=1e-4
  )


def test_inceptions_range():
  images = np.array([0, 64, 128, 255], np.uint8).reshape(1, 2, 2, 1)
  result = Preprocessing(subtract=128, divide=128)(tf.constant(images))
  assert result.shape == (1, 2, 2, 3) and result.dtype == tf.float32
  for channel in range(3):
    np.testing.assert_array_equal(result[0, :, :, channel], [[-1, -0.5], [0, 127 / 128]])


def test_resize_comes_before_scaling():
  images = pixels((8, 8))
  expected = (tf.compat.v1.image.resize(images, [21, 21]) - 128) / 128
  prepared = Preprocessing(21, 'tf1', 128, 128)(tf.constant(images))
  np.testing.assert_allclose(prepared, expected, atol=1e-6)


def test_every_choice_shows_in_the_recipe():
  recipes = [
    str(Preprocessing(*arguments))
    for arguments in (
      (),
      (299,),
      (299, 'bilinear'),
      (299, 'antialias'),
      (299, 'bicubic'),
      (299, 'tf1', 128),
      (299, 'tf1', 128, 128),
      (299, 'tf1', 128, 128, 0),
    )
  ]
  assert len(set(recipes)) == len(recipes)
  assert recipes[-2] == '3 channels, tf1 to 299x299, (x - 128.0) / 128.0'


@pytest.mark.parametrize(
  'arguments, message',
  [
    ({'resize': 'best'}, 'resize=best: there are tf1, bilinear, antialias, bicubic'),
    ({'size': -1}, 'size=-1: should be at least 0'),
  ],
)
def test_refusals(arguments, message):
  with pytest.raises(UsageError, match=message):
    Preprocessing(**arguments)


def test_alpha_is_laid_over_white():
  images = pixels((8, 8), channels=4)
  images[..., 3] = [0, 51, 102, 153, 204, 255, 0, 255]
  share = images[..., 3:] / np.float32(255)
  expected = images[..., :3] * share + 255 * (1 - share)
  np.testing.assert_allclose(Preprocessing()(tf.constant(images)), expected, rtol=1e-4, atol=1e-3)
  seen = Preprocessing(channels=0)(tf.constant(images))
  np.testing.assert_array_equal(seen, images)
  with pytest.raises(UsageError, match='1 or 3 channels, these have 2'):
    Preprocessing()(tf.constant(images[..., :2]))


def test_rectangles_become_what_the_network_takes():
  images = tf.constant(pixels((8, 6)))
  assert Preprocessing(size=(4, 12))(images).shape == (2, 4, 12, 3)
  assert Preprocessing(size=5)(images).shape == (2, 5, 5, 3)
  assert str(Preprocessing(size=5)) == str(Preprocessing(size=(5, 5)))
  assert 'tf1 to 4x12' in str(Preprocessing(size=(4, 12)))
  with pytest.raises(UsageError, match=r'size=\(0, 12\) should be'):
    Preprocessing(size=(0, 12))
