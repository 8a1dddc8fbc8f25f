"""Unconditional two-player game, through `tfgan.gan_model` (Goodfellow et al. 2014)."""

from __future__ import annotations

from collections.abc import Mapping

from tfgan_pipeline import registry
from tfgan_pipeline.compat import Inputs, tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.image_game import GENERATE, Discriminator, ImageGame
from tfgan_pipeline.models.noise import Noise


@registry.model
def gan(noise: Noise, data: Fields) -> Game:
  """Generator against discriminator on images without labels.

  Args:
    noise: Random input of the generator.
    data: Fields of the examples.
  """
  return GAN(noise, data)


class GAN(ImageGame):
  """Game of generator against discriminator; roles in `labelled` read the real image's class."""

  def gan_model(self, batch: Mapping[str, tf.Tensor]) -> tfgan.GANModel:
    generator = self.networks['generator']
    noise = self.noise.for_step(batch['image'].shape[0])
    model = tfgan.gan_model(
      generator_fn=lambda inputs: generator(inputs, training=True),
      discriminator_fn=Discriminator(self),
      real_data=batch['image'],
      generator_inputs=[noise, batch['label']] if self.labelled else noise,
    )
    return self.with_variables(model)

  def pool_examples(self) -> dict[str, tuple[Inputs, tf.Tensor]]:
    return {'': (self.inputs(GENERATE, [0], 0), tf.zeros([1, *self.data.image_shape]))}
