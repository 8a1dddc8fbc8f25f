"""Instance normalisation, and the choice of a normalisation by its name."""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.layers.basic import BatchNorm

NORMS = ('batch', 'instance', 'none')


class InstanceNorm(keras.layers.Layer):
  """Normalises each channel of each image by itself (Ulyanov et al. 2016, arXiv:1607.08022).

  The layer keeps no running statistics: training and inference compute equal outputs.

  Args:
    affine: Whether each channel has a learned scale, at first 1, and shift, at first 0.
    epsilon: Number added to variances; 1e-5 in PyTorch, with which the reference codes were made.

  Raises:
    UsageError: Maps are 1x1, whose only value would always become 0.
  """

  def __init__(self, affine: bool = False, epsilon: float = 1e-5, **kwargs):
    super().__init__(**kwargs)
    self.affine, self.epsilon = affine, epsilon

  def build(self, input_shape):
    if tuple(input_shape[1:3]) == (1, 1):
      raise UsageError('instance normalisation of 1x1 maps would make all of them 0')
    self.scale = self.shift = None
    if self.affine:
      self.scale = self.add_weight(name='scale', shape=[input_shape[-1]], initializer='ones')
      self.shift = self.add_weight(name='shift', shape=[input_shape[-1]], initializer='zeros')
    super().build(input_shape)

  def call(self, inputs):
    maps = tf.cast(inputs, tf.float32)
    mean = tf.reduce_mean(maps, [1, 2], keepdims=True)  # [N, 1, 1, C]
    centred = maps - mean
    variance = tf.reduce_mean(tf.square(centred), [1, 2], keepdims=True)
    outputs = centred * tf.math.rsqrt(variance + self.epsilon)
    if self.affine:
      outputs = outputs * tf.cast(self.scale, tf.float32) + tf.cast(self.shift, tf.float32)
    return tf.cast(outputs, inputs.dtype)

  def get_config(self):
    return {**super().get_config(), 'affine': self.affine, 'epsilon': self.epsilon}


def norm_layers(norm: str) -> list[keras.layers.Layer]:
  """Returns the layers of a normalisation for translators and readers of patches.

  Args:
    norm: One of NORMS. 'batch' starts scales near 1 with a deviation of 0.02, and 'instance' has
      no scales, as in pytorch-CycleGAN-and-pix2pix.

  Raises:
    UsageError: There is no such normalisation.
  """
  if norm not in NORMS:
    raise UsageError(f'norm={norm} should be one of {", ".join(NORMS)}')
  if norm == 'batch':
    scales = keras.initializers.RandomNormal(1.0, 0.02)
    # PyTorch's epsilon, and its momentum of 0.1 the other way round.
    return [BatchNorm(momentum=0.9, epsilon=1e-5, gamma_initializer=scales)]
  return [InstanceNorm()] if norm == 'instance' else []


def small_normal() -> keras.initializers.Initializer:
  """Returns the initialiser of convolutions in pix2pix and CycleGAN: normal, of deviation 0.02."""
  return keras.initializers.RandomNormal(stddev=0.02)
