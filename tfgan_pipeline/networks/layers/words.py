"""Layers that read tokens of captions: vectors of words, their mean, and recurrent units."""

from __future__ import annotations

from collections.abc import Callable

from tfgan_pipeline.compat import keras, tf


class WordVectors(keras.layers.Layer):
  """Looks up a learned vector for each token: int32 [n, length] -> float [n, length, size].

  Unlike Keras' Embedding, the gradient is a dense tensor, as all optimisers and sums over replicas
  take it. Token 0, for nothing, is masked for the layers behind.

  Args:
    tokens: Number of different tokens.
    size: Length of a vector; its numbers start with variance 1.
  """

  def __init__(self, tokens: int, size: int, **kwargs):
    super().__init__(**kwargs)
    self.tokens = tokens
    self.size = size

  def build(self, input_shape):
    initializer = keras.initializers.RandomNormal(stddev=1.0)
    # float32 whatever --precision, as a frequent word's gradient is a sum over many places.
    self.table = self.add_weight(
      'table', [self.tokens, self.size], initializer=initializer, experimental_autocast=False
    )
    super().build(input_shape)

  def call(self, inputs):
    return tf.cast(_rows(tf.convert_to_tensor(self.table), inputs), self.compute_dtype)

  def compute_mask(self, inputs, mask=None):
    return tf.not_equal(inputs, 0)

  def get_config(self):
    return {**super().get_config(), 'tokens': self.tokens, 'size': self.size}


@tf.custom_gradient
def _rows(
  table: tf.Tensor, tokens: tf.Tensor
) -> tuple[tf.Tensor, Callable[[tf.Tensor], tuple[tf.Tensor, None]]]:
  count, size = table.shape

  def gradient(upstream: tf.Tensor) -> tuple[tf.Tensor, None]:
    rows, numbers = tf.reshape(upstream, [-1, size]), tf.reshape(tokens, [-1])
    return tf.math.unsorted_segment_sum(rows, numbers, count), None

  return tf.gather(table, tokens), gradient


class MeanOfWords(keras.layers.Layer):
  """Returns the mean of the vectors of a caption that are not masked: [n, length, D] -> [n, D]."""

  def call(self, inputs, mask=None):
    weights = tf.cast(mask, inputs.dtype)[..., tf.newaxis]
    return tf.reduce_sum(inputs * weights, 1) / tf.maximum(tf.reduce_sum(weights, 1), 1)


class BidirectionalGRU(keras.layers.Layer):
  """Gated recurrent units that read a caption forwards and backwards: [n, length, D] -> [n, 2 * U].

  The units are those of Cho et al. 2014 (arXiv:1406.1078, equations 5 to 8) with the reset gate
  behind the recurrent product. Both directions are computed together, and the loop is unrolled, as
  a TPU needs the number of steps. Masked places change no state.

  Args:
    units: Numbers of one direction's state.
  """

  def __init__(self, units: int, **kwargs):
    super().__init__(**kwargs)
    self.units = units

  def build(self, input_shape):
    size = 3 * self.units  # Update gate, reset gate, candidate.
    names = ('forwards', 'backwards')
    self.kernels = [
      self.add_weight(f'{name}_kernel', [input_shape[-1], size], initializer='glorot_uniform')
      for name in names
    ]
    self.recurrent_kernels = [
      self.add_weight(f'{name}_recurrent', [self.units, size], initializer='orthogonal')
      for name in names
    ]
    self.biases = [self.add_weight(f'{name}_bias', [size], initializer='zeros') for name in names]
    super().build(input_shape)

  def call(self, inputs, mask=None):
    dtype = self.compute_dtype
    both = tf.stack([inputs, tf.reverse(inputs, [1])])  # [2, n, length, D]
    is_word = tf.stack([mask, tf.reverse(mask, [1])])[..., tf.newaxis]
    kernels, biases, recurrent = (
      tf.stack([tf.cast(weight, dtype) for weight in weights])
      for weights in (self.kernels, self.biases, self.recurrent_kernels)
    )
    read = tf.einsum('knld,kdu->klnu', both, kernels) + biases[:, tf.newaxis, tf.newaxis]
    state = tf.zeros_like(read[:, 0, :, : self.units])  # [2, n, U]
    for place in range(inputs.shape[1]):
      update, reset, candidate = tf.split(read[:, place], 3, axis=-1)
      of_update, of_reset, of_candidate = tf.split(tf.matmul(state, recurrent), 3, axis=-1)
      update, reset = tf.sigmoid(update + of_update), tf.sigmoid(reset + of_reset)
      changed = update * state + (1 - update) * tf.tanh(candidate + reset * of_candidate)
      state = tf.where(is_word[:, :, place], changed, state)
    return tf.concat(tf.unstack(state), axis=-1)

  def get_config(self):
    return {**super().get_config(), 'units': self.units}
