"""Self-attention between the places of a map (Zhang et al. 2019, arXiv:1805.08318)."""

from __future__ import annotations

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.spectral_norm import SpectralConv2D

layers = keras.layers


class SelfAttention(layers.Layer):
  """Adds to each place of maps [n, H, W, C] an attention-weighted sum over all places.

  H and W must be even. As in the authors' code, queries have C / 8 channels, keys C / 8 and values
  C / 2, keys and values are max-pooled to half the sides, and 1x1 kernels have no bias. The gain of
  the sum starts at 0, so that the layer starts as the identity.

  Args:
    spectral: Whether kernels have spectral norm 1, as in the paper.
    kernel_initializer: Makes an initialiser of a 1x1 kernel, once for each of the four.
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
    query = _places(self.query(inputs))  # [n, H * W, C / 8]
    key = _places(tf.nn.max_pool2d(self.key(inputs), 2, 2, 'VALID'))
    value = _places(tf.nn.max_pool2d(self.value(inputs), 2, 2, 'VALID'))  # [n, H * W / 4, C / 2]
    # Equation 1 of the paper, in float32 because 16 bits are too few for a sum over many places.
    weights = tf.nn.softmax(tf.cast(tf.matmul(query, key, transpose_b=True), tf.float32))
    sums = tf.matmul(tf.cast(weights, value.dtype), value)
    sums = tf.reshape(sums, [-1, *inputs.shape[1:3], value.shape[-1]])
    # Equations 2 and 3.
    return inputs + tf.cast(self.gain, sums.dtype) * self.output_conv(sums)


def _places(maps: tf.Tensor) -> tf.Tensor:
  """Flattens maps [n, H, W, C] to [n, H * W, C]."""
  return tf.reshape(maps, [-1, maps.shape[1] * maps.shape[2], maps.shape[3]])
