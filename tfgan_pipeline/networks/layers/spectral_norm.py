"""Dense and convolutional layers whose kernel has spectral norm 1 (Miyato et al. 2018, 1802.05957).

    layers.Conv2D(64, 4, 2) -> SpectralConv2D(64, 4, 2)

The kernel is seen as a matrix [everything else, outputs]. One round of power iteration per call in
training keeps up with it, as in the authors' code; the vector it moves is a function of weights
alone, so every replica moves its own alike and none has to be told. Inference changes nothing. A
new layer has made _ROUNDS rounds, so that its norm is 1 before any training too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.replicas import collectives

# As PyTorch's `spectral_norm` makes for a new layer: on normal kernels of up to 4,096 outputs the
# estimate is then at most 3 % below the largest singular value, after one round up to 23 %.
_ROUNDS = 15


def estimated_norm(kernel: tf.Tensor, vector: tf.Variable, training: bool | None) -> tf.Tensor:
  """An estimate of the largest singular value of `kernel`, from below: a float32 scalar.

  Args:
    kernel: [..., outputs].
    vector: float32 [1, outputs], the estimate of the right singular vector; moved in training.
    training: Whether it is; None is no.
  """
  matrix, right = _matrix(kernel), tf.identity(vector)
  left = _left(matrix, right)
  if training:
    right = tf.math.l2_normalize(tf.matmul(left, matrix))
    collectives.assign([vector], [right])
  norm = tf.matmul(
    tf.matmul(tf.stop_gradient(left), matrix), tf.stop_gradient(right), transpose_b=True
  )
  return tf.squeeze(norm)


def _matrix(kernel: tf.Tensor) -> tf.Tensor:
  return tf.reshape(tf.cast(kernel, tf.float32), [-1, kernel.shape[-1]])


def _left(matrix: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
  return tf.math.l2_normalize(tf.matmul(right, matrix, transpose_b=True))


def _first_vector(kernel: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
  """The right singular vector float32 [1, outputs] of the largest value, found from `start`."""
  matrix, right = _matrix(kernel), start
  for _ in range(_ROUNDS):
    right = tf.math.l2_normalize(tf.matmul(_left(matrix, right), matrix))
  return right


def normalised(kernel: tf.Tensor, vector: tf.Variable, training: bool | None) -> tf.Tensor:
  """`kernel` divided by its `estimated_norm`.

  Returns:
    A tensor like `kernel`; gradients flow through it and its norm, not through the vectors.
  """
  return kernel / tf.cast(estimated_norm(kernel, vector, training), kernel.dtype)


def divisor(layer: keras.layers.Layer) -> float | None:
  """The number by which a layer divides its kernel in inference; None for layers of other files."""
  if not isinstance(layer, _Spectral):
    return None
  return float(estimated_norm(layer.kernel, layer.singular_vector, False))


_Layer = keras.layers.Layer if TYPE_CHECKING else object  # What both are besides.


class _Spectral(_Layer):
  """What both layers do; `_product` applies the kernel as the Keras layer would its own."""

  def build(self, input_shape):
    super().build(input_shape)
    random = keras.initializers.TruncatedNormal(stddev=1.0)
    self.singular_vector = self.add_weight(
      name='singular_vector',
      shape=[1, self.kernel.shape[-1]],
      initializer=lambda *args, **kwargs: _first_vector(self.kernel, random(*args, **kwargs)),
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
