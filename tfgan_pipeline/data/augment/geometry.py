"""Augmentations that move pixels: flip, rotate, zoom, shift, crop, elastic.

    image = shift(image, key, fraction=0.1)     # or --augment='flip, shift(0.1)'

Every augmentation takes an image, float32 [H, W, C] in [0, 255], and a key, int32 [2], of which its
random choice is a pure function, and returns an image of the same shape. Values may leave the
range: the pipeline clips and rounds once, after the last augmentation. What moves in from outside
the image is its mirror image.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError


@registry.augmentation
def flip(image: tf.Tensor, key: tf.Tensor, *, vertical: bool = False) -> tf.Tensor:
  """Mirrors left and right half of the time; with vertical=True, independently also up and down."""
  across, down = tf.unstack(tf.random.stateless_uniform([2], key) < 0.5)
  image = tf.where(across, image[:, ::-1], image)
  return tf.where(down, image[::-1], image) if vertical else image


@registry.augmentation
def rotate(image: tf.Tensor, key: tf.Tensor, *, degrees: float = 10.0) -> tf.Tensor:
  """Turns about the centre by an angle uniform in +-degrees, bilinearly."""
  _check('rotate', 'degrees', degrees, 180)
  angle = tf.random.stateless_uniform([], key, -degrees, degrees) * (np.pi / 180)
  sine, cosine = tf.sin(angle), tf.cos(angle)
  return _warp(image, [[cosine, -sine], [sine, cosine]])


@registry.augmentation
def zoom(image: tf.Tensor, key: tf.Tensor, *, fraction: float = 0.1) -> tf.Tensor:
  """Enlarges about the centre by a factor log-uniform in 1/(1+fraction)..1+fraction, bilinearly."""
  _check('zoom', 'fraction', fraction, 10)
  limit = float(np.log1p(fraction))
  scale = tf.exp(tf.random.stateless_uniform([], key, -limit, limit))
  return _warp(image, [[1 / scale, 0.0], [0.0, 1 / scale]])


@registry.augmentation
def shift(image: tf.Tensor, key: tf.Tensor, *, fraction: float = 0.1) -> tf.Tensor:
  """Moves by whole pixels, uniformly up to this fraction of the height and of the width."""
  _check('shift', 'fraction', fraction, 1)
  height, width, _ = image.shape
  # Whole pixels, because a shift by half a pixel would also blur.
  limit = np.array([round(fraction * width), round(fraction * height)], np.float32)
  offset = tf.floor(tf.random.stateless_uniform([2], key) * (2 * limit + 1)) - limit
  return _warp(image, np.eye(2), offset)


@registry.augmentation
def crop(image: tf.Tensor, key: tf.Tensor, *, padding: int = 4) -> tf.Tensor:
  """Pads every side with `padding` reflected pixels and cuts out the original size at random."""
  height, width, _ = image.shape
  _check('crop', 'padding', padding, min(height, width) - 1)
  padded = tf.pad(image, [[padding, padding], [padding, padding], [0, 0]], 'REFLECT')
  return tf.image.stateless_random_crop(padded, image.shape, key)


@registry.augmentation
def elastic(
  image: tf.Tensor, key: tf.Tensor, *, alpha: float = 34.0, sigma: float = 4.0
) -> tf.Tensor:
  """Distorts like handwriting: displacements of scale alpha, smoothed over sigma pixels.

  Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied to
  visual document analysis": uniform noise in [-1, 1], smoothed by a Gaussian and multiplied by
  alpha. The defaults are theirs, for 28x28 MNIST.
  """
  _check('elastic', 'alpha', alpha, 1e4)
  _check('elastic', 'sigma', sigma, 1e3, at_least=0.1)
  height, width, _ = image.shape
  noise = tf.random.stateless_uniform([2, height, width], key, -1.0, 1.0)
  # Two small matrix products smooth the rows and the columns.
  field = alpha * (_gaussian(height, sigma) @ noise @ _gaussian(width, sigma))
  y = tf.clip_by_value(field[0] + np.arange(height, dtype=np.float32)[:, None], 0, height - 1)
  x = tf.clip_by_value(field[1] + np.arange(width, dtype=np.float32), 0, width - 1)
  top, left = tf.floor(y), tf.floor(x)
  result = tf.zeros_like(image)
  for row, row_weight in ((top, 1 - (y - top)), (tf.minimum(top + 1, height - 1), y - top)):
    for column, weight in ((left, 1 - (x - left)), (tf.minimum(left + 1, width - 1), x - left)):
      indices = tf.cast(tf.stack([row, column], axis=-1), tf.int32)
      result += tf.gather_nd(image, indices) * (row_weight * weight)[..., None]
  return result


def _check(name: str, argument: str, value: float, at_most: float, *, at_least: float = 0) -> None:
  if not at_least <= value <= at_most:
    raise UsageError(
      f'augmentation {name!r}: {argument}={value} should be between {at_least} and {at_most}'
    )


def _gaussian(length: int, sigma: float) -> np.ndarray:
  """Convolution with a Gaussian of sum 1, zero padded: float32 [length, length], symmetric."""
  places = np.arange(length)
  kernel = np.exp(-0.5 * (np.arange(-length, length + 1) / sigma) ** 2)
  return (np.exp(-0.5 * ((places[:, None] - places) / sigma) ** 2) / kernel.sum()).astype(
    np.float32
  )


def _warp(image: tf.Tensor, matrix: list, offset: tf.Tensor | tuple = (0.0, 0.0)) -> tf.Tensor:
  """Bilinear resampling: output pixel p shows centre + matrix (p - centre) - offset, (x, y)."""
  height, width, _ = image.shape
  matrix = tf.convert_to_tensor(matrix, tf.float32)
  centre = tf.constant([(width - 1) / 2, (height - 1) / 2])
  translation = centre - tf.linalg.matvec(matrix, centre) - offset
  transform = tf.concat([matrix, translation[:, None]], axis=1)
  warped = tf.raw_ops.ImageProjectiveTransformV3(
    images=image[None],
    transforms=tf.concat([tf.reshape(transform, [1, 6]), [[0.0, 0.0]]], axis=1),
    output_shape=[height, width],
    fill_value=0.0,
    interpolation='BILINEAR',
    fill_mode='REFLECT',
  )
  return tf.ensure_shape(warped[0], image.shape)
