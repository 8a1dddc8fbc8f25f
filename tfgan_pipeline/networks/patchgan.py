"""PatchGAN: a discriminator that judges every patch of an image (Isola et al. 2017).

arXiv:1611.07004, section 3.2.2, in the form of pytorch-CycleGAN-and-pix2pix.
"""

from __future__ import annotations

import math

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers.instance_norm import norm_layers, small_normal
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Role

layers = keras.layers


@registry.network
def patchgan(
  spec: NetworkSpec, *, filters: int = 64, layers: int = 3, norm: str = 'batch'
) -> Networks:
  """Discriminator of overlapping patches, of 70x70 pixels with 3 layers; a logit for each.

  Patches have sides of 16, 34, 70, 142 and 286 pixels with 1 to 5 layers, and of a single pixel
  with none. With 3 layers and batch norm, the network of two colour images has 2,768,705
  parameters; with instance norm, that of one has 2,764,737.

  Args:
    spec: Networks to build.
    filters: Width of the first convolution; later ones double it, up to 8 times.
    layers: Number of convolutions of stride 2; 0 for convolutions of 1x1 alone.
    norm: 'batch', 'instance' or 'none'.

  Raises:
    UsageError: An argument is out of range, or images are too small for so many layers.
  """
  require('--networks', at_least=1, filters=filters)
  require('--networks', at_least=0, layers=layers)
  return {
    name: _patchgan(name, role, filters, layers, norm)
    for name, role in spec.of_kind(Kind.PATCH_READER).items()
  }


def _patchgan(name: str, role: Role, filters: int, depth: int, norm: str) -> keras.Model:
  sides = {port.sides[:2] for port in role.reads.values()}
  if len(sides) > 1:
    raise UsageError(f'--networks=patchgan: its images have the sizes {sorted(sides)}')
  _require_patches(min(sides.pop()), depth)
  inputs = [keras.Input(port.sides, name=word) for word, port in role.reads.items()]
  maps = layers.Concatenate()(inputs) if len(inputs) > 1 else inputs[0]
  kernel, padding = (4, 1) if depth else (1, 0)

  def convolve(maps, width: int, stride: int, bias: bool = True, **kwargs):
    maps = layers.ZeroPadding2D(padding)(maps) if padding else maps
    return layers.Conv2D(
      width, kernel, stride, use_bias=bias, kernel_initializer=small_normal(), **kwargs
    )(maps)

  # A bias before batch norm would have no effect; instance norm has no shift of its own.
  bias = norm != 'batch'
  stride = 2 if depth else 1
  maps = layers.LeakyReLU(0.2)(convolve(maps, filters, stride))
  for level in range(1, max(depth, 1) + 1):
    stride = 2 if level < depth else 1
    maps = convolve(maps, filters * min(2**level, 8), stride, bias)
    for layer in [*norm_layers(norm), layers.LeakyReLU(0.2)]:
      maps = layer(maps)
  # The reference's network of pixels has no bias here either with batch norm.
  logits = convolve(maps, 1, 1, bool(depth) or bias, dtype='float32')  # [N, H', W', 1]
  return keras.Model(inputs if len(inputs) > 1 else inputs[0], logits, name=name)


def _require_patches(side: int, depth: int) -> None:
  """Raises UsageError unless a side leaves at least 2 numbers per side to the last norm."""
  left = side
  for _ in range(depth):
    left = math.floor((left - 2) / 2) + 1
  if depth and left < 4:
    raise UsageError(
      f'--networks=patchgan(layers={depth}): images should have sides of at least '
      f'{4 * 2**depth}, not {side}; take fewer layers'
    )
