"""Residual translator of CycleGAN (Zhu et al. 2017, arXiv:1703.10593, appendix 7.2).

The layers are those of Johnson et al. 2016 (arXiv:1603.08155).
"""

from __future__ import annotations

from collections.abc import Sequence

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers.basic import Dropout, NearestUpsample2x
from tfgan_pipeline.networks.layers.instance_norm import norm_layers, small_normal
from tfgan_pipeline.networks.layers.padding import ReflectionPadding
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Role

layers = keras.layers
ENLARGEMENTS = ('transposed', 'resize')


@registry.network
def resnet_translator(
  spec: NetworkSpec,
  *,
  filters: int = 64,
  blocks: int = 0,
  norm: str = 'instance',
  enlarge: str = 'transposed',
  dropout: float = 0.0,
) -> Networks:
  """Translator of residual blocks between two halvings and two enlargements.

  As in pytorch-CycleGAN-and-pix2pix: 11,378,179 parameters with 9 blocks and instance norm, and
  7,837,699 with 6, for colour images.

  Args:
    spec: Networks to build.
    filters: Width of the first map; that of the blocks is 4 times as large.
    blocks: Number of residual blocks; 0 for 9 from sides of 256 on and 6 below, as in the paper.
    norm: 'batch', 'instance' or 'none'.
    enlarge: 'transposed' for transposed convolutions, as in the paper, or 'resize' for nearest
      neighbours and a convolution, which make no checkerboards (Odena et al. 2016).
    dropout: Rate inside the blocks.

  Raises:
    UsageError: An argument is out of range, or images cannot be halved twice.
  """
  require('--networks', at_least=1, filters=filters)
  require('--networks', at_least=0, blocks=blocks)
  if enlarge not in ENLARGEMENTS:
    raise UsageError(f'enlarge={enlarge} should be one of {", ".join(ENLARGEMENTS)}')
  return {
    name: _translator(name, role, filters, blocks, norm, enlarge, dropout)
    for name, role in spec.of_kind(Kind.TRANSLATOR).items()
  }


def _translator(
  name: str, role: Role, filters: int, blocks: int, norm: str, enlarge: str, dropout: float
) -> keras.Model:
  source, target = role.reads['image'].sides, role.gives.sides
  height, width = source[:2]
  if source[:2] != target[:2] or height % 4 or width % 4 or min(height, width) < 8:
    raise UsageError(
      '--networks=resnet_translator: sides of images should be multiples of 4, from 8 on, and '
      f'equal, not {height}x{width} and {target[0]}x{target[1]}'
    )
  blocks = blocks or (9 if min(height, width) >= 256 else 6)
  bias = norm != 'batch'  # A bias before batch norm would have no effect.

  def convolution(width: int, kernel: int, **kwargs) -> keras.layers.Layer:
    return layers.Conv2D(width, kernel, use_bias=bias, kernel_initializer=small_normal(), **kwargs)

  def up(width: int) -> Sequence[keras.layers.Layer]:
    if enlarge == 'resize':
      return [NearestUpsample2x(), ReflectionPadding(1), convolution(width, 3)]
    return [
      layers.Conv2DTranspose(width, 3, 2, 'same', use_bias=bias, kernel_initializer=small_normal())
    ]

  def norm_relu() -> list[keras.layers.Layer]:
    return [*norm_layers(norm), layers.ReLU()]

  image = keras.Input(source, name='image')
  maps = _apply(image, [ReflectionPadding(3), convolution(filters, 7), *norm_relu()])
  for factor in (2, 4):  # [N, H / 2, W / 2, 2F], [N, H / 4, W / 4, 4F]
    halving = convolution(filters * factor, 3, strides=2)
    maps = _apply(maps, [layers.ZeroPadding2D(1), halving, *norm_relu()])
  for _ in range(blocks):
    first = [ReflectionPadding(1), convolution(4 * filters, 3), *norm_relu()]
    second = [ReflectionPadding(1), convolution(4 * filters, 3), *norm_layers(norm)]
    between = [Dropout(dropout)] if dropout else []
    maps = layers.Add()([maps, _apply(maps, [*first, *between, *second])])
  for factor in (2, 1):
    maps = _apply(maps, [*up(filters * factor), *norm_relu()])
  last = layers.Conv2D(target[2], 7, kernel_initializer=small_normal())
  tanh = layers.Activation('tanh', dtype='float32')
  return keras.Model(image, _apply(maps, [ReflectionPadding(3), last, tanh]), name=name)


def _apply(maps, stack: Sequence[keras.layers.Layer]):
  """Applies layers one after the other."""
  for layer in stack:
    maps = layer(maps)
  return maps
