"""MSRResNet, SRResNet without batch normalisation, in the form of BasicSR (Wang et al. 2018).

arXiv:1809.00219; batch normalisation makes artefacts in images larger than those of training.
"""

from __future__ import annotations

import math

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers.enlargement import (
  BilinearUpsample,
  PixelShuffle,
  enlargements,
)
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Role

layers = keras.layers


@registry.network
def msrresnet(spec: NetworkSpec, *, filters: int = 64, blocks: int = 16) -> Networks:
  """Translator that adds detail to bilinearly enlarged images, by pixel shuffle, without norms.

  1,517,571 parameters for colour images and a factor of 4, and 1,369,859 for 2. Fully
  convolutional: weights fit images of any size. The factor is that of the data.

  Args:
    spec: Networks to build.
    filters: Width of all maps.
    blocks: Number of residual blocks.

  Raises:
    UsageError: An argument is out of range, outputs are not larger by a product of 2 and 3, or they
      have another number of channels than inputs.
  """
  require('--networks', at_least=1, filters=filters)
  require('--networks', at_least=0, blocks=blocks)
  return {
    name: _msrresnet(name, role, filters, blocks)
    for name, role in spec.of_kind(Kind.TRANSLATOR).items()
  }


def _msrresnet(name: str, role: Role, filters: int, blocks: int) -> keras.Model:
  factors = enlargements('msrresnet', role, (2, 3))
  source, target = role.reads['image'].sides, role.gives.sides
  if source[2] != target[2]:
    raise UsageError(
      f'--networks=msrresnet: it adds to its input, of {source[2]} channels, and cannot make '
      f'{target[2]}; srresnet can'
    )

  def convolution(width: int, **kwargs) -> keras.layers.Layer:
    return layers.Conv2D(width, 3, padding='same', kernel_initializer=small_he(), **kwargs)

  def leaky(maps):
    return layers.LeakyReLU(0.1)(maps)

  image = keras.Input(source, name='image')
  maps = leaky(convolution(filters)(image))
  for _ in range(blocks):
    residual = layers.ReLU()(convolution(filters)(maps))
    maps = layers.Add()([maps, convolution(filters)(residual)])
  for factor in factors:
    maps = leaky(PixelShuffle(factor)(convolution(filters * factor**2)(maps)))
  detail = convolution(target[2], dtype='float32')(leaky(convolution(filters)(maps)))
  base = BilinearUpsample(math.prod(factors))(image)
  return keras.Model(image, layers.Add(dtype='float32')([base, detail]), name=name)


def small_he() -> keras.initializers.Initializer:
  """Returns BasicSR's initialiser: a tenth of He et al. 2015; blocks start near identity."""
  # The variance of a tenth of the deviation is a hundredth of He's 2 / fan_in.
  return keras.initializers.VarianceScaling(0.02, 'fan_in', 'untruncated_normal')
