"""Augmentations that move pixels: flip, rotate, zoom, shift, crop, jitter, elastic.

    images = shift(images, keys, fraction=0.1)     # or --augment='flip, shift(0.1)'

Every augmentation takes images [N, H, W, C] in [0, 255] and keys, int32 [N, 2], and returns images
of the same shape; the random numbers for image i are a pure function of key i (`keys.uniform`).
The first augmentation receives uint8. Augmentations that only move pixels keep the dtype, those
that compute return float32. Values may leave the range: the pipeline clips and rounds once, after
the last augmentation. Pixels from outside an image are taken from its mirror image.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.keys import uniform
from tfgan_pipeline.errors import UsageError


@registry.augmentation
def flip(images: tf.Tensor, keys: tf.Tensor, *, vertical: bool = False) -> tf.Tensor:
  """Mirrors left-right with probability 1/2; with vertical=True, independently also up-down.

  Args:
    images: uint8 or float32 [N, H, W, C] in [0, 255].
    keys: int32 [N, 2], a random key per image.
    vertical: Whether to mirror up and down too.

  Returns:
    [N, H, W, C], of the dtype of `images`.
  """
  # Equal to uniform(keys, [2]) < 0.5, in one operation.
  across, down = tf.unstack(keys >= 0, axis=1)  # bool [N] each.
  images = _mirror(images, across, axis=2)
  return _mirror(images, down, axis=1) if vertical else images


@registry.augmentation
def rotate(images: tf.Tensor, keys: tf.Tensor, *, degrees: float = 10.0) -> tf.Tensor:
  """Rotates about the centre by an angle uniform in +-degrees, bilinearly.

  Args:
    images: uint8 or float32 [N, H, W, C] in [0, 255].
    keys: int32 [N, 2], a random key per image.
    degrees: Largest angle.

  Returns:
    float32 [N, H, W, C].

  Raises:
    UsageError: `degrees` is not between 0 and 180.
  """
  _check('rotate', 'degrees', degrees, 180)
  angle = uniform(keys, [], -degrees, degrees) * (np.pi / 180)
  sine, cosine = tf.sin(angle), tf.cos(angle)
  return _warp(images, [[cosine, -sine], [sine, cosine]])


@registry.augmentation
def zoom(images: tf.Tensor, keys: tf.Tensor, *, fraction: float = 0.1) -> tf.Tensor:
  """Zooms about the centre by a factor log-uniform in 1/(1+fraction)..1+fraction, bilinearly.

  Args:
    images: uint8 or float32 [N, H, W, C] in [0, 255].
    keys: int32 [N, 2], a random key per image.
    fraction: Largest relative enlargement.

  Returns:
    float32 [N, H, W, C].

  Raises:
    UsageError: `fraction` is not between 0 and 10.
  """
  _check('zoom', 'fraction', fraction, 10)
  limit = float(np.log1p(fraction))
  scale = tf.exp(uniform(keys, [], -limit, limit))
  return _warp(images, [[1 / scale, tf.zeros_like(scale)], [tf.zeros_like(scale), 1 / scale]])


@registry.augmentation
def shift(images: tf.Tensor, keys: tf.Tensor, *, fraction: float = 0.1) -> tf.Tensor:
  """Shifts by whole pixels, uniformly up to +-fraction of the height and of the width.

  Args:
    images: uint8 or float32 [N, H, W, C] in [0, 255].
    keys: int32 [N, 2], a random key per image.
    fraction: Largest shift, as a share of each side.

  Returns:
    [N, H, W, C], of the dtype of `images`.

  Raises:
    UsageError: `fraction` is not between 0 and 1.
  """
  _check('shift', 'fraction', fraction, 1)
  height, width = images.shape[1:3]
  # Whole pixels, because a shift by a fraction of a pixel would also blur.
  limits = [round(fraction * width), round(fraction * height)]
  right, down = tf.unstack(_draw_integers(keys, limits), axis=1)
  return _cut_windows(images, limits[1] - down, limits[0] - right, repeat_edge=True)


@registry.augmentation
def crop(images: tf.Tensor, keys: tf.Tensor, *, padding: int = 4) -> tf.Tensor:
  """Pads every side with `padding` reflected pixels and cuts out the original size at random.

  Args:
    images: uint8 or float32 [N, H, W, C] in [0, 255].
    keys: int32 [N, 2], a random key per image.
    padding: Pixels added to each side.

  Returns:
    [N, H, W, C], of the dtype of `images`.

  Raises:
    UsageError: `padding` is negative, or not less than the shorter side.
  """
  _check('crop', 'padding', padding, min(images.shape[1:3]) - 1)
  top, left = tf.unstack(_draw_integers(keys, [padding, padding]), axis=1)
  return _cut_windows(images, top - padding, left - padding, repeat_edge=False)


@registry.augmentation
def jitter(images: tf.Tensor, keys: tf.Tensor, *, fraction: float = 0.1171875) -> tf.Tensor:
  """Enlarges each side by a fraction, bicubically, and cuts out the original size at random.

  Random jitter of pix2pix and CycleGAN, from 256 to 286 and back (Isola et al. 2017, section 6.2).

  Args:
    images: uint8 or float32 [N, H, W, C] in [0, 255].
    keys: int32 [N, 2], a random key per image.
    fraction: Pixels added to a side, as a share of it; by default 30 of 256.

  Returns:
    float32 [N, H, W, C].

  Raises:
    UsageError: `fraction` is not between 0 and 1.
  """
  _check('jitter', 'fraction', fraction, 1)
  height, width = images.shape[1:3]
  added = [round(fraction * side) for side in (height, width)]
  enlarged = tf.image.resize(images, [height + added[0], width + added[1]], method='bicubic')
  places = tf.floor(uniform(keys, [2]) * (np.array(added, np.float32) + 1))
  # Rounding may make a product equal to the number of places.
  top, left = tf.unstack(tf.cast(tf.minimum(places, added), tf.int32), axis=1)
  rows = top[:, None] + np.arange(height, dtype=np.int32)
  columns = left[:, None] + np.arange(width, dtype=np.int32)
  return tf.gather(tf.gather(enlarged, rows, batch_dims=1), columns, axis=2, batch_dims=1)


@registry.augmentation
def elastic(
  images: tf.Tensor, keys: tf.Tensor, *, alpha: float = 34.0, sigma: float = 4.0
) -> tf.Tensor:
  """Distorts elastically, as handwriting varies: displacements smoothed over sigma pixels.

  Every pixel is displaced by uniform noise in [-1, 1], smoothed by a Gaussian and multiplied by
  alpha: Simard, Steinkraus and Platt 2003, "Best practices for convolutional neural networks
  applied to visual document analysis", whose values for 28x28 MNIST are the defaults.

  Args:
    images: uint8 or float32 [N, H, W, C] in [0, 255].
    keys: int32 [N, 2], a random key per image.
    alpha: Scale of the displacements before smoothing, in pixels.
    sigma: Standard deviation of the Gaussian, in pixels.

  Returns:
    float32 [N, H, W, C], interpolated bilinearly.

  Raises:
    UsageError: `alpha` is not between 0 and 1e4, or `sigma` not between 0.1 and 1e3.
  """
  _check('elastic', 'alpha', alpha, 1e4)
  _check('elastic', 'sigma', sigma, 1e3, at_least=0.1)
  height, width, channels = images.shape[1:]
  noise = uniform(keys, [2, height, width], -1.0, 1.0)
  # Two small matrix products smooth the rows and the columns: [N, 2, H, W].
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
  """Raises UsageError unless `value`, an argument of augmentation `name`, is within bounds."""
  if not at_least <= value <= at_most:
    raise UsageError(
      f'augmentation {name!r}: {argument}={value} should be between {at_least} and {at_most}'
    )


def _gaussian(length: int, sigma: float) -> np.ndarray:
  """Returns the symmetric matrix float32 [length, length] that convolves with a Gaussian.

  The Gaussian has sum 1; values beyond the ends count as 0.
  """
  places = np.arange(length)
  kernel = np.exp(-0.5 * (np.arange(-length, length + 1) / sigma) ** 2)
  return (np.exp(-0.5 * ((places[:, None] - places) / sigma) ** 2) / kernel.sum()).astype(
    np.float32
  )


def _draw_integers(keys: tf.Tensor, limits: list[int]) -> tf.Tensor:
  """Draws int32 [N, 2]; column i is uniform in 0..2 * limits[i]."""
  sizes = 2 * np.array(limits, np.float32) + 1
  # Rounding may make the product equal to the size itself.
  integers = tf.minimum(tf.floor(uniform(keys, [2]) * sizes), sizes - 1)
  return tf.cast(integers, tf.int32)


def _mirror(images: tf.Tensor, mask: tf.Tensor, *, axis: int) -> tf.Tensor:
  """Mirrors the images [N, H, W, C] with a true `mask` (bool [N]) along axis 1 or 2."""
  places = tf.range(tf.shape(images)[0])
  rest, selection = tf.dynamic_partition(places, tf.cast(mask, tf.int32), 2)
  # TensorFlow reverses the middle of three axes ten times as fast as one of four.
  shape = [-1, images.shape[axis], int(np.prod(images.shape[axis + 1 :]))]
  mirror = tf.reverse(tf.reshape(tf.gather(images, selection), shape), [1])
  mirror = tf.reshape(mirror, [-1, *images.shape[1:]])
  result = tf.dynamic_stitch([rest, selection], [tf.gather(images, rest), mirror])
  return tf.ensure_shape(result, images.shape)


def _cut_windows(
  images: tf.Tensor, top: tf.Tensor, left: tf.Tensor, *, repeat_edge: bool
) -> tf.Tensor:
  """Cuts a window of the image's size out of each image, which is mirrored endlessly at its edges.

  Args:
    images: [N, H, W, C].
    top: int32 [N], the first row of each window, in rows of the image; may be negative.
    left: int32 [N], the first column of each window.
    repeat_edge: Whether the mirror image starts with the edge itself (a b b a) or not (a b a).
  """

  def pixel_indices(first: tf.Tensor, size: int) -> tf.Tensor:
    # An image and its mirror image together, after which pixels repeat.
    period = max(1, 2 * size if repeat_edge else 2 * size - 2)
    index = (first[:, None] + np.arange(size, dtype=np.int32)) % period
    return tf.minimum(index, period - repeat_edge - index)

  images = tf.gather(images, pixel_indices(top, images.shape[1]), batch_dims=1)
  return tf.gather(images, pixel_indices(left, images.shape[2]), axis=2, batch_dims=1)


def _warp(images: tf.Tensor, matrix: list[list[tf.Tensor]]) -> tf.Tensor:
  """Resamples bilinearly: output pixel p shows the input at centre + matrix (p - centre).

  Args:
    images: [N, H, W, C].
    matrix: Two rows of two float32 [N] each; positions are (x, y).

  Returns:
    float32 [N, H, W, C].
  """
  height, width = images.shape[1:3]
  matrix = tf.stack([tf.stack(row, axis=-1) for row in matrix], axis=1)  # [N, 2, 2].
  centre = tf.constant([(width - 1) / 2, (height - 1) / 2])
  translation = centre - tf.linalg.matvec(matrix, centre)
  transform = tf.reshape(tf.concat([matrix, translation[..., None]], axis=2), [-1, 6])
  warped = tf.raw_ops.ImageProjectiveTransformV3(
    images=tf.cast(images, tf.float32),
    transforms=tf.pad(transform, [[0, 0], [0, 2]]),  # The projective terms are 0.
    output_shape=[height, width],
    fill_value=0.0,
    interpolation='BILINEAR',
    fill_mode='REFLECT',
  )
  return tf.ensure_shape(warped, images.shape)
