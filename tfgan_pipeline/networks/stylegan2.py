"""StyleGAN2 without what needs more than one pass (Karras et al. 2020, arXiv:1912.04958)."""

from __future__ import annotations

import math

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import require
from tfgan_pipeline.networks.blocks.plans import innermost, widths_from_4
from tfgan_pipeline.networks.blocks.residual import label_input
from tfgan_pipeline.networks.layers.basic import Bias, NearestUpsample2x
from tfgan_pipeline.networks.layers.minibatch import MinibatchStdDev
from tfgan_pipeline.networks.layers.projection import ProjectionHead
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, fill
from tfgan_pipeline.replicas import randomness

layers = keras.layers


def _gain(kernel: tf.Tensor) -> float:
  """Of a kernel [..., outputs] of standard deviation 1: what keeps the size of what it reads."""
  return 1 / math.sqrt(kernel.shape[:-1].num_elements())


class EqualizedDense(layers.Dense):
  """Dense, its kernel scaled as it is used, so that all layers learn at one rate (1710.10196).

  Args:
    units: Numbers per image.
    rate: Times the learning rate at which kernel and bias learn.
    bias: What the bias starts at.
  """

  def __init__(self, units: int, *, rate: float = 1.0, bias: float = 0.0, **kwargs):
    super().__init__(
      units,
      kernel_initializer=keras.initializers.RandomNormal(0, 1 / rate),
      bias_initializer=keras.initializers.Constant(bias / rate),
      **kwargs,
    )
    self.rate = rate

  @property
  def scale(self) -> float:
    """Times the kernel."""
    return self.rate * _gain(self.kernel)

  def call(self, inputs):
    outputs = tf.matmul(inputs, self.kernel * self.scale)
    return outputs + self.bias * self.rate if self.use_bias else outputs


class EqualizedConv2D(layers.Conv2D):
  """Conv2D, its kernel scaled as EqualizedDense's."""

  def __init__(self, filters: int, kernel_size: int, **kwargs):
    initializer = keras.initializers.RandomNormal(0, 1)
    super().__init__(filters, kernel_size, kernel_initializer=initializer, **kwargs)

  @property
  def scale(self) -> float:
    """Times the kernel."""
    return _gain(self.kernel)

  def call(self, inputs):
    outputs = self.convolution_op(inputs, self.kernel * self.scale)
    return outputs + self.bias if self.use_bias else outputs


class ModulatedConv2D(layers.Layer):
  """[maps [n, H, W, C], style [n, D]] -> [n, H, W, filters]: each image has kernels of its own.

  The style scales a kernel's input channels; demodulated, each of its output channels is divided by
  its norm. Scaling the maps before and after is the same (the paper's section 2.2), and no image
  needs a convolution of its own.
  """

  def __init__(self, filters: int, kernel_size: int, *, demodulate: bool = True, **kwargs):
    super().__init__(**kwargs)
    self.filters = filters
    self.kernel_size = kernel_size
    self.demodulate = demodulate

  def build(self, input_shape):
    channels = input_shape[0][-1]
    self.affine = EqualizedDense(channels, bias=1.0, dtype=self.dtype_policy)
    self.kernel = self.add_weight(
      name='kernel',
      shape=[self.kernel_size, self.kernel_size, channels, self.filters],
      initializer=keras.initializers.RandomNormal(0, 1),
    )
    super().build(input_shape)

  @property
  def scale(self) -> float:
    """Times the kernel, before the style."""
    return _gain(self.kernel)

  def call(self, inputs):
    maps, style = inputs
    scales = self.affine(style)
    kernel = self.kernel * self.scale
    maps = tf.nn.conv2d(maps * scales[:, tf.newaxis, tf.newaxis], kernel, 1, 'SAME')
    if not self.demodulate:
      return maps
    energies = tf.reduce_sum(tf.square(tf.cast(kernel, tf.float32)), axis=[0, 1])
    energies = tf.matmul(tf.square(tf.cast(scales, tf.float32)), energies)
    norms = tf.cast(tf.math.rsqrt(energies + 1e-8), maps.dtype)
    return maps * norms[:, tf.newaxis, tf.newaxis]


class PixelNoise(layers.Layer):
  """Adds one number per pixel, times a learned strength: drawn in training, afterwards constant."""

  def build(self, input_shape):
    self.strength = self.add_weight(name='strength', shape=[], initializer='zeros')
    self.constant = self.add_weight(
      name='constant',
      shape=[*input_shape[1:3], 1],
      initializer=keras.initializers.RandomNormal(0, 1),
      trainable=False,
    )
    super().build(input_shape)

  def call(self, inputs, training=None):
    noise = self.constant
    if training and inputs.shape[0] is not None:  # None: Keras builds the model on a placeholder.
      noise = randomness.normal([*inputs.shape[:3], 1])
    return inputs + self.strength * tf.cast(noise, inputs.dtype)


class Start(layers.Layer):
  """[n, D] -> [n, *shape]: the same learned maps for all images.

  Args:
    shape: (height, width, channels) of the maps.
  """

  def __init__(self, shape: tuple[int, ...], **kwargs):
    super().__init__(**kwargs)
    self.shape = shape

  def build(self, input_shape):
    self.maps = self.add_weight(
      name='maps', shape=self.shape, initializer=keras.initializers.RandomNormal(0, 1)
    )
    super().build(input_shape)

  def call(self, inputs):
    return self.maps + tf.zeros_like(inputs[:, :1, tf.newaxis, tf.newaxis])


class UnitRms(layers.Layer):
  """[n, D] divided by the root of each row's mean square."""

  def call(self, inputs):
    inputs = tf.cast(inputs, tf.float32)
    mean = tf.reduce_mean(tf.square(inputs), axis=1, keepdims=True)
    return tf.cast(inputs * tf.math.rsqrt(mean + 1e-8), self.compute_dtype)


