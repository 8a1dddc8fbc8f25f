"""Batch normalisation whose gain and shift follow from a condition (Dumoulin et al. 2017)."""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.basic import BatchNorm
from tfgan_pipeline.networks.layers.spectral_norm import SpectralDense

layers = keras.layers


class ConditionalBatchNorm(layers.Layer):
  """`(1 + gain) * normalised + shift` of maps [n, H, W, C], given [maps, condition [n, D]].

  Gain and shift are linear in the condition. One-hot labels make a table of them per class (Miyato
  and Koyama 2018, arXiv:1802.05637); a shared embedding beside noise is BigGAN's (Brock et al.
  2019, arXiv:1809.11096). Without the 1 a gain would start near 0 and shut the network.
  Statistics are those of BatchNorm: over the global batch, and subject to `batch_statistics`.

  Args:
    spectral: Whether both linear maps have spectral norm 1; they must not start at zero then.
    kernel_initializer: Of both linear maps: called once for each. Zeros by default, the plain norm.
    epsilon: Added to the variance.
  """

  def __init__(
    self,
    *,
    spectral: bool = False,
    kernel_initializer=None,
    epsilon: float = 1e-5,
    **kwargs,
  ):
    super().__init__(**kwargs)
    self._epsilon = epsilon
    self._dense = SpectralDense if spectral else layers.Dense
    self._initializer = kernel_initializer or keras.initializers.Zeros

  def build(self, input_shape):
    channels = input_shape[0][-1]
    own = dict(dtype=self.dtype_policy)
    self.norm = BatchNorm(center=False, scale=False, epsilon=self._epsilon, **own)
    self.gain, self.shift = (
      self._dense(channels, use_bias=False, kernel_initializer=self._initializer(), **own)
      for _ in range(2)
    )
    super().build(input_shape)

  def call(self, inputs):
    maps, condition = inputs
    gain, shift = self.gain(condition), self.shift(condition)
    # To [n, 1, 1, C].
    gain, shift = (value[:, tf.newaxis, tf.newaxis] for value in (gain, shift))
    return self.norm(maps) * (1.0 + gain) + shift


class OneHot(layers.Layer):
  """int32 [n] labels to float [n, num_classes]."""

  def __init__(self, num_classes: int, **kwargs):
    super().__init__(**kwargs)
    self.num_classes = num_classes

  def call(self, inputs):
    return tf.one_hot(inputs, self.num_classes, dtype=self.compute_dtype)

  def get_config(self):
    return {**super().get_config(), 'num_classes': self.num_classes}
