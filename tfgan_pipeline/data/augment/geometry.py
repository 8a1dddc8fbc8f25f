"""Augmentations that move pixels: flip, rotate, zoom, shift, crop, elastic.

    images = shift(images, keys, fraction=0.1)     # or --augment='flip, shift(0.1)'

Every augmentation takes images [N, H, W, C] in [0, 255] and keys, int32 [N, 2], and returns images
of the same shape; what it draws for image i is a pure function of key i, as `keys.uniform`
makes it. The first augmentation is given uint8. One that only moves pixels keeps the dtype, one
that computes casts to float32 and returns that. Values may leave the range: the pipeline clips and
rounds once, after the last augmentation. What moves in from outside an image is its mirror image.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.keys import uniform
from tfgan_pipeline.errors import UsageError


@registry.augmentation
def flip(images: tf.Tensor, keys: tf.Tensor, *, vertical: bool = False) -> tf.Tensor:
  """Mirrors left and right half of the time; with vertical=True, independently also up and down."""
  across, down = tf.unstack(keys >= 0, axis=1)  # As uniform(keys, [2]) < 0.5, in one operation.
  images = _mirrored(images, across, axis=2)
  return _mirrored(images, down, axis=1) if vertical else images


@registry.augmentation
def rotate(images: tf.Tensor, keys: tf.Tensor, *, degrees: float = 10.0) -> tf.Tensor:
  """Turns about the centre by an angle uniform in +-degrees, bilinearly."""
  _check('rotate', 'degrees', degrees, 180)
  angle = uniform(keys, [], -degrees, degrees) * (np.pi / 180)
  sine, cosine = tf.sin(angle), tf.cos(angle)
  return _warp(images, [[cosine, -sine], [sine, cosine]])


@registry.augmentation
def zoom(images: tf.Tensor, keys: tf.Tensor, *, fraction: float = 0.1) -> tf.Tensor:
  """Enlarges about the centre by a factor log-uniform in 1/(1+fraction)..1+fraction, bilinearly."""
  _check('zoom', 'fraction', fraction, 10)
  limit = float(np.log1p(fraction))
  scale = tf.exp(uniform(keys, [], -limit, limit))
  return _warp(images, [[1 / scale, tf.zeros_like(scale)], [tf.zeros_like(scale), 1 / scale]])


@registry.augmentation
def shift(images: tf.Tensor, keys: tf.Tensor, *, fraction: float = 0.1) -> tf.Tensor:
  """Moves by whole pixels, uniformly up to this fraction of the height and of the width."""
  _check('shift', 'fraction', fraction, 1)
  height, width = images.shape[1:3]
  # Whole pixels, because a shift by half a pixel would also blur.
  limits = [round(fraction * width), round(fraction * height)]
  right, down = tf.unstack(_integers(keys, limits), axis=1)
  return _window(images, limits[1] - down, limits[0] - right, repeat_edge=True)


@registry.augmentation
def crop(images: tf.Tensor, keys: tf.Tensor, *, padding: int = 4) -> tf.Tensor:
  """Pads every side with `padding` reflected pixels and cuts out the original size at random."""
  _check('crop', 'padding', padding, min(images.shape[1:3]) - 1)
  top, left = tf.unstack(_integers(keys, [padding, padding]), axis=1)
  return _window(images, top - padding, left - padding, repeat_edge=False)


@registry.augmentation
def elastic(
  images: tf.Tensor, keys: tf.Tensor, *, alpha: float = 34.0, sigma: float = 4.0
) -> tf.Tensor:
  """Distorts like handwriting: displacements of scale alpha, smoothed over sigma pixels.

  Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks applied to
  visual document analysis": uniform noise in [-1, 1], smoothed by a Gaussian and multiplied by
  alpha. The defaults are theirs, for 28x28 MNIST.
  """
  _check('elastic', 'alpha', alpha, 1e4)
  _check('elastic', 'sigma', sigma, 1e3, at_least=0.1)
  height, width, channels = images.shape[1:]
  noise = uniform(keys, [2, height, width], -1.0, 1.0)
  # Two small matrix products smooth the rows and the columns.
  field = alpha * (_gaussian(height, sigma) @ noise @ _gaussian(width, sigma))
  y = tf.clip_by_value(field[:, 0] + np.arange(height, dtype=np.float32)[:, None], 0, height - 1)
  x = tf.clip_by_value(field[:, 1] + np.arange(width, dtype=np.float32), 0, width - 1)
  top, left = tf.floor(y), tf.floor(x)
  pixels = tf.cast(tf.reshape(images, [-1, height * width, channels]), tf.float32)
  result = tf.zeros_like(images, tf.float32)
  for row, row_weight in ((top, 1 - (y - top)), (tf.minimum(top + 1, height - 1), y - top)):
    for column, weight in ((left, 1 - (x - left)), (tf.minimum(left + 1, width - 1), x - left)):
      places = tf.cast(row * width + column, tf.int32)
      result += tf.gather(pixels, places, batch_dims=1) * (row_weight * weight)[..., None]
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


def _integers(keys: tf.Tensor, limits: list[int]) -> tf.Tensor:
  """int32 [N, 2], uniform in 0..2 * limit."""
  sizes = 2 * np.array(limits, np.float32) + 1
  # The product may round up to the size itself.
  drawn = tf.minimum(tf.floor(uniform(keys, [2]) * sizes), sizes - 1)
  return tf.cast(drawn, tf.int32)


def _mirrored(images: tf.Tensor, chosen: tf.Tensor, *, axis: int) -> tf.Tensor:
  """The images [N, H, W, C], those that are chosen (bool [N]) mirrored along an axis, 1 or 2."""
  places = tf.range(tf.shape(images)[0])
  kept, turned = tf.dynamic_partition(places, tf.cast(chosen, tf.int32), 2)
  # TensorFlow reverses the middle of three axes ten times as fast as one of four.
  shape = [-1, images.shape[axis], int(np.prod(images.shape[axis + 1 :]))]
  mirror = tf.reverse(tf.reshape(tf.gather(images, turned), shape), [1])
  mirror = tf.reshape(mirror, [-1, *images.shape[1:]])
  result = tf.dynamic_stitch([kept, turned], [tf.gather(images, kept), mirror])
  return tf.ensure_shape(result, images.shape)


def _window(images: tf.Tensor, top: tf.Tensor, left: tf.Tensor, *, repeat_edge: bool) -> tf.Tensor:
  """Cuts a window of the image's size out of each image, which is mirrored endlessly at its edges.

  Args:
    images: [N, H, W, C].
    top: int32 [N], the row of the image that the window begins with; may be negative.
    left: Its column.
    repeat_edge: Whether the mirror shows the pixels of the edge again.
  """

  def places(first: tf.Tensor, size: int) -> tf.Tensor:
    period = max(1, 2 * size if repeat_edge else 2 * size - 2)
    place = (first[:, None] + np.arange(size, dtype=np.int32)) % period
    return tf.minimum(place, period - repeat_edge - place)

  images = tf.gather(images, places(top, images.shape[1]), batch_dims=1)
  return tf.gather(images, places(left, images.shape[2]), axis=2, batch_dims=1)


def _warp(images: tf.Tensor, matrix: list[list[tf.Tensor]]) -> tf.Tensor:
  """Bilinear resampling: output pixel p shows centre + matrix (p - centre), as (x, y).

  Args:
    images: [N, H, W, C].
    matrix: Rows of columns of float32 [N].
  """
  height, width = images.shape[1:3]
  matrix = tf.stack([tf.stack(row, axis=-1) for row in matrix], axis=1)  # [N, 2, 2].
  centre = tf.constant([(width - 1) / 2, (height - 1) / 2])
  translation = centre - tf.linalg.matvec(matrix, centre)
  transform = tf.reshape(tf.concat([matrix, translation[..., None]], axis=2), [-1, 6])
  warped = tf.raw_ops.ImageProjectiveTransformV3(
    images=tf.cast(images, tf.float32),
    transforms=tf.pad(transform, [[0, 0], [0, 2]]),
    output_shape=[height, width],
    fill_value=0.0,
    interpolation='BILINEAR',
    fill_mode='REFLECT',
  )
  return tf.ensure_shape(warped, images.shape)
