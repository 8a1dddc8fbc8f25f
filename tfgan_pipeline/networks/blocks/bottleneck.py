"""Residual bottlenecks of BigGAN-deep (Brock et al. 2019, arXiv:1809.11096, appendix B)."""

from __future__ import annotations

import dataclasses

from tfgan_pipeline.compat import keras
from tfgan_pipeline.networks.blocks.residual import Blocks
from tfgan_pipeline.networks.layers.basic import NearestUpsample2x

layers = keras.layers
_RATIO = 4  # Width of a block over that of the bottleneck inside (appendix B).


@dataclasses.dataclass(frozen=True)
class Bottlenecks(Blocks):
  """Factory of layers and bottlenecks with equal settings; `up` and `down` apply two bottlenecks.

  One of the two doubles or halves the sides. Shortcuts have as few kernels as possible: those of
  the generator drop the last channels if the result has fewer, and those of the discriminator keep
  all channels and add missing ones by a 1x1 convolution.

  Attributes:
    initializer, spectral, norm: See Blocks.
    stem: Width of the 3x3 convolution before the discriminator's first block.
  """

  stem: int = 128

  def up(self, maps, width: int, condition=None):
    return self._bottleneck_up(
      self._bottleneck_up(maps, maps.shape[-1], condition), width, condition, side=2
    )

  def _bottleneck_up(self, maps, width: int, condition, side: int = 1):
    inner = maps.shape[-1] // _RATIO
    # Kernels of 1x1, 3x3, 3x3 and 1x1, each after batch norm and ReLU.
    branch = self.norm_relu(self.conv(self.norm_relu(maps, condition), inner, 1), condition)
    shortcut = maps if maps.shape[-1] == width else maps[..., :width]
    if side > 1:
      branch, shortcut = NearestUpsample2x()(branch), NearestUpsample2x()(shortcut)
    branch = self.norm_relu(self.conv(branch, inner), condition)
    branch = self.norm_relu(self.conv(branch, inner), condition)
    return layers.Add()([self.conv(branch, width, 1), shortcut])

  def down(self, maps, width: int, *, first: bool = False, halve: bool = True):
    if first:
      maps = self.conv(maps, self.stem)
    return self._bottleneck_down(self._bottleneck_down(maps, width, halve), width)

  def _bottleneck_down(self, maps, width: int, halve: bool = False):
    # Kernels of 1x1, 3x3, 3x3 and 1x1, each after a ReLU.
    branch = self.conv(layers.ReLU()(maps), width // _RATIO, 1)
    for _ in range(2):
      branch = self.conv(layers.ReLU()(branch), width // _RATIO)
    branch, shortcut = layers.ReLU()(branch), maps
    if halve:
      branch, shortcut = layers.AveragePooling2D()(branch), layers.AveragePooling2D()(shortcut)
    missing_channels = width - maps.shape[-1]
    if missing_channels:
      shortcut = layers.Concatenate()([shortcut, self.conv(shortcut, missing_channels, 1)])
    return layers.Add()([self.conv(branch, width, 1), shortcut])
