"""Autoencoders of images, plain and denoising.

There is no opponent: the one player, 'generator', trains encoder and generator. Samples from
`--noise` are drawn as in any game, but nothing makes them look like the data.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import StoredValues, tf, tfgan
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.split import Example
from tfgan_pipeline.errors import require
from tfgan_pipeline.media import images as pixels
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.image_game import GENERATE, ImageGame
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.replicas import randomness

if TYPE_CHECKING:
  from tfgan_pipeline.losses.adversarial import AdversarialLoss


@registry.model
def autoencoder(noise: Noise, data: Fields, *, reconstruction: str = 'squared_error') -> Game:
  """Autoencoder with codes of the size of --noise (Hinton and Salakhutdinov 2006).

  Args:
    noise: Random codes to decode as samples; `noise.size` is the length of a code.
    data: Fields of the examples.
    reconstruction: Call string of a component of losses/reconstruction.py, such as 'bernoulli'.
  """
  return Autoencoder(noise, data, reconstruction)


@registry.model
def denoising_autoencoder(
  noise: Noise,
  data: Fields,
  *,
  stddev: float = 0.5,
  reconstruction: str = 'squared_error',
) -> Game:
  """Autoencoder that reconstructs images from noisy copies (Vincent et al. 2008).

  Codes may be longer than images, because the identity is no solution.

  Args:
    noise: Random codes to decode as samples; `noise.size` is the length of a code.
    data: Fields of the examples.
    stddev: Deviation of the normal noise added to images in [-1, 1] before they are encoded.
    reconstruction: Call string of a component of losses/reconstruction.py, such as 'bernoulli'.

  Raises:
    UsageError: The deviation is negative.
  """
  require('--model', at_least=0, stddev=stddev)
  return Autoencoder(noise, data, reconstruction, stddev=stddev)


class Autoencoder(ImageGame):
  """Game of an encoder and a generator; the loss is the mean reconstruction error of images.

  Args:
    noise: Random codes to decode as samples; `noise.size` is the length of a code.
    data: Fields of the examples.
    reconstruction: Call string of a component of losses/reconstruction.py, such as 'bernoulli'.
    stddev: Deviation of the noise added to images before they are encoded.
  """

  players = {'generator': ('generator', 'encoder')}
  needs = frozenset(
    {Need.PICTURES}
  )  # Errors are sums over pixels, for which bytes must be intensities.
  shown_examples = 32

  def __init__(self, noise: Noise, data: Fields, reconstruction: str, *, stddev: float = 0.0):
    super().__init__(noise, data)
    self.outputs = {'encoder': noise.size}
    self._distance = registry.reconstruction.build(reconstruction)
    self._stddev = stddev

  def gan_model(self, batch: Mapping[str, tf.Tensor]) -> tfgan.GANModel:
    """Builds a tuple without a discriminator; its generated data are the reconstructions."""
    images = copies = batch['image']
    if self._stddev:
      copies = images + self._stddev * randomness.normal(images.shape)
    codes = self.networks['encoder'](copies, training=True)  # [n, noise size]
    return self.without_discriminator(images, codes, self._decode(codes))

  def _decode(self, codes: tf.Tensor) -> tf.Tensor:
    return self.networks['generator'](codes, training=True)

  def gan_loss(
    self, model: tfgan.GANModel, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    del adversarial, pool
    loss = tf.reduce_mean(self._distance(model.real_data, model.generated_data))
    return tfgan.GANLoss(loss, tf.zeros([]))

  def observations(self, model: tfgan.GANModel) -> dict[str, tf.Tensor]:
    """Returns the mean absolute error of reconstructions, for pixels in [0, 255]."""
    difference = tf.reduce_mean(tf.abs(model.real_data - model.generated_data))
    return {'pixel_error': 127.5 * difference}  # [-1, 1] is 255 wide in bytes.

  def encode(self, images: np.ndarray | tf.Tensor) -> tf.Tensor:
    """Encodes images uint8 [n, H, W, C] as codes float32 [n, noise size]."""
    return self.networks['encoder'](pixels.to_float(images), training=False)

  def shown(self, networks: Networks, examples: StoredValues) -> dict[str, tf.Tensor]:
    """Computes noisy copies of 32 images, if the encoder reads noisy ones, and reconstructions."""
    images, shown = examples['image'][:32], {}
    if self._stddev:
      noise = tf.random.stateless_normal(images.shape, randomness.key(0))
      images = shown['noisy'] = pixels.to_uint8(pixels.to_float(images) + self._stddev * noise)
    shown['reconstructed'] = pixels.to_uint8(self.run(GENERATE, networks, self.encode(images)))
    return shown

  def draw(self, shown: Mapping[str, np.ndarray], examples: Example) -> dict[str, np.ndarray]:
    """Draws 'reconstructions', uint8 [H, W, C], from at most 32 examples.

    Each row of eight images is followed by a row of noisy copies, if the encoder reads noisy ones,
    and by a row of reconstructions.
    """
    images = examples['image'][:32]
    batches = [images, *(shown[name] for name in ('noisy', 'reconstructed') if name in shown)]
    rows = [batch[first : first + 8] for first in range(0, len(images), 8) for batch in batches]
    return {'reconstructions': pixels.grid(np.concatenate(rows), columns=8)}
