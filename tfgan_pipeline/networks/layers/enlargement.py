"""Enlargement of maps by whole factors: pixel shuffle, bilinear interpolation, nearest neighbours.

All of them take maps of any size, and their gradients have kernels on every device.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.sizes import ratio_of
from tfgan_pipeline.networks.spec import Role


class PixelShuffle(keras.layers.Layer):
  """Makes maps [n, H, W, f * f * C] maps [n, f H, f W, C] (Shi et al. 2016, arXiv:1609.05158).

  Channels are in TensorFlow's order: those of one output pixel are neighbours. PyTorch has the
  pixels of one output channel beside each other, which matters only for copying weights.

  Args:
    factor: The factor f.
  """

  def __init__(self, factor: int, **kwargs):
    super().__init__(**kwargs)
    self.factor = factor

  def call(self, inputs):
    return tf.nn.depth_to_space(inputs, self.factor)

  def get_config(self):
    return {**super().get_config(), 'factor': self.factor}


class BilinearUpsample(keras.layers.Layer):
  """Enlarges maps [n, H, W, C] bilinearly, with the centres of pixels on centres; float32.

  Beyond the centres of border pixels, values are those of the border. Two products with constant
  matrices, whose gradients XLA has, unlike those of `tf.image.resize`. That function enlarges maps
  whose sides a graph leaves open, as in an export for pictures of any size.

  Args:
    factor: Whole number by which both sides grow.
  """

  def __init__(self, factor: int, **kwargs):
    super().__init__(dtype='float32', **kwargs)
    self.factor = factor

  def call(self, inputs):
    if None in inputs.shape[1:3]:
      return tf.image.resize(inputs, self.factor * tf.shape(inputs)[1:3], 'bilinear')
    rows, columns = (_bilinear(side, self.factor) for side in inputs.shape[1:3])
    wide = tf.einsum('Ww,nhwc->nhWc', columns, inputs)
    return tf.einsum('Hh,nhWc->nHWc', rows, wide)

  def get_config(self):
    return {**super().get_config(), 'factor': self.factor}


def _bilinear(side: int, factor: int) -> np.ndarray:
  """Returns the matrix float32 [factor * side, side] that enlarges a row of pixels."""
  places = np.clip((np.arange(factor * side) + 0.5) / factor - 0.5, 0, side - 1)
  distances = np.abs(places[:, None] - np.arange(side))
  return np.maximum(0, 1 - distances).astype(np.float32)


def enlargements(name: str, role: Role, factors: Sequence[int]) -> list[int]:
  """Returns the factors, one after the other, by which a translator's output exceeds its input.

  Args:
    name: Name of the component, for messages.
    role: Role of the translator.
    factors: Factors that the network has a layer for, such as (2, 3), the most wanted first.

  Returns:
    Such as [2, 2] for images of 4 times the size; [] for images of equal size.

  Raises:
    UsageError: The output is not as many times as high as wide, or by no product of `factors`.
  """
  source, target = role.reads['image'].sides, role.gives.sides
  left, steps = ratio_of(source, target) or 0, []
  for factor in factors:
    while left % factor == 0 and left > 1:
      left //= factor
      steps.append(factor)
  if left != 1:
    raise UsageError(
      f'--networks={name}: outputs should be larger than inputs by a product of '
      f'{" and ".join(map(str, factors))}, or as large, and are {target[0]}x{target[1]} from '
      f'{source[0]}x{source[1]}; --dataset="reduced(..., factor=4)" makes such pairs'
    )
  return steps
