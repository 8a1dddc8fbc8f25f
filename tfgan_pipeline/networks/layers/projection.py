"""The head of a projection discriminator (Miyato and Koyama 2018, arXiv:1802.05637)."""

from __future__ import annotations

from collections.abc import Callable

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.spectral_norm import SpectralDense

layers = keras.layers


class ProjectionHead(layers.Layer):
  """[features [n, D], condition [n, K]] -> [n, units]: linear, plus <features, embedding> first.

  The first output gets the inner product of the features with an embedding of the condition, such
  as one-hot labels; further outputs, which are not logits of real against generated, do not. Given
  features alone it is a dense layer.

  Args:
    units: Numbers per image.
    dense: Makes both layers, as keras.layers.Dense does; SpectralDense gives both spectral norm 1.
    product: Times the inner product.
  """

  def __init__(
    self,
    units: int = 1,
    *,
    dense: Callable[..., layers.Layer] = SpectralDense,
    product: float = 1.0,
    **kwargs,
  ):
    super().__init__(**kwargs)
    self.units = units
    self.product = product
    self._dense = dense

  def build(self, input_shape):
    conditional = isinstance(input_shape, (list, tuple)) and isinstance(
      input_shape[0], (list, tuple, tf.TensorShape)
    )
    self.linear = self._dense(self.units, dtype=self.dtype_policy)
    if conditional:
      self.embedding = self._dense(input_shape[0][-1], use_bias=False, dtype=self.dtype_policy)
    super().build(input_shape)

  def call(self, inputs):
    if not isinstance(inputs, (list, tuple)):
      return self.linear(inputs)
    features, condition = inputs
    product = tf.reduce_sum(features * self.embedding(condition), axis=1, keepdims=True)
    product *= self.product
    return self.linear(features) + tf.pad(product, [[0, 0], [0, self.units - 1]])
