"""U-Net, the generator of pix2pix (Isola et al. 2017, arXiv:1611.07004, section 3.2.1)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers.basic import Dropout
from tfgan_pipeline.networks.layers.instance_norm import norm_layers, small_normal
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Role

layers = keras.layers


@registry.network
def unet(
  spec: NetworkSpec,
  *,
  filters: int = 64,
  depth: int = 0,
  norm: str = 'batch',
  dropout: float = 0.5,
) -> Networks:
  """Translator whose halved maps are joined to those of equal size on the way back up.

  As in pytorch-CycleGAN-and-pix2pix: with batch norm, 54,413,955 trained parameters for colour
  images of 256x256 and 41,828,995 for 128x128. The innermost map has no normalisation: a single
  number per channel and image has no variance.

  Args:
    spec: Networks to build.
    filters: Width of the first map; later ones double it, up to 8 times.
    depth: Number of halvings; 0 for as many as both sides allow.
    norm: 'batch', 'instance' or 'none'.
    dropout: Rate in the decoder's maps of full width, from the fifth halving on; the noise of
      pix2pix.

  Raises:
    UsageError: An argument is out of range, or images cannot be halved so often.
  """
  require('--networks', at_least=1, filters=filters)
  require('--networks', at_least=0, depth=depth)
  return {
    name: _unet(name, role, filters, depth, norm, dropout)
    for name, role in spec.of_kind(Kind.TRANSLATOR).items()
  }


def _unet(
  name: str, role: Role, filters: int, depth: int, norm: str, dropout: float
) -> keras.Model:
  image = keras.Input(role.reads['image'].sides, name='image')
  depth = _depth(role, depth)
  widths = [filters * min(2**level, 8) for level in range(depth)]
  bias = norm != 'batch'  # A bias before batch norm would have no effect.
  skips, maps = [], image
  for level, width in enumerate(widths):  # [N, H / 2, W / 2, F], [N, H / 4, W / 4, 2F], ...
    maps = layers.LeakyReLU(0.2)(maps) if level else maps
    maps = layers.Conv2D(width, 4, 2, 'same', use_bias=bias, kernel_initializer=small_normal())(
      maps
    )
    for layer in norm_layers(norm) if 0 < level < depth - 1 else ():
      maps = layer(maps)
    skips.append(maps)
  for level in range(depth - 1, 0, -1):
    maps = layers.Conv2DTranspose(
      widths[level - 1], 4, 2, 'same', use_bias=bias, kernel_initializer=small_normal()
    )(layers.ReLU()(maps))
    for layer in norm_layers(norm):
      maps = layer(maps)
    if 4 <= level < depth - 1 and dropout:
      maps = Dropout(dropout)(maps)
    maps = layers.Concatenate()([skips[level - 1], maps])
  maps = layers.Conv2DTranspose(
    role.gives.sides[2], 4, 2, 'same', kernel_initializer=small_normal()
  )(layers.ReLU()(maps))
  return keras.Model(image, layers.Activation('tanh', dtype='float32')(maps), name=name)


def _depth(role: Role, depth: int) -> int:
  """Returns the number of halvings; raises UsageError if the images do not allow so many."""
  source, target = role.reads['image'].sides, role.gives.sides
  if source[:2] != target[:2]:
    raise UsageError(
      f'--networks=unet: images should be of one size, not {_size(source)} and {_size(target)}'
    )
  # The lowest bit that is set in either side is the largest power of 2 that divides both.
  most = ((source[0] | source[1]) & -(source[0] | source[1])).bit_length() - 1
  if not 2 <= (depth or most) <= most:
    raise UsageError(
      f'--networks=unet(depth={depth}): sides of images should be multiples of '
      f'{2 ** max(depth, 2)}, not {_size(source)}'
    )
  return depth or most


def _size(shape: tuple[int, ...]) -> str:
  return f'{shape[0]}x{shape[1]}'
