"""Dense and convolutional layers whose kernel has spectral norm 1 (Miyato et al. 2018, 1802.05957).

    layers.Conv2D(64, 4, 2) -> SpectralConv2D(64, 4, 2)

The kernel is seen as a matrix [everything else, outputs]. One round of power iteration per call in
training keeps up with it, as in the authors' code; the vector it moves is a function of weights
alone, so every replica moves its own alike and none has to be told. Inference changes nothing.
"""

from __future__ import annotations

from tfgan_pipeline import mirrored
from tfgan_pipeline.compat import keras, tf


def normalised(kernel: tf.Tensor, vector: tf.Variable, training: bool | None) -> tf.Tensor:
  """`kernel` divided by an estimate of its largest singular value.

  Args:
    kernel: [..., outputs].
    vector: float32 [1, outputs], the estimate of the right singular vector; moved in training.
    training: Whether it is; None is no.

  Returns:
    A tensor like `kernel`; gradients flow through it and its norm, not through the vectors.
  """
  matrix = tf.reshape(tf.cast(kernel, tf.float32), [-1, kernel.shape[-1]])
  right = tf.identity(vector)
  left = tf.math.l2_normalize(tf.matmul(right, matrix, transpose_b=True))
  if training:
    right = tf.math.l2_normalize(tf.matmul(left, matrix))
    mirrored.assign([vector], [right])
  norm = tf.matmul(
    tf.matmul(tf.stop_gradient(left), matrix), tf.stop_gradient(right), transpose_b=True
  )
  return kernel / tf.cast(tf.squeeze(norm), kernel.dtype)


def _vector(layer: keras.layers.Layer) -> tf.Variable:
  return layer.add_weight(
    name='singular_vector',
    shape=[1, layer.kernel.shape[-1]],
    initializer=keras.initializers.TruncatedNormal(stddev=1.0),
    trainable=False,
    dtype=tf.float32,
    experimental_autocast=False,
  )


class SpectralConv2D(keras.layers.Conv2D):
  """As Conv2D."""

  def build(self, input_shape):
    super().build(input_shape)
    self.singular_vector = _vector(self)

  def call(self, inputs, training=None):
    kernel = normalised(self.kernel, self.singular_vector, training)
    outputs = self.convolution_op(inputs, kernel)
    if self.use_bias:
      outputs = tf.nn.bias_add(outputs, self.bias)
    return outputs if self.activation is None else self.activation(outputs)


class SpectralDense(keras.layers.Dense):
  """As Dense, for inputs [batch, features]."""

  def build(self, input_shape):
    super().build(input_shape)
    self.singular_vector = _vector(self)

  def call(self, inputs, training=None):
    kernel = normalised(self.kernel, self.singular_vector, training)
    outputs = tf.matmul(tf.cast(inputs, kernel.dtype), kernel)
    if self.use_bias:
      outputs = tf.nn.bias_add(outputs, self.bias)
    return outputs if self.activation is None else self.activation(outputs)
