"""The residual bottlenecks of BigGAN-deep (Brock et al. 2019, arXiv:1809.11096, appendix B)."""

from __future__ import annotations

import dataclasses

from tfgan_pipeline.compat import keras
from tfgan_pipeline.networks.blocks.residual import Blocks
from tfgan_pipeline.networks.layers.basic import NearestUpsample2x

layers = keras.layers
_RATIO = 4  # Of a block's width to its inside's.


@dataclasses.dataclass(frozen=True)
class Bottlenecks(Blocks):
  """As Blocks, each `up` and `down` being two bottlenecks of which one changes the side.

  Identity paths have no kernels where they can do without: the generator drops channels, the
  discriminator adds them.

  Attributes:
    stem: Width of the 3x3 convolution in front of the discriminator's first block.
  """

  stem: int = 128

  def up(self, maps, width: int, condition=None):
    return self._up(self._up(maps, maps.shape[-1], condition), width, condition, side=2)

  def _up(self, maps, width: int, condition, side: int = 1):
    inner = maps.shape[-1] // _RATIO
    inside = self.norm_relu(self.conv(self.norm_relu(maps, condition), inner, 1), condition)
    beside = maps if maps.shape[-1] == width else maps[..., :width]
    if side > 1:
      inside, beside = NearestUpsample2x()(inside), NearestUpsample2x()(beside)
    inside = self.norm_relu(self.conv(inside, inner), condition)
    inside = self.norm_relu(self.conv(inside, inner), condition)
    return layers.Add()([self.conv(inside, width, 1), beside])

  def down(self, maps, width: int, *, first: bool = False, halve: bool = True):
    if first:
      maps = self.conv(maps, self.stem)
    return self._down(self._down(maps, width, halve), width)

  def _down(self, maps, width: int, halve: bool = False):
    inside = self.conv(layers.ReLU()(maps), width // _RATIO, 1)
    for _ in range(2):
      inside = self.conv(layers.ReLU()(inside), width // _RATIO)
    inside, beside = layers.ReLU()(inside), maps
    if halve:
      inside, beside = layers.AveragePooling2D()(inside), layers.AveragePooling2D()(beside)
    more = width - maps.shape[-1]
    if more:
      beside = layers.Concatenate()([beside, self.conv(beside, more, 1)])
    return layers.Add()([self.conv(inside, width, 1), beside])
