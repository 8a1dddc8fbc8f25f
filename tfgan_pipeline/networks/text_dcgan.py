"""DCGAN that reads the code of a caption (Reed et al. 2016, arXiv:1605.05396, figure 2)."""

from __future__ import annotations

import math

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import require
from tfgan_pipeline.networks.dcgan import map_sides, new_initializer
from tfgan_pipeline.networks.layers import basic as own
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec

layers = keras.layers


@registry.network
def text_dcgan(
  spec: NetworkSpec, *, filters: int = 64, max_filters: int = 512, kernel: int = 4
) -> Networks:
  """DCGAN that reads a caption's code beside the noise, and beside the discriminator's last maps.

  Text encoders are of another component: --networks="text_dcgan, text_encoder". For images of any
  size from 8x8 on, such as 28, 32 or 64 pixels.

  Args:
    spec: Networks to build, and sizes of images, noise and codes.
    filters: Width of the layers next to the image; doubled at each halving of the sides.
    max_filters: Largest width of any layer.
    kernel: Side of all kernels.

  Raises:
    UsageError: An argument is out of range, or images are smaller than 8x8.
  """
  require('--networks=text_dcgan', at_least=1, filters=filters, max_filters=max_filters)
  require('--networks=text_dcgan', at_least=1, kernel=kernel)
  networks: Networks = {}
  for name, role in spec.roles.items():
    if 'text' in role.reads and role.kind is Kind.GENERATOR:
      networks[name] = _generator(spec, name, filters, max_filters, kernel)
    elif 'text' in role.reads and role.kind is Kind.READER:
      networks[name] = _reader(spec, name, filters, max_filters, kernel)
  return networks


def _plan(spec: NetworkSpec, filters: int, most: int) -> tuple[list[tuple[int, int]], list[int]]:
  """Returns (height, width) of all maps, and the widths of the layers, from the image inwards."""
  height, width, _ = spec.image_shape
  sides = map_sides('text_dcgan', height, width)
  return sides, [min(filters * 2**depth, most) for depth in range(len(sides) - 1)]


def _generator(spec: NetworkSpec, name: str, filters: int, most: int, kernel: int) -> keras.Model:
  sides, widths = _plan(spec, filters, most)
  inputs = [keras.Input(port.sides, name=read) for read, port in spec.roles[name].reads.items()]
  units = math.prod(sides[-1]) * widths[-1]
  values = layers.Concatenate()(inputs)
  values = layers.Dense(units, use_bias=False, kernel_initializer=new_initializer())(values)
  values = layers.Reshape((*sides[-1], widths[-1]))(values)
  for depth in range(len(widths) - 1, -1, -1):
    values = layers.ReLU()(own.BatchNorm()(values))
    is_last = depth == 0
    values = layers.Conv2DTranspose(
      spec.image_shape[2] if is_last else widths[depth - 1],
      kernel,
      2,
      padding='same',
      use_bias=is_last,
      kernel_initializer=new_initializer(),
    )(values)
    odd = [side % 2 for side in sides[depth]]
    if any(odd):  # Doubling overshoots an odd side by one.
      values = layers.Cropping2D(((0, odd[0]), (0, odd[1])))(values)
  return keras.Model(inputs, layers.Activation('tanh', dtype='float32')(values), name=name)


def _reader(spec: NetworkSpec, name: str, filters: int, most: int, kernel: int) -> keras.Model:
  _, widths = _plan(spec, filters, most)
  image, text = (
    keras.Input(port.sides, name=read) for read, port in spec.roles[name].reads.items()
  )

  def convolved(maps: keras.KerasTensor, width: int, kernel: int, stride: int, norm: bool = True):
    conv = layers.Conv2D(
      width,
      kernel,
      stride,
      padding='same',
      use_bias=not norm,
      kernel_initializer=new_initializer(),
    )
    maps = conv(maps)
    return layers.LeakyReLU(0.2)(own.BatchNorm()(maps) if norm else maps)

  maps = image
  for depth, width in enumerate(widths):
    maps = convolved(maps, width, kernel, 2, norm=depth > 0)
  # Section 4.2 of the paper: the code at each place, a convolution of one pixel, and the score.
  maps = convolved(own.VectorBeside()([maps, text]), widths[-1], 1, 1)
  score = layers.Dense(spec.outputs[name], kernel_initializer=new_initializer(), dtype='float32')(
    layers.Flatten()(maps)
  )
  return keras.Model([image, text], score, name=name)
