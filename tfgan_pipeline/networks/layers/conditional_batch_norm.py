"""Batch normalisation with conditional gain and shift (Dumoulin et al. 2017, arXiv:1610.07629)."""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.basic import BatchNorm
from tfgan_pipeline.networks.layers.spectral_norm import SpectralDense

layers = keras.layers


class ConditionalBatchNorm(layers.Layer):
  """Batch norm of maps [n, H, W, C] whose gain and shift depend on a condition [n, D].

  Reads [maps, condition] and gives `(1 + gain) * normalised + shift` [n, H, W, C]. Gain and shift
  are linear in the condition. With one-hot labels they are a table per class (Miyato and Koyama
  2018, arXiv:1802.05637); with an embedding of the class beside noise they are BigGAN's (Brock et
  al. 2019, arXiv:1809.11096). Without the 1 the output would start near 0. Statistics are those of
  BatchNorm: over the global batch, and subject to `batch_statistics`.

  Args:
    spectral: Whether both linear maps have spectral norm 1; they must not start at zero then.
    kernel_initializer: Makes an initialiser of a linear map, once for gain and once for shift. By
      default zeros, with which the layer starts as batch norm without gain and shift.
    epsilon: Added to the variance; 1e-5 is that of BigGAN's PyTorch code.
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
    options = dict(dtype=self.dtype_policy)
    self.norm = BatchNorm(center=False, scale=False, epsilon=self._epsilon, **options)
    self.gain, self.shift = (
      self._dense(channels, use_bias=False, kernel_initializer=self._initializer(), **options)
      for _ in range(2)
    )
    super().build(input_shape)

  def call(self, inputs):
    maps, condition = inputs
    gain, shift = self.gain(condition), self.shift(condition)
    # [n, C] -> [n, 1, 1, C]
    gain, shift = (value[:, tf.newaxis, tf.newaxis] for value in (gain, shift))
    return self.norm(maps) * (1.0 + gain) + shift


class OneHot(layers.Layer):
  """One-hot vectors, float [n, num_classes], of labels int32 [n]."""

  def __init__(self, num_classes: int, **kwargs):
    super().__init__(**kwargs)
    self.num_classes = num_classes

  def call(self, inputs):
    return tf.one_hot(inputs, self.num_classes, dtype=self.compute_dtype)

  def get_config(self):
    return {**super().get_config(), 'num_classes': self.num_classes}
