"""GAN whose networks both read the class (Mirza and Osindero 2014, arXiv:1411.1784)."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.gan import GAN
from tfgan_pipeline.models.noise import Noise


@registry.model
def conditional_gan(noise: Noise, data: Fields) -> Game:
  """Generator against discriminator that both read the class, so that any class can be sampled.

  Args:
    noise: Random input of the generator.
    data: Fields of the examples, labels included.
  """
  return ConditionalGAN(noise, data)


class ConditionalGAN(GAN):
  """Class-conditional game; generated images get the classes of the batch's real ones."""

  labelled = frozenset({'generator', 'discriminator'})
