"""Layers that read tokens of captions: vectors of words, and their mean without what is empty."""

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
    self.table = self.add_weight('table', [self.tokens, self.size], initializer=initializer)
    super().build(input_shape)

  def call(self, inputs):
    return tf.cast(_rows(self.table, inputs), self.compute_dtype)

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
