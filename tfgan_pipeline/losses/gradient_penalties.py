"""Penalties on the discriminator's gradient at or near images, not between real and generated."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.errors import require
from tfgan_pipeline.losses.penalties import Penalty, per_image, scores, squared_slope
from tfgan_pipeline.registry.calls import Later
from tfgan_pipeline.replicas import collectives, randomness


@registry.penalty
def r1(
  *,
  gamma: float = 10.0,
  interval: int = 1,
  approximate: Later[bool] = False,
  step: Later[float] = 0.01,
) -> Penalty:
  """Half of gamma times the squared slope of the discriminator at real images (R1).

  Mescheder et al. 2018 (arXiv:1801.04406), equation 9. In every `interval`-th step, `interval`
  times the penalty is added to the discriminator's loss; Adam stays as it is. StyleGAN2 makes a
  separate update of the penalty, 17 updates in 16 steps, and slows Adam down for these:
  c = 16 / 17 multiplies the learning rate and is the power of both betas.

  Args:
    gamma: Weight.
    interval: Steps between two evaluations; 16 in StyleGAN2, which saves time.
    approximate: Whether to measure the slope along one random direction per image, by a difference
      of two outputs. That needs no second derivative, and its mean over directions is the squared
      slope but for the curvature within a step (Lin et al. 2025, arXiv:2501.08316, who leave out
      the division by the step).
    step: Standard deviation of a pixel's change in that direction; images are in [-1, 1]. In 16
      bits outputs of so near images are equal but for rounding: take 0.1 there.
  """
  return _penalise_slope('real_data', gamma, interval, approximate, step)


@registry.penalty
def r2(
  *,
  gamma: float = 10.0,
  interval: int = 1,
  approximate: Later[bool] = False,
  step: Later[float] = 0.01,
) -> Penalty:
  """Half of gamma times the squared slope of the discriminator at generated images (R2).

  Mescheder et al. 2018 (arXiv:1801.04406), equation 10. In every `interval`-th step, `interval`
  times the penalty is added to the discriminator's loss.

  Args:
    gamma: Weight.
    interval: Steps between two evaluations.
    approximate: Whether to measure the slope along one random direction per image, as of R1.
    step: Standard deviation of a pixel's change in that direction.
  """
  return _penalise_slope('generated_data', gamma, interval, approximate, step)


def _penalise_slope(
  field: str, gamma: float, interval: int, approximate: bool, step: float
) -> Penalty:
  """Returns gamma / 2 times the mean squared slope at the images in a field of GANModel."""
  require('--penalties', at_least=0, gamma=gamma)
  require('--penalties', at_least=1, interval=interval)
  require('--penalties', above=0, step=step)

  def penalty(model: GANTuple) -> tf.Tensor:
    images = tf.identity(getattr(model, field))
    squares = _measured_slope(model, images, step) if approximate else squared_slope(model, images)
    return gamma / 2 * tf.reduce_mean(squares)

  return Penalty('discriminator', penalty, interval, of_slope=True)


def _measured_slope(model: GANTuple, images: tf.Tensor, step: float) -> tf.Tensor:
  """Returns squared slopes along one random direction per image, float32 [n].

  Both outputs see one dropout and one augmentation, so that only the images differ.
  """
  nearby = images + step * randomness.normal(images.shape)
  here, there = (scores(model, one) for one in randomness.repeating((images, nearby)))
  rises = tf.reshape((there - here) / step, [images.shape[0], -1])
  return tf.square(tf.reduce_sum(rises, axis=1))  # Of a map of patches, that of their sum.


@registry.penalty
def dragan(*, weight: float = 10.0, reach: float = 0.5) -> Penalty:
  """Keeps the slope of the discriminator around real images at 1 (DRAGAN, Kodali et al. 2017).

  arXiv:1705.07215; points around real images are drawn as in the authors' code.

  Args:
    weight: Weight of the mean squared deviation of the slope from 1.
    reach: Largest change of a pixel, in standard deviations of the pixels of a batch.
  """
  require('--penalties', at_least=0, weight=weight, reach=reach)

  def penalty(model: GANTuple) -> tf.Tensor:
    real = model.real_data
    mean = collectives.mean(tf.reduce_mean(real))
    deviation = tf.sqrt(collectives.mean(tf.reduce_mean(tf.square(real - mean))))
    # One share in [0, 1) per image times noise in [0, 1) per pixel.
    points = real + per_image(real) * reach * deviation * randomness.uniform(real.shape)
    # 1e-10 keeps the gradient of the root finite at a slope of zero.
    return weight * tf.reduce_mean(tf.square(tf.sqrt(squared_slope(model, points) + 1e-10) - 1.0))

  return Penalty('discriminator', penalty, of_slope=True)
