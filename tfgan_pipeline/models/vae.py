"""The variational autoencoder (Kingma and Welling 2014, arXiv:1312.6114)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import tensorflow_probability as tfp

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tfgan
from tfgan_pipeline.data.dataset import Example
from tfgan_pipeline.data.fields import Fields
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
_POINTS = 1000  # In the scatter plot.


@registry.model
def vae(
  noise: Noise, data: Fields, *, reconstruction: str = 'bernoulli', beta: float = 1.0
) -> Game:
  """Evidence lower bound with a normal posterior; --noise=normal(2) is the prior and its size.

  Args:
    noise: The prior, which has to be normal.
    data: Not needed here.
    reconstruction: A component of losses/reconstruction.py.
    beta: Weight of the divergence from the prior (Higgins et al. 2017); 1 is the bound itself.
  """
  require_normal(noise, 'vae')
  require('--model', at_least=0, beta=beta)
  return VAE(noise, data, reconstruction, beta)


def require_normal(noise: Noise, model: str) -> None:
  """Raises UsageError for a prior that is not."""
  if noise.sampler is not tf.random.stateless_normal:
    raise UsageError(f'--noise: the prior of --model={model} is normal, as in --noise="normal(2)"')


class VAE(Autoencoder):
  """The encoder gives mean and log variance of the posterior, side by side.

  Args:
    noise: The prior.
    data: The fields of the examples.
    reconstruction: A component of losses/reconstruction.py.
    beta: Weight of the divergence.
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
    """Latents float32 [n, noise size] from the posterior, in a `randomness.scope`."""
    posterior = self.posterior(codes)
    return posterior.loc + posterior.scale * randomness.normal(posterior.loc.shape)

  def posterior(self, codes: tf.Tensor) -> tfp.distributions.Normal:
    """Of float32 [n, 2 * noise size], the encoder's numbers."""
    mean, log_variance = tf.split(codes, 2, axis=1)
    return tfp.distributions.Normal(mean, tf.exp(0.5 * log_variance))

  def divergence(self, codes: tf.Tensor) -> tf.Tensor:
    """KL(posterior, prior) in nats, float32 [n]."""
    prior = tfp.distributions.Normal(0.0, 1.0)
    return tf.reduce_sum(tfp.distributions.kl_divergence(self.posterior(codes), prior), axis=1)

  def gan_loss(
    self, model: tfgan.GANModel, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    """The negative lower bound in nats per image."""
    loss = super().gan_loss(model, adversarial)
    divergence = tf.reduce_mean(self.divergence(model.generator_inputs))
    return loss._replace(generator_loss=loss.generator_loss + self._beta * divergence)

  def observations(self, model: tfgan.GANModel) -> dict[str, tf.Tensor]:
    """Also the divergence from the prior, in nats per image."""
    divergence = tf.reduce_mean(self.divergence(model.generator_inputs))
    return {**super().observations(model), 'divergence': divergence}

  def encode(self, images: np.ndarray) -> tf.Tensor:
    return self.posterior(super().encode(images)).loc

  def pictures(self, networks: Networks, examples: Example) -> dict[str, np.ndarray]:
    """With two latents also the manifold and the latents of real images, coloured by class.

    The manifold is that of the paper's figure 4: images at equal steps of the prior's quantiles.
    """
    found = super().pictures(networks, examples)
    if self.noise.size == 2:
      quantiles = tf.math.ndtri((tf.range(_SIDE, dtype=tf.float32) + 0.5) / _SIDE)
      across, down = tf.meshgrid(quantiles, quantiles[::-1])
      places = tf.reshape(tf.stack([across, down], axis=-1), [-1, 2])
      manifold = pixels.to_uint8(self.run(GENERATE, networks, places)).numpy()
      found['manifold'] = pixels.grid(manifold, columns=_SIDE, gap=0)
      latents = self.encode(examples['image']).numpy()
      labels = examples.get('label', np.zeros(len(latents), int))
      found['latents'] = pixels.scatter(latents, labels)
    return found
