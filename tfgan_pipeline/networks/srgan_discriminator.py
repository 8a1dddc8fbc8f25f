"""Discriminator of SRGAN (Ledig et al. 2017, arXiv:1609.04802, figure 4)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.networks.layers.basic import BatchNorm
from tfgan_pipeline.networks.spec import Kind, Networks, NetworkSpec, Role

layers = keras.layers


@registry.network
def srgan_discriminator(spec: NetworkSpec, *, filters: int = 64, units: int = 1024) -> Networks:
  """Discriminator of whole images in the manner of VGG: four halvings and a dense layer; SRGAN's.

  23,565,505 trained parameters for colour images of 96x96. Its dense layer fits one size of images;
  `patchgan` reads any.

  Args:
    spec: Networks to build.
    filters: Width of the first maps; later ones double it, up to 8 times.
    units: Width of the dense layer.

  Raises:
    UsageError: An argument is out of range, or images have sides below 16.
  """
  require('--networks', at_least=1, filters=filters, units=units)
  return {
    name: _discriminator(name, role, filters, units)
    for name, role in spec.of_kind(Kind.PATCH_READER).items()
  }


def _discriminator(name: str, role: Role, filters: int, units: int) -> keras.Model:
  sides = {port.sides[:2] for port in role.reads.values()}
  if len(sides) > 1 or min(min(sides)) < 16:
    raise UsageError(
      '--networks=srgan_discriminator: its images should have one size, with sides of at least 16, '
      f'and have {" and ".join(f"{height}x{width}" for height, width in sorted(sides))}; '
      'patchgan reads smaller ones'
    )
  inputs = [keras.Input(port.sides, name=word) for word, port in role.reads.items()]
  maps = layers.Concatenate()(inputs) if len(inputs) > 1 else inputs[0]
  for level, factor in enumerate((1, 2, 4, 8)):
    for stride in (1, 2):
      maps = layers.Conv2D(filters * factor, 3, stride, 'same')(maps)
      if level or stride == 2:  # The first layer has no normalisation.
        maps = BatchNorm(momentum=0.9, epsilon=1e-5)(maps)
      maps = layers.LeakyReLU(0.2)(maps)
  hidden = layers.LeakyReLU(0.2)(layers.Dense(units)(layers.Flatten()(maps)))
  logit = layers.Dense(1, dtype='float32')(hidden)
  # A map of a single patch, the whole image.
  logits = layers.Reshape((1, 1, 1), dtype='float32')(logit)
  return keras.Model(inputs if len(inputs) > 1 else inputs[0], logits, name=name)
