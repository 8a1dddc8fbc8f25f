"""An autoencoder whose errors a discriminator measures (Larsen et al. 2016, arXiv:1512.09300)."""

from __future__ import annotations

import collections
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import require
from tfgan_pipeline.models.game import Discriminator, Game
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.vae import VAE, require_normal

# TF-GAN's tuple of generator and discriminator on prior samples, and besides it: the encoder's
# numbers, reconstructions for the encoder's sake, and the same for the discriminator's.
VAEGANModel = collections.namedtuple(
  'VAEGANModel', (*tfgan.GANModel._fields, 'codes', 'reconstructed_data', 'judged_data')
)


@registry.model
def vaegan(noise: Noise, data: Fields, *, gamma: float = 1e-3, beta: float = 1.0) -> Game:
  """VAE/GAN: reconstruction error in the discriminator's features, and a GAN besides.

  Args:
    noise: The prior, which has to be normal.
    data: Not needed here.
    gamma: Weight of the reconstruction error against the adversarial loss, for the generator.
    beta: Weight of the divergence from the prior against that error, for the encoder.
  """
  require_normal(noise, 'vaegan')
  require('--model', at_least=0, beta=beta)
  require('--model', above=0, gamma=gamma)
  return VAEGAN(noise, data, gamma, beta)


class VAEGAN(VAE):
  """The encoder is the generator's partner: one optimiser moves both, each by its own loss.

  Algorithm 1 of the paper: the encoder minimises divergence and reconstruction error, the generator
  gamma times that error and the adversarial loss on samples and reconstructions, the discriminator
  the adversarial loss on both.

  Args:
    noise: The prior.
    data: The fields of the examples.
    gamma: See `vaegan`.
    beta: Weight of the divergence.
  """

  players = {'generator': ('generator', 'encoder'), 'discriminator': ('discriminator',)}
  needs = ()

  def __init__(self, noise: Noise, data: Fields, gamma: float, beta: float):
    super().__init__(noise, data, 'squared_error', beta)
    self.outputs = {'discriminator': 1, **self.outputs}
    self._gamma = gamma

  def gan_model(self, batch: dict[str, tf.Tensor]) -> VAEGANModel:
    images, generator = batch['image'], self.networks['generator']
    model = tfgan.gan_model(
      generator_fn=lambda inputs: generator(inputs, training=True),
      discriminator_fn=Discriminator(self),
      real_data=images,
      generator_inputs=self.noise.for_step(images.shape[0]),
    )
    codes = self.networks['encoder'](images, training=True)
    latents = self.drawn(codes)
    # The error counts gamma times for the generator and once for the encoder behind it.
    fixed = tf.stop_gradient(latents)
    once = fixed + (latents - fixed) / self._gamma
    return VAEGANModel(
      *self.with_variables(model),
      codes=codes,
      reconstructed_data=generator(once, training=True),
      judged_data=generator(tf.stop_gradient(latents), training=True),
    )

  def _adversarial(self, model: VAEGANModel, adversarial: Any) -> tfgan.GANLoss:
    """The mean over samples and reconstructions."""
    judged = model._replace(
      generated_data=model.judged_data,
      discriminator_gen_outputs=model.discriminator_fn(model.judged_data, model.generator_inputs),
    )
    halves = [Game.losses(self, half, adversarial) for half in (model, judged)]
    return tfgan.GANLoss(*((one + other) / 2.0 for one, other in zip(*halves)))

  def _error(self, model: VAEGANModel) -> tf.Tensor:
    """Half of the squared distance of features per image: a normal likelihood of variance 1."""
    real, made = (
      model.discriminator_fn.features(images, model.generator_inputs, augment=False)
      for images in (model.real_data, model.reconstructed_data)
    )
    return 0.5 * tf.reduce_mean(tf.reduce_sum(tf.math.squared_difference(real, made), axis=1))

  def losses(self, model: VAEGANModel, adversarial: Any) -> tfgan.GANLoss:
    loss = self._adversarial(model, adversarial)
    divergence = tf.reduce_mean(self.divergence(model.codes))
    return loss._replace(
      generator_loss=loss.generator_loss
      + self._gamma * self._error(model)
      + self._beta * divergence
    )

  def observations(self, model: VAEGANModel) -> dict[str, tf.Tensor]:
    """Of the discriminator's outputs, and of the autoencoder's errors."""
    difference = tf.reduce_mean(tf.abs(model.real_data - model.reconstructed_data))
    return {
      **Game.observations(self, model),
      'pixel_error': 127.5 * difference,
      'divergence': tf.reduce_mean(self.divergence(model.codes)),
    }
