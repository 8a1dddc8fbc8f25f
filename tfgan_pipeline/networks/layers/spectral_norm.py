"""Dense and convolutional layers whose kernel has spectral norm 1 (Miyato et al. 2018, 1802.05957).

    layers.Conv2D(64, 4, 2) -> SpectralConv2D(64, 4, 2)

The kernel is divided by its largest singular value (equation 8 of the paper), as a matrix
[everything else, outputs]. One round of power iteration per call in training (algorithm 1) keeps
the estimate up to date. The vector that it moves depends on weights alone, so every replica
computes equal values without communication. Inference changes nothing. A new layer has made _ROUNDS
rounds, so that its norm is about 1 before any training.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.replicas import collectives

# As many as PyTorch's `spectral_norm` makes for a new layer. On normal kernels of up to 4,096
# outputs the estimate is then at most 3 % below the largest singular value; after one round, 23 %.
_ROUNDS = 15


def estimated_norm(kernel: tf.Tensor, vector: tf.Variable, training: bool | None) -> tf.Tensor:
  """Returns an estimate, from below, of the largest singular value of a kernel, a float32 scalar.

  Args:
    kernel: [..., outputs].
    vector: Estimate of the right singular vector, float32 [1, outputs]; in training one round of
      power iteration updates it.
    training: Whether the call is one of training; None is no.
  """
  matrix, right = _matrix(kernel), tf.identity(vector)
  left = _left_vector(matrix, right)  # [1, everything else]
  if training:
    right = tf.math.l2_normalize(tf.matmul(left, matrix))
    collectives.assign([vector], [right])
  # left * W * right^T, [1, 1]; the vectors count as constants for gradients.
  norm = tf.matmul(
    tf.matmul(tf.stop_gradient(left), matrix), tf.stop_gradient(right), transpose_b=True
  )
  return tf.squeeze(norm)


def _matrix(kernel: tf.Tensor) -> tf.Tensor:
  return tf.reshape(tf.cast(kernel, tf.float32), [-1, kernel.shape[-1]])


def _left_vector(matrix: tf.Tensor, right: tf.Tensor) -> tf.Tensor:
  return tf.math.l2_normalize(tf.matmul(right, matrix, transpose_b=True))


def _first_vector(kernel: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
  """Returns the first right singular vector of a kernel, float32 [1, outputs], from `start`."""
  matrix, right = _matrix(kernel), start
  for _ in range(_ROUNDS):
    right = tf.math.l2_normalize(tf.matmul(_left_vector(matrix, right), matrix))
  return right


def normalised(kernel: tf.Tensor, vector: tf.Variable, training: bool | None) -> tf.Tensor:
  """Divides a kernel by the estimate of its spectral norm.

  Gradients flow through the kernel and the norm, not through the singular vectors.

  Args:
    kernel: [..., outputs].
    vector: Estimate of the right singular vector, float32 [1, outputs]; updated in training.
    training: Whether the call is one of training; None is no.
  """
  return kernel / tf.cast(estimated_norm(kernel, vector, training), kernel.dtype)


def is_normalised(layer: keras.layers.Layer) -> bool:
  """Returns whether a layer divides its kernel by its spectral norm."""
  return isinstance(layer, _Spectral)


def norms(layer: keras.layers.Layer) -> tuple[tf.Tensor, tf.Tensor] | None:
  """Returns the norm by which a layer divides its kernel in inference, and a more exact one.

  The exact one takes _ROUNDS more rounds of power iteration from the layer's own vector, which is
  left as it is. Both are float32 scalars; None for layers without spectral normalisation.
  """
  if not is_normalised(layer):
    return None
  right = _first_vector(layer.kernel, tf.identity(layer.singular_vector))
  return (
    estimated_norm(layer.kernel, layer.singular_vector, False),
    tf.norm(tf.matmul(right, _matrix(layer.kernel), transpose_b=True)),
  )


# A mixin, which type checkers are to see as the Keras layer that its subclasses are.
_Layer = keras.layers.Layer if TYPE_CHECKING else object


class _Spectral(_Layer):
  """Mixin of spectral normalisation; the subclass's `_product` applies the divided kernel."""

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
  """Conv2D whose kernel has spectral norm 1; groups are not supported."""

  def _product(self, inputs, kernel):
    return self.convolution_op(inputs, kernel)


class SpectralDense(_Spectral, keras.layers.Dense):
  """Dense layer whose kernel has spectral norm 1, for inputs [batch, features]."""

  def _product(self, inputs, kernel):
    return tf.matmul(tf.cast(inputs, kernel.dtype), kernel)
