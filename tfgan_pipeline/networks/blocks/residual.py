"""Residual networks for images: the common part of SNGAN, SAGAN and BigGAN.

A block takes maps and a width and returns maps, as Keras' functional interface does; what differs
between the papers is which block, how wide at which side, and what conditions it.
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
  """([the extra Keras input], one-hot labels), or ([], None) for a role that is not told."""
  if role not in spec.labelled:
    return [], None
  labels = keras.Input((), dtype=tf.int32, name='label')
  return [labels], OneHot(spec.num_classes)(labels)


class SumOverPlaces(layers.Layer):
  """[n, H, W, C] -> [n, C]."""

  def call(self, inputs):
    return tf.reduce_sum(inputs, axis=[1, 2])


@dataclasses.dataclass(frozen=True)
class Blocks:
  """Layers and residual blocks of one style.

  Attributes:
    initializer: Side of a kernel, 0 for dense layers -> a new initialiser.
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
    make = SpectralConv2D if self.spectral else layers.Conv2D
    initializer = self.initializer(kernel)
    return make(width, kernel, padding='same', kernel_initializer=initializer)(maps)

  def dense(self, units: int, **kwargs) -> layers.Layer:
    make = SpectralDense if self.spectral else layers.Dense
    return make(units, kernel_initializer=self.initializer(0), **kwargs)

  def norm_relu(self, maps, condition=None):
    if condition is None:
      maps = BatchNorm(epsilon=1e-5)(maps)
    else:
      maps = ConditionalBatchNorm(**self.norm)([maps, condition])
    return layers.ReLU()(maps)

  def attention(self, maps):
    initializer = functools.partial(self.initializer, 1)
    return SelfAttention(spectral=self.spectral, kernel_initializer=initializer)(maps)

  def up(self, maps, width: int, condition=None):
    """A generator's block: twice the height and the width."""
    inside = NearestUpsample2x()(self.norm_relu(maps, condition))
    inside = self.norm_relu(self.conv(inside, width), condition)
    # A 1x1 convolution before nearest-neighbour enlargement is the one after it, at a quarter.
    beside = NearestUpsample2x()(self.conv(maps, width, 1))
    return layers.Add()([self.conv(inside, width), beside])

  def down(self, maps, width: int, *, first: bool = False, halve: bool = True):
    """A discriminator's block; the first of all reads images."""
    inputs = maps.shape[-1]
    inside = maps if first else layers.ReLU()(maps)
    inside = self.conv(inside, width if self.wide or first else inputs)
    inside = self.conv(layers.ReLU()(inside), width)
    beside = maps
    if halve:
      inside, beside = layers.AveragePooling2D()(inside), layers.AveragePooling2D()(beside)
    if halve or inputs != width:
      beside = self.conv(beside, width, 1)
    return layers.Add()([inside, beside])


class Start(NamedTuple):
  """Inputs of a generator's layers.

  Attributes:
    inputs: Keras inputs: noise, then labels if there are.
    noise: What the dense layer reads.
    conditions: What the norms of each block read; None for plain batch norm.
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
  """Dense layer, blocks that double both sides, batch norm, ReLU, 3x3 convolution, tanh.

  Args:
    spec: The sizes to fit.
    role: Its name.
    blocks: The style.
    start: What the layers read.
    widths: Of the maps, from the innermost on.
    attention: Shorter side of the maps that attend to themselves; 0 is none.
  """
  shape = (*innermost(spec, len(start.conditions)), widths[0])
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
  """Blocks, ReLU, sum over places, and a dense layer or, for labelled roles, a projection.

  Args:
    spec: The sizes to fit.
    role: Says how many outputs.
    blocks: The style.
    down: Widths of the blocks that halve both sides.
    keep: Widths of further blocks.
    attention: Shorter side of the maps that attend to themselves; 0 is none.
    minibatch: See minibatch_layers.
  """
  images = keras.Input(spec.image_shape)
  labels, condition = label_input(spec, role)
  maps = images
  for place, width in enumerate((*down, *keep)):
    maps = blocks.down(maps, width, first=place == 0, halve=place < len(down))
    if min(maps.shape[1:3]) == attention:
      maps = blocks.attention(maps)
  features = SumOverPlaces(dtype='float32')(layers.ReLU()(maps))
  for layer in minibatch_layers(minibatch, spec, role):
    features = layer(features)
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
  """The generator and everything that reads images.

  Args:
    spec: The sizes to fit.
    plan: Widths in multiples of `filters`.
    filters: Multiplies them.
    generator_blocks: The generator's style.
    reader_blocks: That of the others.
    read_noise: Makes what the generator's layers read.
    attention: As of `generator`.
    minibatch: As of `discriminator`.
  """

  def widths(multiples: Sequence[int]) -> list[int]:
    return [filters * multiple for multiple in multiples]

  def make_generator(role: str) -> keras.Model:
    return generator(
      spec, role, generator_blocks, read_noise(role), widths=widths(plan.up), attention=attention
    )

  def make_reader(role: str, outputs: int) -> keras.Model:
    del outputs  # The spec says so, too.
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
