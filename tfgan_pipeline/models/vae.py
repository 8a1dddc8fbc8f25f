"""Variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import tensorflow_probability as tfp

from tfgan_pipeline import registry
from tfgan_pipeline.compat import StoredValues, tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.split import Example
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.media import images as pixels
from tfgan_pipeline.models.autoencoder import Autoencoder
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.replicas import randomness

if TYPE_CHECKING:
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

_SIDE = 20  # Images along each axis of the manifold.
_POINTS = 1000  # Real images in the scatter plot of latents.


@registry.model
def vae(
  noise: Noise, data: Fields, *, reconstruction: str = 'bernoulli', beta: float = 1.0
) -> Game:
  """Variational autoencoder with a normal posterior; --noise, such as normal(2), is the prior.

  Args:
    noise: Prior of the latents, which must be normal.
    data: Fields of the examples.
    reconstruction: Call string of a component of losses/reconstruction.py, such as 'bernoulli'.
    beta: Weight of the divergence from the prior (Higgins et al. 2017); with 1 the loss is the
      negative evidence lower bound.

  Raises:
    UsageError: The prior is not normal, or `beta` is negative.
  """
  require_normal(noise, 'vae')
  require('--model', at_least=0, beta=beta)
  return VAE(noise, data, reconstruction, beta)


def require_normal(noise: Noise, model: str) -> None:
  """Raises UsageError, which names the model, unless a prior is normal."""
  if noise.sampler is not tf.random.stateless_normal:
    raise UsageError(f'--noise: the prior of --model={model} is normal, as in --noise="normal(2)"')


class VAE(Autoencoder):
  """Game of a variational autoencoder; the encoder gives [mean, log variance] of the posterior.

  Args:
    noise: Prior of the latents.
    data: Fields of the examples.
    reconstruction: Call string of a component of losses/reconstruction.py, such as 'bernoulli'.
    beta: Weight of the divergence from the prior.
  """

  def __init__(self, noise: Noise, data: Fields, reconstruction: str, beta: float):
    super().__init__(noise, data, reconstruction)
    self.outputs = {'encoder': 2 * noise.size}
    self._beta = beta
    if noise.size == 2:
      self.shown_examples = _POINTS

  def _decode(self, codes: tf.Tensor) -> tf.Tensor:
    return super()._decode(self.drawn(codes))

  def drawn(self, codes: tf.Tensor) -> tf.Tensor:
    """Samples latents float32 [n, noise size] from the posterior, inside a `randomness.scope`."""
    posterior = self.posterior(codes)
    # The reparameterisation trick (section 2.4 of the paper).
    return posterior.loc + posterior.scale * randomness.normal(posterior.loc.shape)

  def posterior(self, codes: tf.Tensor) -> tfp.distributions.Normal:
    """Returns the posterior of the encoder's output, float32 [n, 2 * noise size]."""
    mean, log_variance = tf.split(codes, 2, axis=1)  # [n, noise size] each.
    return tfp.distributions.Normal(mean, tf.exp(0.5 * log_variance))

  def divergence(self, codes: tf.Tensor) -> tf.Tensor:
    """Returns KL(posterior, prior) of the encoder's output in nats, float32 [n]."""
    prior = tfp.distributions.Normal(0.0, 1.0)
    return tf.reduce_sum(tfp.distributions.kl_divergence(self.posterior(codes), prior), axis=1)

  def gan_loss(
    self, model: tfgan.GANModel, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    """Returns the loss: reconstruction error plus weighted divergence, in nats per image."""
    loss = super().gan_loss(model, adversarial)
    divergence = tf.reduce_mean(self.divergence(model.generator_inputs))
    return loss._replace(generator_loss=loss.generator_loss + self._beta * divergence)

  def observations(self, model: tfgan.GANModel) -> dict[str, tf.Tensor]:
    """Returns scalars to plot, with the divergence from the prior in nats per image."""
    divergence = tf.reduce_mean(self.divergence(model.generator_inputs))
    return {**super().observations(model), 'divergence': divergence}

  def encode(self, images: np.ndarray | tf.Tensor) -> tf.Tensor:
    return self.posterior(super().encode(images)).loc

  def shown(self, networks: Networks, examples: StoredValues) -> dict[str, tf.Tensor]:
    """Computes reconstructions and, with two latents, the manifold and the latents of examples."""
    shown = super().shown(networks, examples)
    if self.noise.size == 2:
      quantiles = tf.math.ndtri((tf.range(_SIDE, dtype=tf.float32) + 0.5) / _SIDE)
      across, down = tf.meshgrid(quantiles, quantiles[::-1])
      places = tf.reshape(tf.stack([across, down], axis=-1), [-1, 2])  # [_SIDE ** 2, 2]
      shown['manifold'] = pixels.to_uint8(self.run(GENERATE, networks, places))
      shown['latents'] = self.encode(examples['image'])
    return shown

  def draw(self, shown: Mapping[str, np.ndarray], examples: Example) -> dict[str, np.ndarray]:
    """Draws 'reconstructions' and, with two latents, 'manifold' and 'latents', uint8 [H, W, C].

    The manifold has images at equal steps of the prior's quantiles, as in figure 4 of the paper;
    the latents are a scatter plot of encoded real images, coloured by class.
    """
    grids = super().draw(shown, examples)
    if self.noise.size == 2:
      grids['manifold'] = pixels.grid(shown['manifold'], columns=_SIDE, gap=0)
      labels = examples.get('label', np.zeros(len(shown['latents']), int))
      grids['latents'] = pixels.scatter(shown['latents'], labels)
    return grids
