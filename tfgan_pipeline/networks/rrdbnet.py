"""RRDBNet, the generator of ESRGAN (Wang et al. 2018, arXiv:1809.00219, section 3.1)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import require
from tfgan_pipeline.networks.layers.basic import NearestUpsample2x
from tfgan_pipeline.networks.layers.enlargement import enlargements
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Role

layers = keras.layers

_RESIDUAL = 0.2  # The paper's scale of what dense blocks add, which keeps deep networks stable.


@registry.network
def rrdbnet(
  spec: NetworkSpec, *, filters: int = 64, blocks: int = 23, growth: int = 32
) -> Networks:
  """Translator of residuals in residuals of dense blocks, with nearest neighbours; ESRGAN's own.

  16,697,987 parameters for colour images and a factor of 4, and 16,661,059 for 2, in the form of
  BasicSR, which instead folds images for a factor of 2. Fully convolutional: weights fit images of
  any size. The factor is that of the data.

  Args:
    spec: Networks to build.
    filters: Width of the maps between blocks.
    blocks: Number of blocks, of three dense blocks each.
    growth: Maps that each convolution of a dense block adds.

  Raises:
    UsageError: An argument is out of range, or outputs are not larger by 2, 4, 8 ...
  """
  require('--networks', at_least=1, filters=filters, growth=growth)
  require('--networks', at_least=0, blocks=blocks)
  return {
    name: _rrdbnet(name, role, filters, blocks, growth)
    for name, role in spec.of_kind(Kind.TRANSLATOR).items()
  }


def _rrdbnet(name: str, role: Role, filters: int, blocks: int, growth: int) -> keras.Model:
  factors = enlargements('rrdbnet', role, (2,))

  def convolution(width: int, scale: float = 1.0, **kwargs) -> keras.layers.Layer:
    # BasicSR's dense blocks start with a tenth of the deviation of He et al. 2015.
    he = keras.initializers.VarianceScaling(2 * scale**2, 'fan_in', 'untruncated_normal')
    return layers.Conv2D(width, 3, padding='same', kernel_initializer=he, **kwargs)

  def leaky(maps):
    return layers.LeakyReLU(0.2)(maps)

  def plus(maps, residual):
    """Adds a scaled residual to maps."""
    return layers.Add()([maps, layers.Rescaling(_RESIDUAL)(residual)])

  def dense_block(maps):
    found = [maps]
    for _ in range(4):
      joint = layers.Concatenate()(found) if len(found) > 1 else maps
      found.append(leaky(convolution(growth, 0.1)(joint)))
    return plus(maps, convolution(filters, 0.1)(layers.Concatenate()(found)))

  image = keras.Input(role.reads['image'].sides, name='image')
  maps = first = convolution(filters)(image)
  for _ in range(blocks):
    residual = maps
    for _ in range(3):
      residual = dense_block(residual)
    maps = plus(maps, residual)
  maps = layers.Add()([first, convolution(filters)(maps)])
  for _ in factors:
    maps = leaky(convolution(filters)(NearestUpsample2x()(maps)))
  maps = leaky(convolution(filters)(maps))
  output = convolution(role.gives.sides[2], dtype='float32')(maps)
  return keras.Model(image, output, name=name)
