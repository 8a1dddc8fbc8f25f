"""Encoder and generator that reconstruct images, with and without noise in what is encoded.

Nobody plays against them: the one player, 'generator', trains both networks. What the generator
makes of `--noise` is shown as it is of any game, but nothing makes it look like the data.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf, tfgan
from tfgan_pipeline.data.dataset import Example
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import require
from tfgan_pipeline.media import images as pixels
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.replicas import randomness


@registry.model
def autoencoder(noise: Noise, data: Fields, *, reconstruction: str = 'squared_error') -> Game:
  """Images through a code of --noise's size and back (Hinton and Salakhutdinov 2006).

  Args:
    noise: Its size is that of the code.
    data: Not needed here.
    reconstruction: A component of losses/reconstruction.py.
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
  """Images from noisy copies of them; the code may be over-complete (Vincent et al. 2008).

  Args:
    noise: Its size is that of the code.
    data: Not needed here.
    stddev: Of the normal noise added to images in [-1, 1] before they are encoded.
    reconstruction: A component of losses/reconstruction.py.
  """
  require('--model', at_least=0, stddev=stddev)
  return Autoencoder(noise, data, reconstruction, stddev=stddev)


class Autoencoder(Game):
  """Its loss is the mean over images of the reconstruction error.

  Args:
    noise: Its size is that of the code.
    data: The fields of the examples.
    reconstruction: A component of losses/reconstruction.py.
    stddev: Of the noise added to what is encoded.
  """

  players = {'generator': ('generator', 'encoder')}
  needs = ('pictures',)  # Their bytes are compared one by one.
  shown_images = 32

  def __init__(self, noise: Noise, data: Fields, reconstruction: str, *, stddev: float = 0.0):
    super().__init__(noise, data)
    self.outputs = {'encoder': noise.size}
    self._distance = registry.reconstruction.build(reconstruction)
    self._stddev = stddev

  def gan_model(self, batch: dict[str, tf.Tensor]) -> tfgan.GANModel:
    """A tuple whose discriminator does not exist; its generated data are the reconstructions."""
    images = seen = batch['image']
    if self._stddev:
      seen = images + self._stddev * randomness.normal(images.shape)
    codes = self.networks['encoder'](seen, training=True)
    return self.without_discriminator(images, codes, self._decode(codes))

  def _decode(self, codes: tf.Tensor) -> tf.Tensor:
    return self.networks['generator'](codes, training=True)

  def losses(self, model: tfgan.GANModel, adversarial: Any) -> tfgan.GANLoss:
    del adversarial
    loss = tf.reduce_mean(self._distance(model.real_data, model.generated_data))
    return tfgan.GANLoss(loss, tf.zeros([]))

  def observations(self, model: tfgan.GANModel) -> dict[str, tf.Tensor]:
    """Mean absolute difference between image and reconstruction, of pixels in [0, 255]."""
    difference = tf.reduce_mean(tf.abs(model.real_data - model.generated_data))
    return {'pixel_error': 127.5 * difference}

  def encode(self, images: np.ndarray) -> tf.Tensor:
    """uint8 [n, H, W, C] to codes float32 [n, noise size]."""
    return self.networks['encoder'](pixels.to_float(images), training=False)

  def pictures(self, generator: keras.Model, examples: Example) -> dict[str, np.ndarray]:
    """Rows of eight images, noisy where they are encoded so, each above its reconstructions."""
    images = examples['image'][:32]
    shown = [images]
    if self._stddev:
      noise = tf.random.stateless_normal(images.shape, randomness.key(0))
      shown.append(pixels.to_uint8(pixels.to_float(images) + self._stddev * noise).numpy())
    shown.append(pixels.to_uint8(self.generate(generator, self.encode(shown[-1]))).numpy())
    rows = [batch[first : first + 8] for first in range(0, len(images), 8) for batch in shown]
    return {'reconstructions': pixels.grid(np.concatenate(rows), columns=8)}
