"""Padding of maps by their own mirror image."""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf


class ReflectionPadding(keras.layers.Layer):
  """Pads both sides of maps [N, H, W, C] by their reflection, without repeating the border.

  Args:
    width: Number of pixels on each side; less than H and W.
  """

  def __init__(self, width: int, **kwargs):
    super().__init__(**kwargs)
    self.width = width

  def call(self, inputs):
    around = [self.width, self.width]
    return tf.pad(inputs, [[0, 0], around, around, [0, 0]], 'REFLECT')

  def get_config(self):
    return {**super().get_config(), 'width': self.width}
