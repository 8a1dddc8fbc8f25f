"""Head of a projection discriminator (Miyato and Koyama 2018, arXiv:1802.05637)."""

from __future__ import annotations

from collections.abc import Callable

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.spectral_norm import SpectralDense

layers = keras.layers


class ProjectionHead(layers.Layer):
  """Dense layer on features, plus a projection on the condition in its first output.

  Reads [features [n, D], condition [n, K]], or features alone, and gives [n, units]. The first
  output, the logit of real against generated, gets the inner product of the features with a linear
  embedding of the condition, such as one-hot labels (figure 1d of the paper); further outputs do
  not. With features alone the layer is a dense one.

  Args:
    units: Numbers per image.
    dense: Makes the dense layer and the embedding, with arguments of keras.layers.Dense;
      SpectralDense gives both spectral norm 1.
    product: Factor of the inner product.
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
    # [n, 1] -> [n, units]: zeros for further outputs.
    return self.linear(features) + tf.pad(product, [[0, 0], [0, self.units - 1]])
