"""Self-attention over the places of a map (Zhang et al. 2019, arXiv:1805.08318)."""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.spectral_norm import SpectralConv2D

layers = keras.layers


class SelfAttention(layers.Layer):
  """Adds to each place of a map [n, H, W, C] what it finds at others; H, W are even.

  As in the authors' code: queries of C / 8 channels meet keys of C / 8 and values of C / 2, both
  max-pooled to half the side; 1x1 kernels have no bias; the gain of the sum starts at 0, so that
  the layer starts as the identity.

  Args:
    spectral: Whether kernels have spectral norm 1, as in the paper.
    kernel_initializer: Of the 1x1 kernels: called once for each.
  """

  def __init__(self, *, spectral: bool = True, kernel_initializer=None, **kwargs):
    super().__init__(**kwargs)
    self._conv = SpectralConv2D if spectral else layers.Conv2D
    self._initializer = kernel_initializer or keras.initializers.GlorotUniform

  def build(self, input_shape):
    channels = input_shape[-1]

    def conv(outputs: int) -> layers.Layer:
      return self._conv(
        outputs,
        1,
        use_bias=False,
        kernel_initializer=self._initializer(),
        dtype=self.dtype_policy,
      )

    self.query, self.key = conv(max(1, channels // 8)), conv(max(1, channels // 8))
    self.value, self.output_conv = conv(max(1, channels // 2)), conv(channels)
    self.gain = self.add_weight(name='gain', shape=[], initializer='zeros')
    super().build(input_shape)

  def call(self, inputs):
    query = _places(self.query(inputs))
    key = _places(tf.nn.max_pool2d(self.key(inputs), 2, 2, 'VALID'))
    value = _places(tf.nn.max_pool2d(self.value(inputs), 2, 2, 'VALID'))
    # A sum over hundreds of places: not in 16 bits.
    weights = tf.nn.softmax(tf.cast(tf.matmul(query, key, transpose_b=True), tf.float32))
    found = tf.matmul(tf.cast(weights, value.dtype), value)
    found = tf.reshape(found, [-1, *inputs.shape[1:3], value.shape[-1]])
    return inputs + tf.cast(self.gain, found.dtype) * self.output_conv(found)


def _places(maps: tf.Tensor) -> tf.Tensor:
  """[n, H, W, C] -> [n, H * W, C]."""
  return tf.reshape(maps, [-1, maps.shape[1] * maps.shape[2], maps.shape[3]])
