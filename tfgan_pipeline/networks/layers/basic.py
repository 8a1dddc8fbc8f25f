"""Layers that several networks share; those in place of Keras' suit any number of replicas."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.replicas import collectives, randomness

# None: BatchNorm uses its moving averages in inference. A number: the `share` of batch_statistics.
_batch_share: float | None = None
_drops_in_inference = False


@contextlib.contextmanager
def dropout_in_inference() -> Iterator[None]:
  """Makes each Dropout called inside drop numbers in inference as in training.

  To be entered inside `randomness.scope`, and inside of a `tf.function`, not around it.
  """
  global _drops_in_inference
  previous, _drops_in_inference = _drops_in_inference, True
  try:
    yield
  finally:
    _drops_in_inference = previous


@contextlib.contextmanager
def batch_statistics(*, share: float = 0.0) -> Iterator[None]:
  """Makes each BatchNorm called inside normalise by its batch in inference, not by averages.

  A `tf.function` keeps the mode in which it was traced: enter the context inside of the function,
  not around it.

  Args:
    share: Part of the batch's mean and variance to add to the moving averages. Averages that start
      at zero are, after n calls with a share of 1 / n, the plain averages over n batches.
  """
  global _batch_share
  previous, _batch_share = _batch_share, share
  try:
    yield
  finally:
    _batch_share = previous


def batch_norms(network: keras.Model) -> list[BatchNorm]:
  """Returns all BatchNorm layers of a network, including those inside other layers."""
  return [layer for layer in network._flatten_layers() if isinstance(layer, BatchNorm)]


class BatchNorm(keras.layers.BatchNormalization):
  """Batch normalisation over the global batch, on any number of replicas (Ioffe, Szegedy 2015).

  Keras' own layer makes a run depend on the number of devices: the moving variance of its fused
  kernel has Bessel's correction and that of its synchronised one has none, and the synchronised one
  gets a variance as the difference of two large numbers, an error that the second derivatives of a
  gradient penalty magnify. One replica uses the fused kernel, without the correction. The moving
  averages are mirrored variables: averaging them when read would need all workers at once.
  """

  def __init__(self, **kwargs):
    single_replica = tf.distribute.get_strategy().num_replicas_in_sync == 1
    super().__init__(fused=None if single_replica else False, **kwargs)
    self._bessels_correction_test_only = False  # Turns Bessel's correction off.

  def call(self, inputs, training=None, **kwargs):
    if training or _batch_share is None:
      return super().call(inputs, training=training, **kwargs)
    *axes, _ = range(inputs.shape.rank)  # All but the channels.
    mean, variance = self._calculate_mean_and_var(inputs, axes, keep_dims=False)
    if _batch_share:
      self.moving_mean.assign_add(_batch_share * mean)
      self.moving_variance.assign_add(_batch_share * variance)
    normalised = tf.nn.batch_normalization(
      tf.cast(inputs, tf.float32), mean, variance, self.beta, self.gamma, self.epsilon
    )
    return tf.cast(normalised, inputs.dtype)

  def add_weight(self, *args, **kwargs):
    if kwargs.get('synchronization') == tf.VariableSynchronization.ON_READ:
      kwargs['synchronization'] = tf.VariableSynchronization.AUTO
      kwargs['aggregation'] = tf.VariableAggregation.NONE
    return super().add_weight(*args, **kwargs)

  def _assign_moving_average(self, variable, value, momentum, inputs_size):
    del inputs_size  # Batches are never empty.
    rate = 1.0 - tf.cast(momentum, variable.dtype)
    collectives.assign([variable], [variable - (variable - value) * rate])

  def _calculate_mean_and_var(self, inputs, reduction_axes, keep_dims, mask=None):
    if mask is not None:
      raise NotImplementedError('BatchNorm takes no mask')
    inputs = tf.cast(inputs, tf.float32)
    mean = collectives.mean(tf.reduce_mean(inputs, reduction_axes, keepdims=True))
    # Squares of differences lose no digits, as the mean of squares less the squared mean would.
    variance = collectives.mean(
      tf.reduce_mean(tf.math.squared_difference(inputs, mean), reduction_axes, keepdims=True)
    )
    if not keep_dims:
      mean, variance = tf.squeeze(mean, reduction_axes), tf.squeeze(variance, reduction_axes)
    return mean, variance


class Dropout(keras.layers.Layer):
  """Dropout whose mask follows from step and place in the global batch (Srivastava et al. 2014).

  Keras' own layer keeps its state in a generator that no checkpoint holds and that differs between
  replicas. In training the layer must be called inside `randomness.scope`.

  Args:
    rate: Probability that a number is dropped.

  Raises:
    ValueError: The rate is negative, or 1 or more.
  """

  def __init__(self, rate: float, **kwargs):
    super().__init__(**kwargs)
    if not 0 <= rate < 1:
      raise ValueError(f'dropout={rate} should be at least 0 and less than 1')
    self.rate = rate

  def call(self, inputs, training=None):
    if not (training or _drops_in_inference):
      return inputs
    if inputs.shape[0] is None and not randomness.active():
      return inputs  # Keras calls the layer once on a placeholder while the model is being built.
    keep = randomness.uniform(inputs.shape) >= self.rate
    return tf.where(keep, inputs / (1.0 - self.rate), tf.zeros_like(inputs))

  def get_config(self):
    return {**super().get_config(), 'rate': self.rate}


class Bias(keras.layers.Layer):
  """Adds a learned number per channel, at first 0."""

  def build(self, input_shape):
    self.bias = self.add_weight(name='bias', shape=[input_shape[-1]], initializer='zeros')
    super().build(input_shape)

  def call(self, inputs):
    return inputs + tf.cast(self.bias, inputs.dtype)


class NearestUpsample2x(keras.layers.Layer):
  """Doubles both sides of maps [n, H, W, C]: each pixel becomes a square of four.

  Replaces Keras' `UpSampling2D`, whose gradient XLA lacks, so that TPUs could not train with it.
  """

  def call(self, inputs):
    _, height, width, channels = inputs.shape
    if None in (height, width):
      height, width = tf.unstack(tf.shape(inputs)[1:3])
    pixels = tf.reshape(inputs, [-1, height, 1, width, 1, channels])
    squares = tf.tile(pixels, [1, 1, 2, 1, 2, 1])  # [n, H, 2, W, 2, C]
    return tf.reshape(squares, [-1, 2 * height, 2 * width, channels])


class UnitToImageRange(keras.layers.Layer):
  """Maps the range of a sigmoid, [0, 1], to that of images, [-1, 1]."""

  def call(self, inputs):
    return inputs * 2.0 - 1.0


class LabelBeside(keras.layers.Layer):
  """Appends one-hot labels: [values [n, ..., C], labels int32 [n]] -> [n, ..., C + classes].

  Args:
    classes: Number of classes.
  """

  def __init__(self, classes: int, **kwargs):
    super().__init__(**kwargs)
    self.classes = classes

  def call(self, inputs):
    values, labels = inputs
    return _beside(values, tf.one_hot(labels, self.classes, dtype=values.dtype))

  def get_config(self):
    return {**super().get_config(), 'classes': self.classes}


class VectorBeside(keras.layers.Layer):
  """Appends a vector at each place: [values [n, ..., C], vectors [n, K]] -> [n, ..., C + K]."""

  def call(self, inputs):
    return _beside(*inputs)


def _beside(values: tf.Tensor, vectors: tf.Tensor) -> tf.Tensor:
  if values.shape.rank == 4:
    vectors = vectors[:, None, None, :] * tf.ones_like(values[..., :1])  # [n, H, W, K]
  return tf.concat([values, vectors], axis=-1)
