"""Numbers as two bytes each and back, in networks; see media/two_bytes.py."""

from __future__ import annotations

from tfgan_pipeline.compat import tf
from tfgan_pipeline.media.two_bytes import STEPS


def split(values: tf.Tensor, axis: int) -> tf.Tensor:
  """Encodes float32 in [-1, 1] as bytes scaled to [-1, 1], high and low along a new axis.

  The high byte is a step function, and the low one the remainder, which carries the gradient:
  decoding by `join` returns the numbers with a derivative of 1.
  """
  steps = (values + 1.0) * (STEPS / 2)
  high = tf.floor(tf.stop_gradient(steps) / 256.0)
  low = steps - 256.0 * high
  low += tf.stop_gradient(tf.minimum(low, 255.0) - low)  # A gradient passes above 255 too.
  return tf.stack([high, low], axis=axis) / 127.5 - 1.0


def join(pictures: tf.Tensor) -> tf.Tensor:
  """Decodes bytes [n, H, 2, C], scaled to [-1, 1], to numbers [n, H, C]."""
  # 256 * high byte + low byte, scaled to [-1, 1].
  return (256.0 * pictures[:, :, 0] + pictures[:, :, 1]) / 257.0
