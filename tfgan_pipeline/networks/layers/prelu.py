"""PReLU, a rectifier with a learned slope below 0 (He et al. 2015, arXiv:1502.01852)."""

from __future__ import annotations

from tfgan_pipeline.compat import keras


def prelu(per_channel: bool = False) -> keras.layers.Layer:
  """Returns a PReLU layer for maps of any size, whose slopes start at 0.25 as in the paper.

  Args:
    per_channel: Whether each channel has a slope; otherwise the layer has a single one.
  """
  axes = [1, 2] if per_channel else [1, 2, 3]
  return keras.layers.PReLU(keras.initializers.Constant(0.25), shared_axes=axes)
