"""Both players are told the class (Mirza and Osindero 2014, arXiv:1411.1784)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.gan import GAN
from tfgan_pipeline.models.noise import Noise


@registry.model
def conditional_gan(noise: Noise, data: Fields) -> Game:
  """Generator against discriminator, both told the class: any class can be generated."""
  return ConditionalGAN(noise, data)


class ConditionalGAN(GAN):
  """Generated images are of the classes of the real ones beside them, as in TF-GAN's examples."""

  labelled = frozenset({'generator', 'discriminator'})
