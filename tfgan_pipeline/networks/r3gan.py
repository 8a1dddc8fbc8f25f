"""R3GAN's modern baseline (Huang et al. 2024, arXiv:2501.05441): residual and without any norm."""

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
_SLOPE = 0.2
_GAIN = 2 / (1 + _SLOPE**2)  # Keeps the variance of what passes a LeakyReLU (He et al. 2015).


class Basis(layers.Layer):
  """[n, C] -> [n, H, W, C]: a learned picture per channel, scaled by the inputs.

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
  """As Conv2D without bias; Keras compiles one with groups by XLA, which on CPUs takes minutes."""

  def call(self, inputs):
    return self.convolution_op(inputs, self.kernel)


def _head_layer(units: int, **kwargs) -> layers.Layer:
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
  """ResNets without norms, 3x3 kernels in groups: about 20.7 million parameters each at 32.

  For the relativistic pairing loss with both gradient penalties, R1 and R2. Each of the two
  networks mirrors the other: blocks of 1x1, grouped 3x3 and 1x1 kernels with LeakyReLU between,
  the last kernel starting at zero; sides are doubled and halved with the filter (1, 2, 1) outside
  of them. Three things differ from the authors' code: tanh ends the generator, whose images this
  package wants in [-1, 1]; the label is one-hot before its embedding of the generator; and a
  labelled discriminator has the projection head of this package.

  Args:
    spec: The sizes to fit; a shorter side of 4 times a power of 2, 8 or more.
    filters: Width of maps up to a shorter side of 32, halved at each doubling beyond.
    blocks: Per side.
    group: Channels of a group of the 3x3 kernels.
    expansion: How many times as wide a block is inside.
    embedding: Length of the class's embedding in the generator.
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
  # As many blocks in a row multiply their variances: each starts with its share.
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
    inner = width * expansion
    for _ in range(blocks):
      inside = layers.LeakyReLU(_SLOPE)(Bias()(conv(maps, inner, scale=_GAIN * share**2)))
      inside = conv(inside, inner, 3, _GAIN * share**2, inner // group)
      inside = layers.LeakyReLU(_SLOPE)(Bias()(inside))
      maps = layers.Add()([maps, conv(inside, width, scale=0)])
    return maps

  def rewidened(maps, width):
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
        maps = NearestUpsample2x()(rewidened(maps, width))
        maps = layers.AveragePooling2D(2, 1, 'same')(maps)  # Twice a box is the filter (1, 2, 1).
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
        maps = rewidened(layers.AveragePooling2D()(maps), width)
      maps = stage(maps)
    # A sum over all places; their number's root keeps the size of what it sums.
    basis = keras.initializers.RandomNormal(0, 1 / math.sqrt(math.prod(size)))
    features = layers.DepthwiseConv2D(size, use_bias=False, depthwise_initializer=basis)(maps)
    head = ProjectionHead(outputs, dense=_head_layer, dtype='float32')
    features = layers.Flatten()(features)
    if labels:
      return keras.Model([images, *labels], head([features, one_hot]), name=role)
    return keras.Model(images, head(features), name=role)

  return fill(spec, generator, reader)
