"""VAE/GAN, an autoencoder with a discriminator (Larsen et al. 2016, arXiv:1512.09300)."""

from __future__ import annotations

import collections
from collections.abc import Mapping
from typing import TYPE_CHECKING

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import require
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.image_game import Discriminator
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.vae import VAE, require_normal

if TYPE_CHECKING:
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

# TF-GAN's tuple for samples from the prior, and three more fields: the encoder's output,
# reconstructions for the reconstruction error, and reconstructions for the adversarial loss. Both
# reconstructions are equal in value and differ in gradients.
VAEGANModel = collections.namedtuple(
  'VAEGANModel', (*tfgan.GANModel._fields, 'codes', 'reconstructed_data', 'judged_data')
)


@registry.model
def vaegan(noise: Noise, data: Fields, *, gamma: float = 1e-3, beta: float = 1.0) -> Game:
  """VAE/GAN: a VAE with reconstruction errors in a discriminator's features, joined with a GAN.

  Args:
    noise: Prior of the latents, which must be normal.
    data: Fields of the examples.
    gamma: Weight of the reconstruction error relative to the adversarial loss, for the generator.
    beta: Weight of the divergence from the prior relative to the reconstruction error, for the
      encoder.

  Raises:
    UsageError: The prior is not normal, `beta` is negative, or `gamma` is not positive.
  """
  require_normal(noise, 'vaegan')
  require('--model', at_least=0, beta=beta)
  require('--model', above=0, gamma=gamma)
  return VAEGAN(noise, data, gamma, beta)


class VAEGAN(VAE):
  """Game of VAE/GAN; one optimiser trains encoder and generator, each by a loss of its own.

  Algorithm 1 of the paper: the encoder minimises divergence and reconstruction error; the generator
  minimises gamma times the reconstruction error plus the adversarial loss on samples and
  reconstructions; the discriminator minimises the adversarial loss on both.

  Args:
    noise: Prior of the latents.
    data: Fields of the examples.
    gamma: Weight of the reconstruction error relative to the adversarial loss, for the generator.
    beta: Weight of the divergence from the prior.
  """

  players = {'generator': ('generator', 'encoder'), 'discriminator': ('discriminator',)}
  needs = frozenset()

  def __init__(self, noise: Noise, data: Fields, gamma: float, beta: float):
    super().__init__(noise, data, 'squared_error', beta)
    self.outputs = {'discriminator': 1, **self.outputs}
    self._gamma = gamma

  def gan_model(self, batch: Mapping[str, tf.Tensor]) -> VAEGANModel:
    images, generator = batch['image'], self.networks['generator']
    model = tfgan.gan_model(
      generator_fn=lambda inputs: generator(inputs, training=True),
      discriminator_fn=Discriminator(self),
      real_data=images,
      generator_inputs=self.noise.for_step(images.shape[0]),
    )
    codes = self.networks['encoder'](images, training=True)
    latents = self.drawn(codes)
    # The loss has gamma times the reconstruction error. The encoder minimises the error itself: the
    # value of the latents stays, and their gradient is divided by gamma.
    constant = tf.stop_gradient(latents)
    scaled_latents = constant + (latents - constant) / self._gamma
    return VAEGANModel(
      *self.with_variables(model),
      codes=codes,
      reconstructed_data=generator(scaled_latents, training=True),
      judged_data=generator(tf.stop_gradient(latents), training=True),
    )

  def _adversarial_loss(self, model: VAEGANModel, adversarial: AdversarialLoss) -> tfgan.GANLoss:
    """Returns the mean of the adversarial losses on samples and on reconstructions."""
    reconstructions = model._replace(
      generated_data=model.judged_data,
      discriminator_gen_outputs=model.discriminator_fn(model.judged_data, model.generator_inputs),
    )
    halves = [Game.gan_loss(self, half, adversarial) for half in (model, reconstructions)]
    return tfgan.GANLoss(*((one + other) / 2.0 for one, other in zip(*halves)))

  def _reconstruction_error(self, model: VAEGANModel) -> tf.Tensor:
    """Returns half the squared distance between features of image and reconstruction, a mean.

    Up to a constant, the negative log likelihood of features of variance 1 (section 2.3 of the
    paper).
    """
    real, reconstruction = (
      model.discriminator_fn.features(images, model.generator_inputs, augment=False)
      for images in (model.real_data, model.reconstructed_data)
    )
    return 0.5 * tf.reduce_mean(
      tf.reduce_sum(tf.math.squared_difference(real, reconstruction), axis=1)
    )

  def gan_loss(
    self, model: VAEGANModel, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    loss = self._adversarial_loss(model, adversarial)
    divergence = tf.reduce_mean(self.divergence(model.codes))
    return loss._replace(
      generator_loss=loss.generator_loss
      + self._gamma * self._reconstruction_error(model)
      + self._beta * divergence
    )

  def observations(self, model: VAEGANModel) -> dict[str, tf.Tensor]:
    """Returns scalars to plot: the discriminator's outputs, the pixel error and the divergence."""
    difference = tf.reduce_mean(tf.abs(model.real_data - model.reconstructed_data))
    return {
      **Game.observations(self, model),
      'pixel_error': 127.5 * difference,
      'divergence': tf.reduce_mean(self.divergence(model.codes)),
    }
