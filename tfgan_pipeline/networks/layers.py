"""Layers that several networks share: what Keras has, made right for any number of replicas."""

from __future__ import annotations

from tfgan_pipeline import mirrored, randomness
from tfgan_pipeline.compat import keras, tf


class BatchNorm(keras.layers.BatchNormalization):
  """Batch normalisation over the global batch, on any number of replicas (Ioffe, Szegedy 2015).

  Keras' own makes a run depend on how many devices it has: the moving variance of its fused kernel
  has Bessel's correction and that of its synchronised one has not, and the latter subtracts two
  large numbers to get a variance, which a gradient penalty's second derivatives magnify. One
  replica uses the fused kernel, without the correction. The moving averages are mirrored, and not
  averaged on being read, which only all workers together could do.
  """

  def __init__(self, **kwargs):
    alone = tf.distribute.get_strategy().num_replicas_in_sync == 1
    super().__init__(fused=None if alone else False, **kwargs)
    self._bessels_correction_test_only = False  # Keras' own name for taking the correction out.

  def add_weight(self, *args, **kwargs):
    if kwargs.get('synchronization') == tf.VariableSynchronization.ON_READ:
      kwargs['synchronization'] = tf.VariableSynchronization.AUTO
      kwargs['aggregation'] = tf.VariableAggregation.NONE
    return super().add_weight(*args, **kwargs)

  def _assign_moving_average(self, variable, value, momentum, inputs_size):
    del inputs_size  # Batches are never empty.
    rate = 1.0 - tf.cast(momentum, variable.dtype)
    mirrored.assign([variable], [variable - (variable - value) * rate])

  def _calculate_mean_and_var(self, inputs, reduction_axes, keep_dims, mask=None):
    if mask is not None:
      raise NotImplementedError('BatchNorm takes no mask')
    inputs = tf.cast(inputs, tf.float32)
    mean = mirrored.mean(tf.reduce_mean(inputs, reduction_axes, keepdims=True))
    variance = mirrored.mean(
      tf.reduce_mean(tf.math.squared_difference(inputs, mean), reduction_axes, keepdims=True)
    )
    if not keep_dims:
      mean, variance = tf.squeeze(mean, reduction_axes), tf.squeeze(variance, reduction_axes)
    return mean, variance


class Dropout(keras.layers.Layer):
  """Dropout whose mask is keyed by step and position in the global batch (Srivastava et al. 2014).

  Keras' own layer keeps its state in a generator that no checkpoint holds and that differs between
  replicas. In training it must be called inside `randomness.scope`.
  """

  def __init__(self, rate: float, **kwargs):
    super().__init__(**kwargs)
    if not 0 <= rate < 1:
      raise ValueError(f'dropout={rate} should be at least 0 and less than 1')
    self.rate = rate

  def call(self, inputs, training=None):
    if not training:
      return inputs
    if inputs.shape[0] is None and not randomness.active():
      return inputs  # Keras calls the layer once on a placeholder while the model is being built.
    keep = randomness.uniform(inputs.shape) >= self.rate
    return tf.where(keep, inputs / (1.0 - self.rate), tf.zeros_like(inputs))

  def get_config(self):
    return {**super().get_config(), 'rate': self.rate}


class UnitToImageRange(keras.layers.Layer):
  """Maps the output range of a sigmoid, [0, 1], to that of images, [-1, 1]."""

  def call(self, inputs):
    return inputs * 2.0 - 1.0
