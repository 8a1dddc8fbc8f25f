"""Penalties on the discriminator's slope at the images or near them, not between the two kinds."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.errors import require
from tfgan_pipeline.losses.penalties import Penalty, per_image, squared_slope
from tfgan_pipeline.replicas import collectives, randomness


@registry.penalty
def r1(*, gamma: float = 10.0, interval: int = 1) -> Penalty:
  """Half of gamma times the squared slope at real images (Mescheder et al. 2018, 1801.04406).

  With an interval it is part of the update of its step, and Adam stays as it is. StyleGAN2 makes an
  update of its own of it, 17 in 16 steps, and for these slows Adam down: c = 16 / 17 multiplies the
  learning rate and is the power of both betas.

  Args:
    gamma: Weight.
    interval: Steps between two evaluations; 16 in StyleGAN2, which saves time.
  """
  return _slope_at('real_data', gamma, interval)


@registry.penalty
def r2(*, gamma: float = 10.0, interval: int = 1) -> Penalty:
  """Half of gamma times the squared slope at generated images, see r1.

  Args:
    gamma: Weight.
    interval: Steps between two evaluations.
  """
  return _slope_at('generated_data', gamma, interval)


def _slope_at(images: str, gamma: float, interval: int) -> Penalty:
  require('--penalties', at_least=0, gamma=gamma)
  require('--penalties', at_least=1, interval=interval)

  def penalty(model: GANTuple) -> tf.Tensor:
    return gamma / 2 * tf.reduce_mean(squared_slope(model, tf.identity(getattr(model, images))))

  return Penalty('discriminator', penalty, interval)


@registry.penalty
def dragan(*, weight: float = 10.0, reach: float = 0.5) -> Penalty:
  """Slope 1 around real images (Kodali et al. 2017, arXiv:1705.07215).

  Args:
    weight: Of the mean squared deviation.
    reach: How far around, in standard deviations of the pixels of a batch, as in the authors' code.
  """
  require('--penalties', at_least=0, weight=weight, reach=reach)

  def penalty(model: GANTuple) -> tf.Tensor:
    real = model.real_data
    mean = collectives.mean(tf.reduce_mean(real))
    deviation = tf.sqrt(collectives.mean(tf.reduce_mean(tf.square(real - mean))))
    near = real + per_image(real) * reach * deviation * randomness.uniform(real.shape)
    return weight * tf.reduce_mean(tf.square(tf.sqrt(squared_slope(model, near) + 1e-10) - 1.0))

  return Penalty('discriminator', penalty)
