"""Residual networks for images: the common part of SNGAN, SAGAN and BigGAN.

A block takes maps and a width and returns maps, as in Keras' functional interface. The papers
differ in the block, its width at each side, and what conditions it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import dataclasses
import functools
import math
from typing import Any, NamedTuple

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.blocks.plans import Plan, innermost
from tfgan_pipeline.networks.layers.attention import SelfAttention
from tfgan_pipeline.networks.layers.basic import BatchNorm, NearestUpsample2x
from tfgan_pipeline.networks.layers.conditional_batch_norm import ConditionalBatchNorm, OneHot
from tfgan_pipeline.networks.layers.minibatch import minibatch_layers
from tfgan_pipeline.networks.layers.projection import ProjectionHead
from tfgan_pipeline.networks.layers.spectral_norm import SpectralConv2D, SpectralDense
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, fill

layers = keras.layers


def label_input(spec: NetworkSpec, role: str):
  """Returns ([Keras input of labels int32 [n]], one-hot labels [n, classes]) of a new network.

  The result is ([], None) for a role that reads no labels.

  Args:
    spec: Networks to build.
    role: Name of one of them, such as 'generator'.
  """
  if role not in spec.labelled:
    return [], None
  labels = keras.Input((), dtype=tf.int32, name='label')
  return [labels], OneHot(spec.num_classes)(labels)


class SumOverPlaces(layers.Layer):
  """Sums maps over all places: [n, H, W, C] -> [n, C]."""

  def call(self, inputs):
    return tf.reduce_sum(inputs, axis=[1, 2])


@dataclasses.dataclass(frozen=True)
class Blocks:
  """Factory of layers and residual blocks with equal settings, such as SNGAN's or BigGAN's.

  Attributes:
    initializer: Function that returns a kernel initialiser for convolutions of a side, such as 3,
      or, called with 0, for dense layers.
    spectral: Whether kernels have spectral norm 1.
    norm: Keyword arguments of ConditionalBatchNorm.
    wide: Whether the first convolution of a discriminator block is as wide as its outputs, as in
      SAGAN and BigGAN, or as its inputs, as in SNGAN.
  """

  initializer: Callable[[int], Any]
  spectral: bool = True
  norm: Mapping[str, Any] = dataclasses.field(default_factory=dict)
  wide: bool = True

  def conv(self, maps, width: int, kernel: int = 3):
    """Applies a new convolution: [n, H, W, C] -> [n, H, W, width]."""
    make = SpectralConv2D if self.spectral else layers.Conv2D
    initializer = self.initializer(kernel)
    return make(width, kernel, padding='same', kernel_initializer=initializer)(maps)

  def dense(self, units: int, **kwargs) -> layers.Layer:
    """Makes a dense layer; `kwargs` are arguments of keras.layers.Dense."""
    make = SpectralDense if self.spectral else layers.Dense
    return make(units, kernel_initializer=self.initializer(0), **kwargs)

  def norm_relu(self, maps, condition=None):
    """Applies a new batch norm, conditional if a condition [n, D] is given, and ReLU."""
    if condition is None:  # With the epsilon of ConditionalBatchNorm.
      maps = BatchNorm(epsilon=1e-5)(maps)
    else:
      maps = ConditionalBatchNorm(**self.norm)([maps, condition])
    return layers.ReLU()(maps)

  def attention(self, maps):
    """Applies a new self-attention layer to maps [n, H, W, C]."""
    initializer = functools.partial(self.initializer, 1)
    return SelfAttention(spectral=self.spectral, kernel_initializer=initializer)(maps)

  def up(self, maps, width: int, condition=None):
    """Applies a generator's block: [n, H, W, C] -> [n, 2H, 2W, width]."""
    branch = NearestUpsample2x()(self.norm_relu(maps, condition))
    branch = self.norm_relu(self.conv(branch, width), condition)
    # A 1x1 convolution before enlargement equals one after it, at a quarter of the cost.
    shortcut = NearestUpsample2x()(self.conv(maps, width, 1))
    return layers.Add()([self.conv(branch, width), shortcut])

  def down(self, maps, width: int, *, first: bool = False, halve: bool = True):
    """Applies a discriminator's block: [n, H, W, C] -> [n, H / 2, W / 2, width].

    Args:
      maps: Images, for the first block, or maps.
      width: Channels of the result.
      first: Whether the block reads images, to which it applies no ReLU.
      halve: Whether to halve both sides, instead of keeping them.
    """
    inputs = maps.shape[-1]
    branch = maps if first else layers.ReLU()(maps)
    branch = self.conv(branch, width if self.wide or first else inputs)
    branch = self.conv(layers.ReLU()(branch), width)
    shortcut = maps
    if halve:
      branch, shortcut = layers.AveragePooling2D()(branch), layers.AveragePooling2D()(shortcut)
    if halve or inputs != width:
      shortcut = self.conv(shortcut, width, 1)
    return layers.Add()([branch, shortcut])


