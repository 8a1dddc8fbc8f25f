"""SRResNet, the generator of SRGAN (Ledig et al. 2017, arXiv:1609.04802, figure 4)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import require
from tfgan_pipeline.networks.layers.basic import BatchNorm
from tfgan_pipeline.networks.layers.enlargement import PixelShuffle, enlargements
from tfgan_pipeline.networks.layers.prelu import prelu
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Role

layers = keras.layers


@registry.network
def srresnet(
  spec: NetworkSpec, *, filters: int = 64, blocks: int = 16, per_channel: bool = False
) -> Networks:
  """Translator of small images to 1, 2, 3, 4 ... times larger ones, by pixel shuffle; SRGAN's own.

  1,549,462 trained parameters for colour images and a factor of 4, and 1,401,749 for 2. Fully
  convolutional: weights fit images of any size. The factor is that of the data.

  Args:
    spec: Networks to build.
    filters: Width of all maps.
    blocks: Number of residual blocks.
    per_channel: Whether PReLU has a slope for each channel, and not for each layer.

  Raises:
    UsageError: An argument is out of range, or outputs are not larger by a product of 2 and 3.
  """
  require('--networks', at_least=1, filters=filters)
  require('--networks', at_least=0, blocks=blocks)
  return {
    name: _srresnet(name, role, filters, blocks, per_channel)
    for name, role in spec.of_kind(Kind.TRANSLATOR).items()
  }


def _srresnet(name: str, role: Role, filters: int, blocks: int, per_channel: bool) -> keras.Model:
  factors = enlargements('srresnet', role, (2, 3))

  def norm() -> keras.layers.Layer:
    # PyTorch's epsilon, and its momentum of 0.1 the other way round. Convolutions before have a
    # bias, without effect, as in published codes: their counts include it.
    return BatchNorm(momentum=0.9, epsilon=1e-5)

  image = keras.Input(role.reads['image'].sides, name='image')
  maps = first = prelu(per_channel)(layers.Conv2D(filters, 9, padding='same')(image))
  for _ in range(blocks):
    residual = norm()(layers.Conv2D(filters, 3, padding='same')(maps))
    residual = layers.Conv2D(filters, 3, padding='same')(prelu(per_channel)(residual))
    maps = layers.Add()([maps, norm()(residual)])
  maps = layers.Add()([first, norm()(layers.Conv2D(filters, 3, padding='same')(maps))])
  for factor in factors:
    maps = layers.Conv2D(filters * factor**2, 3, padding='same')(maps)
    maps = prelu(per_channel)(PixelShuffle(factor)(maps))
  output = layers.Conv2D(role.gives.sides[2], 9, padding='same', dtype='float32')(maps)
  return keras.Model(image, output, name=name)
