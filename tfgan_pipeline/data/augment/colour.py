"""Augmentations that change values and not places: brightness, contrast.

    image = brightness(image, key, delta=0.2)     # or --augment='brightness(0.2), contrast(0.2)'

The contract is that of augment_geometry.py.
"""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError


@registry.augmentation
def brightness(image: tf.Tensor, key: tf.Tensor, *, delta: float = 0.1) -> tf.Tensor:
  """Adds one number to all values, uniform up to this share of the full range either way."""
  if not 0 <= delta <= 1:
    raise UsageError(f"augmentation 'brightness': delta={delta} should be between 0 and 1")
  return image + 255 * tf.random.stateless_uniform([], key, -delta, delta)


@registry.augmentation
def contrast(image: tf.Tensor, key: tf.Tensor, *, fraction: float = 0.1) -> tf.Tensor:
  """Scales the distance from each channel's mean by a factor uniform in 1 +- fraction."""
  if not 0 <= fraction <= 1:
    raise UsageError(f"augmentation 'contrast': fraction={fraction} should be between 0 and 1")
  factor = tf.random.stateless_uniform([], key, 1 - fraction, 1 + fraction)
  return tf.image.adjust_contrast(image, factor)