class Start(NamedTuple):
  """Tensors that a generator's layers read.

  Attributes:
    inputs: Keras inputs: noise, then labels if there are any.
    noise: Input of the dense layer, [n, D].
    conditions: Input of the norms of each block, [n, K]; None for plain batch norm.
  """

  inputs: Sequence[Any]
  noise: Any
  conditions: Sequence[Any]


def generator(
  spec: NetworkSpec,
  role: str,
  blocks: Blocks,
  start: Start,
  *,
  widths: Sequence[int],
  attention: int,
) -> keras.Model:
  """Builds a generator of residual blocks, each of which doubles both sides.

  Its layers: dense, blocks, batch norm, ReLU, 3x3 convolution, tanh.

  Args:
    spec: Networks to build, and the size of images.
    role: Name of the model, such as 'generator'.
    blocks: Factory of the layers and blocks.
    start: Tensors that the layers read.
    widths: Widths of the maps, from the innermost on.
    attention: Shorter side of the maps to which self-attention is applied; 0 for none.
  """
  shape = (*innermost(spec, len(start.conditions)), widths[0])
  # [n, h, w, widths[0]]
  maps = layers.Reshape(shape)(blocks.dense(math.prod(shape))(start.noise))
  for width, condition in zip(widths[1:], start.conditions):
    maps = blocks.up(maps, width, condition)
    if min(maps.shape[1:3]) == attention:
      maps = blocks.attention(maps)
  maps = blocks.conv(blocks.norm_relu(maps), spec.image_shape[-1])
  images = layers.Activation('tanh', dtype='float32')(maps)
  inputs = list(start.inputs) if len(start.inputs) > 1 else start.inputs[0]
  return keras.Model(inputs, images, name=role)


def discriminator(
  spec: NetworkSpec,
  role: str,
  blocks: Blocks,
  *,
  down: Sequence[int],
  keep: Sequence[int],
  attention: int,
  minibatch: str = '',
) -> keras.Model:
  """Builds a network that reads images by residual blocks.

  Its layers: blocks, ReLU, sum over places, and a dense layer or, for labelled roles, a projection
  head.

  Args:
    spec: Networks to build, and the size of images.
    role: Key of `spec.outputs`, such as 'discriminator'; also the name of the model.
    blocks: Factory of the layers and blocks.
    down: Widths of the blocks that halve both sides.
    keep: Widths of further blocks, which keep the sides.
    attention: Shorter side of the maps to which self-attention is applied; 0 for none.
    minibatch: Layer that compares images, '', 'std' or 'discrimination'; see minibatch_layers.
  """
  images = keras.Input(spec.image_shape)
  labels, condition = label_input(spec, role)
  maps = images
  for place, width in enumerate((*down, *keep)):
    maps = blocks.down(maps, width, first=place == 0, halve=place < len(down))
    if min(maps.shape[1:3]) == attention:
      maps = blocks.attention(maps)
  features = SumOverPlaces(dtype='float32')(layers.ReLU()(maps))  # [n, C]
  for layer in minibatch_layers(minibatch, spec, role):
    features = layer(features)
  # In float32, as logits need their precision.
  head = ProjectionHead(spec.outputs[role], dense=blocks.dense, dtype='float32')
  if condition is None:
    return keras.Model(images, head(features), name=role)
  return keras.Model([images, *labels], head([features, condition]), name=role)


def networks(
  spec: NetworkSpec,
  plan: Plan,
  filters: int,
  generator_blocks: Blocks,
  reader_blocks: Blocks,
  read_noise: Callable[[str], Start],
  *,
  attention: int = 0,
  minibatch: str = '',
) -> Networks:
  """Builds the residual generator, and the residual networks that read images.

  Args:
    spec: Networks to build, and the size of images.
    plan: Widths in multiples of `filters`.
    filters: Factor of all widths.
    generator_blocks: Factory of the generator's layers and blocks.
    reader_blocks: Factory of the layers and blocks of networks that read images.
    read_noise: Makes, from a role, the tensors that the generator's layers read.
    attention: Shorter side of the maps to which self-attention is applied; 0 for none.
    minibatch: Layer that compares images, '', 'std' or 'discrimination'; see minibatch_layers.
  """

  def widths(multiples: Sequence[int]) -> list[int]:
    return [filters * multiple for multiple in multiples]

  def make_generator(role: str) -> keras.Model:
    return generator(
      spec, role, generator_blocks, read_noise(role), widths=widths(plan.up), attention=attention
    )

  def make_reader(role: str, outputs: int) -> keras.Model:
    del outputs  # `discriminator` reads them from the spec.
    return discriminator(
      spec,
      role,
      reader_blocks,
      down=widths(plan.down),
      keep=widths(plan.keep),
      attention=attention,
      minibatch=minibatch,
    )

  return fill(spec, make_generator, make_reader)