class ScaledLeakyReLU(layers.Layer):
  """LeakyReLU of slope 0.2, times the root of 2, which keeps the size of what passes."""

  def call(self, inputs):
    return tf.nn.leaky_relu(inputs, 0.2) * math.sqrt(2)


class Blur121(layers.Layer):
  """[n, H, W, C] filtered by (1, 2, 1) / 4 along both sides, zeros outside.

  After NearestUpsample2x, or before a mean of four, it is the paper's (1, 3, 3, 1).
  """

  def call(self, inputs):
    rows = tf.pad(inputs, [[0, 0], [1, 1], [0, 0], [0, 0]])
    inputs = 0.5 * inputs + 0.25 * (rows[:, :-2] + rows[:, 2:])
    columns = tf.pad(inputs, [[0, 0], [0, 0], [1, 1], [0, 0]])
    return 0.5 * inputs + 0.25 * (columns[:, :, :-2] + columns[:, :, 2:])


def blur_before_stride(maps):
  """A convolution with (1, 3, 3, 1) and every second place, made before a 3x3 one of stride 2.

  [n, H, W, C] -> [n, H + 1, W + 1, C]: the places on which that one's nine are centred, and those
  between; no padding is left for it to do.
  """
  maps = Blur121()(layers.ZeroPadding2D(1)(maps))
  return layers.AveragePooling2D(2, 1)(maps)


class ScaledAdd(layers.Layer):
  """The sum of two branches over the root of 2, which keeps their size."""

  def call(self, inputs):
    return (inputs[0] + inputs[1]) / math.sqrt(2)


@registry.network
def stylegan2(
  spec: NetworkSpec,
  *,
  filters: int = 512,
  latent: int = 512,
  mapping: int = 8,
  residual: bool = True,
  group: int = 4,
) -> Networks:
  """Styles that modulate convolutions; images summed over resolutions; a residual discriminator.

  For the modified loss with a lazy R1 penalty; without mixed styles, path lengths and truncation,
  as StyleGAN2-ADA trains CIFAR-10 (arXiv:2006.06676). Four things differ from the authors' code:
  tanh ends the generator, whose images this package wants in [-1, 1]; groups of the minibatch
  standard deviation are neighbours; the noise of pixels is constant after training; and a labelled
  discriminator embeds the class by one layer. Weights are kept, penalised and plotted as they are
  before they are scaled; spectral norms alone are of what is used.

  Args:
    spec: The sizes to fit; a shorter side of 4 times a power of 2, 8 or more.
    filters: Width of maps up to a shorter side of 64, halved at each doubling beyond.
    latent: Length of the styles.
    mapping: Layers from noise to style, which learn at a hundredth of the rate.
    residual: Whether the discriminator's blocks are; StyleGAN2-ADA's for CIFAR-10 are not.
    group: Images of a batch whose standard deviation the discriminator sees; 0 for none.
  """
  require('--networks', at_least=1, filters=filters, latent=latent, mapping=mapping)
  widths = widths_from_4(spec, 'stylegan2', filters, widest=64)

  def generator(role: str) -> keras.Model:
    noise = keras.Input((spec.noise_size,))
    labels, one_hot = label_input(spec, role)
    style = UnitRms()(noise)
    if labels:
      embedded = UnitRms()(EqualizedDense(spec.noise_size)(one_hot))
      style = layers.Concatenate()([style, embedded])
    for _ in range(mapping):
      style = ScaledLeakyReLU()(EqualizedDense(latent, rate=0.01)(style))

    def styled(maps, width):
      maps = PixelNoise()(ModulatedConv2D(width, 3)([maps, style]))
      return ScaledLeakyReLU()(Bias()(maps))

    def coloured(maps):
      return Bias()(ModulatedConv2D(spec.image_shape[2], 1, demodulate=False)([maps, style]))

    start = Start((*innermost(spec, len(widths) - 1), widths[0]))
    maps = styled(start(style), widths[0])
    images = coloured(maps)
    for width in widths[1:]:
      maps = styled(styled(Blur121()(NearestUpsample2x()(maps)), width), width)
      images = layers.Add()([Blur121()(NearestUpsample2x()(images)), coloured(maps)])
    images = layers.Activation('tanh', dtype='float32')(images)
    return keras.Model([noise, *labels] if labels else noise, images)

  def reader(role: str, outputs: int) -> keras.Model:
    images = keras.Input(spec.image_shape)
    labels, one_hot = label_input(spec, role)
    maps = ScaledLeakyReLU()(EqualizedConv2D(widths[-1], 1)(images))
    for width in reversed(widths[:-1]):
      beside = layers.AveragePooling2D()(Blur121()(maps))
      maps = ScaledLeakyReLU()(EqualizedConv2D(maps.shape[-1], 3, padding='same')(maps))
      maps = ScaledLeakyReLU()(EqualizedConv2D(width, 3, strides=2)(blur_before_stride(maps)))
      if residual:
        maps = ScaledAdd()([maps, EqualizedConv2D(width, 1, use_bias=False)(beside)])
    if group and role == 'discriminator':
      maps = MinibatchStdDev(group)(maps)
    maps = ScaledLeakyReLU()(EqualizedConv2D(widths[0], 3, padding='same')(maps))
    features = ScaledLeakyReLU()(EqualizedDense(widths[0])(layers.Flatten()(maps)))
    product = 1 / math.sqrt(widths[0])
    head = ProjectionHead(outputs, dense=EqualizedDense, product=product, dtype='float32')
    if labels:
      return keras.Model([images, *labels], head([features, one_hot]), name=role)
    return keras.Model(images, head(features), name=role)

  return fill(spec, generator, reader)
