"""StyleGAN2 without mixed styles and path lengths in training (Karras et al. 2020, 1912.04958)."""

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
  """Returns 1 / sqrt(inputs per output), with which a unit normal kernel keeps sizes."""
  return 1 / math.sqrt(kernel.shape[:-1].num_elements())


class EqualizedDense(layers.Dense):
  """Dense layer that scales its kernel at each use, so that all layers learn at one rate.

  The equalised learning rate of section 4.1 of Karras et al. 2018 (arXiv:1710.10196).

  Args:
    units: Numbers per image.
    rate: Factor of the learning rate of kernel and bias.
    bias: Initial value of the bias.
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
    """Factor of the kernel at each use."""
    return self.rate * _gain(self.kernel)

  def call(self, inputs):
    outputs = tf.matmul(inputs, self.kernel * self.scale)
    return outputs + self.bias * self.rate if self.use_bias else outputs


class EqualizedConv2D(layers.Conv2D):
  """Conv2D that scales its kernel at each use, so that all layers learn at one rate.

  The equalised learning rate of section 4.1 of Karras et al. 2018 (arXiv:1710.10196).
  """

  def __init__(self, filters: int, kernel_size: int, **kwargs):
    initializer = keras.initializers.RandomNormal(0, 1)
    super().__init__(filters, kernel_size, kernel_initializer=initializer, **kwargs)

  @property
  def scale(self) -> float:
    """Factor of the kernel at each use."""
    return _gain(self.kernel)

  def call(self, inputs):
    outputs = self.convolution_op(inputs, self.kernel * self.scale)
    return outputs + self.bias if self.use_bias else outputs


class ModulatedConv2D(layers.Layer):
  """Convolution with a style: [maps [n, H, W, C], style [n, D]] -> [n, H, W, filters].

  The style scales the kernel's input channels; demodulation divides each output channel by its
  norm. Instead of the kernel, the maps are scaled before and after the convolution: the result is
  equal (section 2.2 of the paper), and all images share one kernel.

  Args:
    filters: Output channels.
    kernel_size: Side of the kernel.
    demodulate: Whether to divide by norms.
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
    """Factor of the kernel at each use, without the style."""
    return _gain(self.kernel)

  def call(self, inputs):
    maps, style = inputs
    scales = self.affine(style)  # [n, C], at first about 1.
    kernel = self.kernel * self.scale
    # Equation 1: modulation.
    maps = tf.nn.conv2d(maps * scales[:, tf.newaxis, tf.newaxis], kernel, 1, 'SAME')
    if not self.demodulate:
      return maps
    # Equation 3: demodulation, with the epsilon of the authors' code.
    energies = tf.reduce_sum(tf.square(tf.cast(kernel, tf.float32)), axis=[0, 1])
    energies = tf.matmul(tf.square(tf.cast(scales, tf.float32)), energies)  # [n, filters]
    norms = tf.cast(tf.math.rsqrt(energies + 1e-8), maps.dtype)
    return maps * norms[:, tf.newaxis, tf.newaxis]


class PixelNoise(layers.Layer):
  """Adds noise [n, H, W, 1] times a learned number to maps; constant noise after training."""

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
  """Learned constant maps, equal for all images: [n, D] -> [n, *shape].

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
  """Divides each row of [n, D] by its root mean square (section 4.2 of arXiv:1710.10196)."""

  def call(self, inputs):
    inputs = tf.cast(inputs, tf.float32)
    mean = tf.reduce_mean(tf.square(inputs), axis=1, keepdims=True)
    return tf.cast(inputs * tf.math.rsqrt(mean + 1e-8), self.compute_dtype)


class ScaledLeakyReLU(layers.Layer):
  """LeakyReLU of slope 0.2, times sqrt(2) to keep the mean square, as in the authors' code."""

  def call(self, inputs):
    return tf.nn.leaky_relu(inputs, 0.2) * math.sqrt(2)


class Smooth121(layers.Layer):
  """Filters maps [n, H, W, C] by (1, 2, 1) / 4 along both sides, with zeros outside.

  Together with NearestUpsample2x before, or a 2x2 mean after it, the filter is the paper's
  (1, 3, 3, 1).
  """

  def call(self, inputs):
    rows = tf.pad(inputs, [[0, 0], [1, 1], [0, 0], [0, 0]])
    inputs = 0.5 * inputs + 0.25 * (rows[:, :-2] + rows[:, 2:])
    columns = tf.pad(inputs, [[0, 0], [0, 0], [1, 1], [0, 0]])
    return 0.5 * inputs + 0.25 * (columns[:, :, :-2] + columns[:, :, 2:])


