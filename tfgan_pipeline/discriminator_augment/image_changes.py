"""Differentiable random changes of images, drawn from `randomness`: the same on any replica.

Images are float32 [n, H, W, C] in [-1, 1]; pixels that come in from outside are 0, mid-grey. A
fourth channel, alpha, is moved with the colours and not changed with them. Everything is made of
products and selections, which every accelerator has and gradients pass.
"""

from __future__ import annotations

from tfgan_pipeline.compat import tf
from tfgan_pipeline.replicas import randomness


def uniform(images: tf.Tensor, low: float, high: float) -> tf.Tensor:
  """Returns one random number in [low, high) per image, float32 [n, 1, 1, 1]."""
  return low + (high - low) * randomness.uniform([images.shape[0], 1, 1, 1])


def normal(images: tf.Tensor) -> tf.Tensor:
  """Returns one standard normal random number per image, float32 [n, 1, 1, 1]."""
  return randomness.normal([images.shape[0], 1, 1, 1])


def apply_with_probability(
  images: tf.Tensor, changed: tf.Tensor, probability: float | tf.Tensor
) -> tf.Tensor:
  """Returns [n, H, W, C]: each image from `changed` with a probability, else from `images`."""
  return tf.where(uniform(images, 0.0, 1.0) < probability, changed, images)


def flip(images: tf.Tensor, *, probability: float | tf.Tensor) -> tf.Tensor:
  """Mirrors each of the images [n, H, W, C] left to right with a probability."""
  return apply_with_probability(images, tf.reverse(images, axis=[2]), probability)


def rotate(images: tf.Tensor) -> tf.Tensor:
  """Rotates each of the square images [n, H, H, C] by 0, 90, 180 or 270 degrees, uniformly."""
  # 0 to 3: a half turn reverses both axes, a quarter turn transposes and reverses one.
  quarters = tf.cast(uniform(images, 0.0, 4.0), tf.int32)
  half = tf.where(quarters >= 2, tf.reverse(images, axis=[1, 2]), images)
  quarter = tf.reverse(tf.transpose(half, [0, 2, 1, 3]), axis=[1])
  return tf.where(tf.equal(quarters % 2, 1), quarter, half)


def shift(images: tf.Tensor, share: float) -> tf.Tensor:
  """Shifts images [n, H, W, C] by whole pixels, uniformly up to +-`share` of each side."""
  height, width = images.shape[1:3]
  down = _draw_shifts(images, _pixels(height, share), height)
  across = _draw_shifts(images, _pixels(width, share), width)
  # Products with [n, H, H] from the left and [n, W, W] from the right.
  return tf.einsum('nab,nbwc,nvw->navc', down, images, across)


def _pixels(side: int, share: float) -> int:
  """Returns `share` of a side in pixels; DiffAugment's code makes 2.5 3, Python's `round` 2."""
  return int(side * share + 0.5)


def _draw_shifts(images: tf.Tensor, most: int, side: int) -> tf.Tensor:
  """Returns random shifts as matrices float32 [n, side, side].

  Row r of a matrix has its 1 at the pixel that moves to r, if there is one.
  """
  offsets = tf.cast(tf.floor(uniform(images, -most, most + 1)), tf.int32)[:, 0, 0]  # [n, 1]
  return tf.one_hot(tf.range(side)[None] - offsets, side, dtype=images.dtype)


def cut_out(images: tf.Tensor, share: float) -> tf.Tensor:
  """Sets a rectangle of `share` of H and W to 0 in images [n, H, W, C], centred at random.

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
  """Returns `changed`, any dtype [n, H, W, C], with the alpha of `images` where C is 4."""
  if images.shape[3] != 4:
    return changed
  return tf.concat([changed[..., :3], images[..., 3:]], axis=3)


def with_brightness(images: tf.Tensor, by: tf.Tensor) -> tf.Tensor:
  """Adds `by`, float32 [n, 1, 1, 1], to the colours of images [n, H, W, C]; alpha stays."""
  return with_alpha_of(images, images + by)


def with_saturation(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
  """Multiplies distances of colours from each pixel's mean by `factor`, float32 [n, 1, 1, 1].

  Images are [n, H, W, C]; those with one channel stay as they are.
  """
  mean = tf.reduce_mean(_colours(images), axis=3, keepdims=True)
  return with_alpha_of(images, mean + factor * (images - mean))


def with_contrast(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
  """Multiplies distances of colours from each image's mean by `factor`, float32 [n, 1, 1, 1].

  Images are [n, H, W, C]; alpha stays.
  """
  mean = tf.reduce_mean(_colours(images), axis=[1, 2, 3], keepdims=True)
  return with_alpha_of(images, mean + factor * (images - mean))


def scaled(images: tf.Tensor, factor: tf.Tensor) -> tf.Tensor:
  """Multiplies colours of images [n, H, W, C] in [-1, 1] by `factor`, float32 [n, 1, 1, 1]."""
  return with_alpha_of(images, images * factor)


def _colours(images: tf.Tensor) -> tf.Tensor:
  return images[..., :3] if images.shape[3] == 4 else images
