"""Differentiable changes of images on the device, drawn from `randomness`, the same on any replica.

Images are float32 [n, H, W, C] in [-1, 1]; what comes in from outside is 0, mid-grey. A fourth
channel, alpha, is moved with the colours and not changed with them. Everything is made of products
and selections, which every accelerator has and gradients pass.
"""

from __future__ import annotations

from tfgan_pipeline.compat import tf
from tfgan_pipeline.replicas import randomness


def uniform(images: tf.Tensor, low: float, high: float) -> tf.Tensor:
  """One number per image, float32 [n, 1, 1, 1]."""
  return low + (high - low) * randomness.uniform([images.shape[0], 1, 1, 1])


def normal(images: tf.Tensor) -> tf.Tensor:
  """One number per image, float32 [n, 1, 1, 1]."""
  return randomness.normal([images.shape[0], 1, 1, 1])


def apply_with_probability(
  images: tf.Tensor, changed: tf.Tensor, probability: float | tf.Tensor
) -> tf.Tensor:
  """Each image is changed with a probability."""
  return tf.where(uniform(images, 0.0, 1.0) < probability, changed, images)


def flip(images: tf.Tensor, *, probability: float | tf.Tensor) -> tf.Tensor:
  """Left is right, with a probability."""
  return apply_with_probability(images, tf.reverse(images, axis=[2]), probability)


def rotate(images: tf.Tensor) -> tf.Tensor:
  """By 0, 90, 180 or 270 degrees; images are square."""
  quarters = tf.cast(uniform(images, 0.0, 4.0), tf.int32)
  half = tf.where(quarters >= 2, tf.reverse(images, axis=[1, 2]), images)
  quarter = tf.reverse(tf.transpose(half, [0, 2, 1, 3]), axis=[1])
  return tf.where(tf.equal(quarters % 2, 1), quarter, half)


def shift(images: tf.Tensor, share: float) -> tf.Tensor:
  """By whole pixels, at most `share` of the height and of the width each way, uniformly."""
  height, width = images.shape[1:3]
  down = _steps(images, _pixels(height, share), height)
  across = _steps(images, _pixels(width, share), width)
  return tf.einsum('nab,nbwc,nvw->navc', down, images, across)


def _pixels(side: int, share: float) -> int:
  """`share` of a side, a half rounded up as in DiffAugment's code; Python's `round` makes 2.5 2."""
  return int(side * share + 0.5)


def _steps(images: tf.Tensor, most: int, side: int) -> tf.Tensor:
  """float32 [n, side, side]: row r has its 1 at the pixel that moves to r, if there is one."""
  moved = tf.cast(tf.floor(uniform(images, -most, most + 1)), tf.int32)[:, 0, 0]
  return tf.one_hot(tf.range(side)[None] - moved, side, dtype=images.dtype)


def cut_out(images: tf.Tensor, share: float) -> tf.Tensor:
  """A part of `share` of the height and of the width is 0; its centre is uniform over the image.

  The centre of an odd number of pixels is a pixel, that of an even one a border between two or the
  image's edge, as in DiffAugment's code: both sides of an image are cut equally often.
  """
  masks = []
  for axis, side in enumerate(images.shape[1:3]):
    size = _pixels(side, share)
    centre = tf.floor(uniform(images, 0.0, side + 1 - size % 2))
    place = tf.reshape(tf.range(side, dtype=tf.float32), [-1, 1, 1] if axis == 0 else [1, -1, 1])
    first = centre - size // 2
    masks.append((place >= first) & (place < first + size))
  return tf.where(masks[0] & masks[1], 0.0, images)


def with_alpha_of(images: tf.Tensor, changed: tf.Tensor) -> tf.Tensor:
  """Returns changed images, any dtype [n, H, W, C], with the alpha of `images` where C is 4."""
  if images.shape[3] != 4:
    return changed
  return tf.concat([changed[..., :3], images[..., 3:]], axis=3)


def with_brightness(images: tf.Tensor, by: tf.Tensor) -> tf.Tensor:
  """All values are moved by the same number."""
  return with_alpha_of(images, images + by)


def with_saturation(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
  """Distances of channels from their mean are multiplied; grey images stay as they are."""
  mean = tf.reduce_mean(_colours(images), axis=3, keepdims=True)
  return with_alpha_of(images, mean + factor * (images - mean))


def with_contrast(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
  """Distances of values from the image's mean are multiplied."""
  mean = tf.reduce_mean(_colours(images), axis=[1, 2, 3], keepdims=True)
  return with_alpha_of(images, mean + factor * (images - mean))


def scaled(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
  """Distances of values from 0, mid-grey, are multiplied."""
  return with_alpha_of(images, images * factor)


def _colours(images: tf.Tensor) -> tf.Tensor:
  return images[..., :3] if images.shape[3] == 4 else images