def blur_before_stride(maps):
  """Filters maps by (1, 3, 3, 1) for a 3x3 convolution of stride 2 that follows.

  [n, H, W, C] -> [n, H + 1, W + 1, C]: padded, so that the convolution needs no padding and gives
  sides of H / 2 and W / 2.
  """
  maps = Smooth121()(layers.ZeroPadding2D(1)(maps))
  return layers.AveragePooling2D(2, 1)(maps)


class ScaledAdd(layers.Layer):
  """Adds two branches and divides by sqrt(2), which keeps their size."""

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
  """StyleGAN2: convolutions modulated by styles, against a residual discriminator.

  For the modified loss with a lazy R1 penalty; trained without mixed styles and path lengths, as
  StyleGAN2-ADA trains CIFAR-10 (arXiv:2006.06676). Four things differ from the authors' code: tanh
  ends the generator, because images of this package are in [-1, 1]; groups of the minibatch
  standard deviation are neighbours; the noise of pixels is constant after training; and a labelled
  discriminator embeds the class by one layer. Weights are stored, penalised and plotted unscaled;
  only spectral norms are those of scaled kernels.

  Args:
    spec: Networks to build, and sizes of images and noise; the shorter side of images is 4 times a
      power of 2, 8 or more.
    filters: Width of maps up to a shorter side of 64, halved at each doubling beyond.
    latent: Length of the styles.
    mapping: Number of layers from noise to style, which learn at a hundredth of the rate.
    residual: Whether the discriminator's blocks are residual; those of StyleGAN2-ADA for CIFAR-10
      are not.
    group: Images per group whose standard deviation the discriminator reads; 0 for none.

  Raises:
    UsageError: An argument is out of range, or does not suit the size of images.
  """
  require('--networks', at_least=1, filters=filters, latent=latent, mapping=mapping)
  # In the authors' code 32,768 / side, at most 512.
  widths = widths_from_4(spec, 'stylegan2', filters, widest=64)

  def generator(role: str) -> keras.Model:
    noise = keras.Input((spec.noise_size,))
    labels, one_hot = label_input(spec, role)
    style = UnitRms()(noise)
    if labels:
      embedded = UnitRms()(EqualizedDense(spec.noise_size)(one_hot))
      style = layers.Concatenate()([style, embedded])
    for depth in range(1, mapping + 1):  # The last layer's name is known to sampling/latent.
      name = 'style' if depth == mapping else None
      style = ScaledLeakyReLU(name=name)(EqualizedDense(latent, rate=0.01)(style))

    def styled(maps, width):
      maps = PixelNoise()(ModulatedConv2D(width, 3)([maps, style]))
      return ScaledLeakyReLU()(Bias()(maps))

    def coloured(maps):
      return Bias()(ModulatedConv2D(spec.image_shape[2], 1, demodulate=False)([maps, style]))

    start = Start((*innermost(spec, len(widths) - 1), widths[0]))
    maps = styled(start(style), widths[0])
    images = coloured(maps)
    for width in widths[1:]:
      maps = styled(styled(Smooth121()(NearestUpsample2x()(maps)), width), width)
      # Output skips (figure 7b of the paper).
      images = layers.Add()([Smooth121()(NearestUpsample2x()(images)), coloured(maps)])
    images = layers.Activation('tanh', dtype='float32')(images)
    return keras.Model([noise, *labels] if labels else noise, images)

  def reader(role: str, outputs: int) -> keras.Model:
    images = keras.Input(spec.image_shape)
    labels, one_hot = label_input(spec, role)
    maps = ScaledLeakyReLU()(EqualizedConv2D(widths[-1], 1)(images))
    for width in reversed(widths[:-1]):
      shortcut = layers.AveragePooling2D()(Smooth121()(maps))
      maps = ScaledLeakyReLU()(EqualizedConv2D(maps.shape[-1], 3, padding='same')(maps))
      maps = ScaledLeakyReLU()(EqualizedConv2D(width, 3, strides=2)(blur_before_stride(maps)))
      if residual:
        maps = ScaledAdd()([maps, EqualizedConv2D(width, 1, use_bias=False)(shortcut)])
    if group and role == 'discriminator':
      maps = MinibatchStdDev(group)(maps)
    maps = ScaledLeakyReLU()(EqualizedConv2D(widths[0], 3, padding='same')(maps))
    features = ScaledLeakyReLU()(EqualizedDense(widths[0])(layers.Flatten()(maps)))
    # StyleGAN2-ADA's code divides by the root of the embedding's length.
    product = 1 / math.sqrt(widths[0])
    head = ProjectionHead(outputs, dense=EqualizedDense, product=product, dtype='float32')
    if labels:
      return keras.Model([images, *labels], head([features, one_hot]), name=role)
    return keras.Model(images, head(features), name=role)

  return fill(spec, generator, reader)
