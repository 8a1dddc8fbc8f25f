"""R3GAN (Huang et al. 2024, arXiv:2501.05441): residual networks without normalisation layers."""

from __future__ import annotations

import math

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.blocks import plans, residual
from tfgan_pipeline.networks.layers.basic import Bias, NearestUpsample2x
from tfgan_pipeline.networks.layers.projection import ProjectionHead
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, fill

layers = keras.layers
_SLOPE = 0.2  # As in the authors' code.
_GAIN = 2 / (1 + _SLOPE**2)  # Keeps the variance through a LeakyReLU (He et al. 2015).


class Basis(layers.Layer):
  """Learned pictures, one per channel, scaled by the inputs: [n, C] -> [n, H, W, C].

  Args:
    size: (H, W).
  """

  def __init__(self, size: tuple[int, int], **kwargs):
    super().__init__(**kwargs)
    self.size = size

  def build(self, input_shape):
    self.basis = self.add_weight(
      name='basis',
      shape=[*self.size, input_shape[-1]],
      initializer=keras.initializers.RandomNormal(0, 1),
    )
    super().build(input_shape)

  def call(self, inputs):
    return inputs[:, tf.newaxis, tf.newaxis] * tf.cast(self.basis, inputs.dtype)


class GroupedConv2D(layers.Conv2D):
  """Conv2D with groups, without bias; Keras' own takes minutes to compile by XLA on CPUs."""

  def call(self, inputs):
    return self.convolution_op(inputs, self.kernel)


def _head_layer(units: int, **kwargs) -> layers.Layer:
  """Makes a dense layer whose outputs start with the variance of its inputs."""
  return layers.Dense(units, kernel_initializer=keras.initializers.VarianceScaling(), **kwargs)


@registry.network
def r3gan(
  spec: NetworkSpec,
  *,
  filters: int = 768,
  blocks: int = 2,
  group: int = 16,
  expansion: int = 2,
  embedding: int = 64,
) -> Networks:
  """Residual networks without norms, with grouped 3x3 kernels, for the relativistic pairing loss.

  Each network has about 20.7 million parameters at 32x32. The loss needs both gradient penalties,
  R1 and R2. The two networks mirror each other: blocks of 1x1, grouped 3x3 and 1x1 kernels with
  LeakyReLU between, the last kernel starting at zero; between blocks, sides are doubled or halved
  with the filter (1, 2, 1). Three things differ from the authors' code: tanh ends the generator,
  because images of this package are in [-1, 1]; the generator embeds a one-hot label; and a
  labelled discriminator has this package's projection head.

  Args:
    spec: Networks to build, and sizes of images and noise; the shorter side of images is 4 times a
      power of 2, 8 or more.
    filters: Width of maps up to a shorter side of 32, halved at each doubling beyond.
    blocks: Number of residual blocks per size of map.
    group: Channels per group of the 3x3 kernels.
    expansion: Width inside a block, in multiples of that of its maps.
    embedding: Length of the class's embedding in the generator.

  Raises:
    UsageError: An argument is out of range, or does not suit the size of images.
  """
  require(
    '--networks',
    at_least=1,
    filters=filters,
    blocks=blocks,
    group=group,
    expansion=expansion,
    embedding=embedding,
  )
  widths = plans.widths_from_4(spec, 'r3gan', filters, widest=32)
  height, width, channels = spec.image_shape
  if widths[-1] * expansion % group:
    raise UsageError(
      f'--networks=r3gan: group={group} should divide {widths[-1] * expansion}, the width inside '
      f'the blocks at {height}x{width}'
    )
  # Fixup (Zhang et al. 2019, arXiv:1901.09321): with L residual branches of m = 3 layers each, a
  # layer's deviation starts with the factor L ** (-1 / (2m - 2)), and the last layer at zero.
  share = (len(widths) * blocks) ** (-1 / 4)

  def conv(maps, width, kernel=1, scale=1.0, groups=1):
    initializer = keras.initializers.VarianceScaling(scale) if scale else 'zeros'
    make = layers.Conv2D if groups == 1 else GroupedConv2D
    return make(
      width,
      kernel,
      padding='same',
      groups=groups,
      use_bias=False,
      kernel_initializer=initializer,
    )(maps)

  def stage(maps):
    width = maps.shape[-1]
    inner = width * expansion  # [n, H, W, width] -> [n, H, W, inner] -> [n, H, W, width]
    for _ in range(blocks):
      branch = layers.LeakyReLU(_SLOPE)(Bias()(conv(maps, inner, scale=_GAIN * share**2)))
      branch = conv(branch, inner, 3, _GAIN * share**2, inner // group)
      branch = layers.LeakyReLU(_SLOPE)(Bias()(branch))
      maps = layers.Add()([maps, conv(branch, width, scale=0)])
    return maps

  def match_width(maps, width):
    return maps if maps.shape[-1] == width else conv(maps, width)

  size = plans.innermost(spec, len(widths) - 1)

  def generator(role: str) -> keras.Model:
    noise = keras.Input((spec.noise_size,))
    labels, one_hot = residual.label_input(spec, role)
    start = noise
    if labels:
      start = layers.Concatenate()([noise, layers.Dense(embedding, use_bias=False)(one_hot)])
    maps = Basis(size)(
      layers.Dense(
        widths[0], use_bias=False, kernel_initializer=keras.initializers.VarianceScaling()
      )(start)
    )
    for place, width in enumerate(widths):
      if place:
        maps = NearestUpsample2x()(match_width(maps, width))
        # A box filter on top of the squares of four is the filter (1, 2, 1).
        maps = layers.AveragePooling2D(2, 1, 'same')(maps)
      maps = stage(maps)
    images = layers.Activation('tanh', dtype='float32')(conv(maps, channels))
    return keras.Model([noise, *labels] if labels else noise, images)

  def reader(role: str, outputs: int) -> keras.Model:
    images = keras.Input(spec.image_shape)
    labels, one_hot = residual.label_input(spec, role)
    maps = conv(images, widths[-1])
    for place, width in enumerate(reversed(widths)):
      if place:
        maps = layers.AveragePooling2D(2, 1, 'same')(maps)
        maps = match_width(layers.AveragePooling2D()(maps), width)
      maps = stage(maps)
    # A weighted sum over all places, [n, H, W, C] -> [n, 1, 1, C]; 1 / sqrt(H * W) keeps the size.
    basis = keras.initializers.RandomNormal(0, 1 / math.sqrt(math.prod(size)))
    features = layers.DepthwiseConv2D(size, use_bias=False, depthwise_initializer=basis)(maps)
    head = ProjectionHead(outputs, dense=_head_layer, dtype='float32')
    features = layers.Flatten()(features)
    if labels:
      return keras.Model([images, *labels], head([features, one_hot]), name=role)
    return keras.Model(images, head(features), name=role)

  return fill(spec, generator, reader)
