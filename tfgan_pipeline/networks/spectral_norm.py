"""Dense and convolutional layers whose kernel has spectral norm 1 (Miyato et al. 2018, 1802.05957).

    layers.Conv2D(64, 4, 2) -> SpectralConv2D(64, 4, 2)

The kernel is seen as a matrix [everything else, outputs]. One round of power iteration per call in
training keeps up with it, as in the authors' code; the vector it moves is a function of weights
alone, so every replica moves its own alike and none has to be told. Inference changes nothing.
"""

from __future__ import annotations

from tfgan_pipeline import mirrored
from tfgan_pipeline.compat import keras, tf


def estimated_norm(kernel: tf.Tensor, vector: tf.Variable, training: bool | None) -> tf.Tensor:
  """An estimate of the largest singular value of `kernel`, from below: a float32 scalar.

  Args:
    kernel: [..., outputs].
    vector: float32 [1, outputs], the estimate of the right singular vector; moved in training.
    training: Whether it is; None is no.
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
  return tf.squeeze(norm)


def normalised(kernel: tf.Tensor, vector: tf.Variable, training: bool | None) -> tf.Tensor:
  """`kernel` divided by its `estimated_norm`.

  Returns:
    A tensor like `kernel`; gradients flow through it and its norm, not through the vectors.
  """
  return kernel / tf.cast(estimated_norm(kernel, vector, training), kernel.dtype)


def divisor(layer: keras.layers.Layer) -> float:
  """What a layer divides its kernel by in inference: 1 where it is not normalised here."""
  if not isinstance(layer, _Spectral):
    return 1.0
  return float(estimated_norm(layer.kernel, layer.singular_vector, False))


class _Spectral:
  """What both layers do; `_product` applies the kernel as the Keras layer would its own."""

  def build(self, input_shape):
    super().build(input_shape)
    self.singular_vector = self.add_weight(
      name='singular_vector',
      shape=[1, self.kernel.shape[-1]],
      initializer=keras.initializers.TruncatedNormal(stddev=1.0),
      trainable=False,
      dtype=tf.float32,
      experimental_autocast=False,
    )

  def call(self, inputs, training=None):
    outputs = self._product(inputs, normalised(self.kernel, self.singular_vector, training))
    if self.use_bias:
      outputs = tf.nn.bias_add(outputs, self.bias)
    return outputs if self.activation is None else self.activation(outputs)


class SpectralConv2D(_Spectral, keras.layers.Conv2D):
  """As Conv2D, without groups."""

  def _product(self, inputs, kernel):
    return self.convolution_op(inputs, kernel)


class SpectralDense(_Spectral, keras.layers.Dense):
  """As Dense, for inputs [batch, features]."""

  def _product(self, inputs, kernel):
    return tf.matmul(tf.cast(inputs, kernel.dtype), kernel)
