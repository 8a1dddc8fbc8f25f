"""The head of a projection discriminator (Miyato and Koyama 2018, arXiv:1802.05637)."""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.spectral_norm import SpectralDense

layers = keras.layers


class ProjectionHead(layers.Layer):
  """[features [n, D], condition [n, K]] -> [n, units]: linear, plus <features, embedding> first.

  The first output gets the inner product of the features with an embedding of the condition, such
  as one-hot labels; further outputs, which are not logits of real against generated, do not. Given
  features alone it is a dense layer.

  Args:
    units: Numbers per image.
    spectral: Whether kernel and embedding have spectral norm 1.
    kernel_initializer: Of both: called once for each.
  """

  def __init__(self, units: int = 1, *, spectral: bool = True, kernel_initializer=None, **kwargs):
    super().__init__(**kwargs)
    self.units = units
    self._dense = SpectralDense if spectral else layers.Dense
    self._initializer = kernel_initializer or keras.initializers.GlorotUniform

  def build(self, input_shape):
    conditional = isinstance(input_shape, (list, tuple)) and isinstance(
      input_shape[0], (list, tuple, tf.TensorShape)
    )
    own = dict(dtype=self.dtype_policy)
    self.linear = self._dense(self.units, kernel_initializer=self._initializer(), **own)
    if conditional:
      self.embedding = self._dense(
        input_shape[0][-1], use_bias=False, kernel_initializer=self._initializer(), **own
      )
    super().build(input_shape)

  def call(self, inputs):
    if not isinstance(inputs, (list, tuple)):
      return self.linear(inputs)
    features, condition = inputs
    product = tf.reduce_sum(features * self.embedding(condition), axis=1, keepdims=True)
    return self.linear(features) + tf.pad(product, [[0, 0], [0, self.units - 1]])
