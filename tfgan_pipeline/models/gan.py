"""The unconditional two-player game, through `tfgan.gan_model` (Goodfellow et al. 2014)."""

from __future__ import annotations

from collections.abc import Sequence

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf, tfgan
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.networks.spec import Networks


@registry.model
def gan(networks: Networks, noise: Noise) -> GAN:
  """Generator against discriminator on unlabelled images."""
  return GAN(networks, noise)


class GAN:
  """Owns no loop, no optimiser and no files; says what one batch means to the two networks.

  Attributes:
    networks: The Keras models by role.
    noise: Where generator inputs come from.
  """

  def __init__(self, networks: Networks, noise: Noise):
    self.networks = networks
    self.noise = noise

  def gan_model(self, batch: dict[str, tf.Tensor]) -> tfgan.GANModel:
    """The TF-GAN tuple for one replica's batch; inside a `tf.function` and `randomness.scope`.

    Args:
      batch: 'image': float32 [replica_batch, H, W, C] in [-1, 1].
    """
    generator, discriminator = self.networks['generator'], self.networks['discriminator']
    model = tfgan.gan_model(
      generator_fn=lambda inputs: generator(inputs, training=True),
      discriminator_fn=lambda images, _: discriminator(images, training=True),
      real_data=batch['image'],
      generator_inputs=self.noise.for_step(batch['image'].shape[0]),
    )
    # TF-GAN looks for variables by scope, where Keras' variables are not.
    return model._replace(
      generator_variables=generator.trainable_variables,
      discriminator_variables=discriminator.trainable_variables,
    )

  def inputs(self, indices: Sequence[int] | tf.Tensor, seed: int | tf.Tensor) -> tf.Tensor:
    """What samples `indices` are made from: input i depends on (seed, i) only."""
    return self.noise.numbered(indices, seed)

  def generate(self, generator: keras.Model, inputs: tf.Tensor) -> tf.Tensor:
    """Images float32 [N, H, W, C] in [-1, 1] in inference mode.

    Args:
      generator: The network to use, such as the moving average of the trained one.
      inputs: From `inputs`, or float32 [N, noise size] chosen otherwise.
    """
    return generator(inputs, training=False)
