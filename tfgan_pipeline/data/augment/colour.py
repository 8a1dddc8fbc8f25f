"""Augmentations that change pixel values and move nothing: brightness, contrast.

    images = brightness(images, keys, delta=0.2)     # or --augment='brightness(0.2), contrast(0.2)'

Images, keys and results follow the conventions of data/augment/geometry.py. Alpha, a fourth
channel, is left unchanged.
"""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.keys import uniform
from tfgan_pipeline.discriminator_augment.image_changes import with_alpha_of
from tfgan_pipeline.errors import UsageError


@registry.augmentation
def brightness(images: tf.Tensor, keys: tf.Tensor, *, delta: float = 0.1) -> tf.Tensor:
  """Adds a random number, uniform within +-delta of the full range, to all values of an image.

  Args:
    images: uint8 or float32 [N, H, W, C] in [0, 255].
    keys: int32 [N, 2], a random key per image.
    delta: Largest change, as a share of the full range.

  Returns:
    float32 [N, H, W, C], not clipped; a fourth channel, alpha, is unchanged.

  Raises:
    UsageError: `delta` is not between 0 and 1.
  """
  if not 0 <= delta <= 1:
    raise UsageError(f"augmentation 'brightness': delta={delta} should be between 0 and 1")
  images = tf.cast(images, tf.float32)
  return with_alpha_of(images, images + 255 * uniform(keys, [1, 1, 1], -delta, delta))


@registry.augmentation
def contrast(images: tf.Tensor, keys: tf.Tensor, *, fraction: float = 0.1) -> tf.Tensor:
  """Scales the distance from each channel's mean by a factor uniform in 1 +- fraction.

  Args:
    images: uint8 or float32 [N, H, W, C] in [0, 255].
    keys: int32 [N, 2], a random key per image.
    fraction: Largest relative change.

  Returns:
    float32 [N, H, W, C], not clipped; a fourth channel, alpha, is unchanged.

  Raises:
    UsageError: `fraction` is not between 0 and 1.
  """
  if not 0 <= fraction <= 1:
    raise UsageError(f"augmentation 'contrast': fraction={fraction} should be between 0 and 1")
  images = tf.cast(images, tf.float32)
  mean = tf.reduce_mean(images, axis=(1, 2), keepdims=True)  # [N, 1, 1, C]
  changed = (images - mean) * uniform(keys, [1, 1, 1], 1 - fraction, 1 + fraction) + mean
  return with_alpha_of(images, changed)
