"""Penalties, terms added to the loss of a player: `--penalties=wasserstein_gradient(weight=10)`.

A penalty component returns a Penalty. Draw random numbers from `randomness`: TF-GAN's own gradient
penalty draws from a stateful generator, which neither resumes nor agrees between replicas.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.replicas import randomness

# Multiplies the logits before their gradient is taken, and divides the gradient after. In float16
# layers, values are then lost below 2e-10 instead of 6e-8, and overflow above 255. The loss scale
# of the optimiser cannot help, as it comes in after the gradient. A power of two changes no bit of
# a gradient in float32 or bfloat16.
_SLOPE_SCALE = 256.0


class Penalty(NamedTuple):
  """Term added to the loss of a player.

  Attributes:
    player: 'generator' or 'discriminator', whose loss the term is added to.
    function: Function of TF-GAN's tuple to a float32 scalar, the mean over the replica's batch.
    interval: Steps between two evaluations. The term is multiplied by `interval`, so that its mean
      over steps is unchanged (Karras et al. 2020, arXiv:1912.04958, appendix B).
    variables: State of the term, by name; part of the checkpoint. Every replica has to assign the
      same values, through `replicas.collectives.assign`.
    needs: Requirements that a run has to meet.
    of_weights: Whether the term depends on a player's weights alone. It is then added once; other
      terms are added for each tuple that Game.models returns.
    of_slope: Whether the term bounds the slope of the discriminator at each image. The slope is
      that of one image only if no layer mixes images.
  """

  player: str
  function: Callable[[GANTuple], tf.Tensor]
  interval: int = 1
  variables: Mapping[str, tf.Variable] = {}
  needs: frozenset[Need] = frozenset({Need.DISCRIMINATOR})
  of_weights: bool = False
  of_slope: bool = False


@registry.penalty
def wasserstein_gradient(
  *, weight: float = 10.0, target: float = 1.0, one_sided: bool = False
) -> Penalty:
  """Keeps the slope of the discriminator between real and generated images at `target` (WGAN-GP).

  Gulrajani et al. 2017 (arXiv:1704.00028), equation 3.

  Args:
    weight: Weight of the mean squared deviation of slope / target from 1; 10 in the paper.
    target: Slope to reach.
    one_sided: Whether only slopes above the target count.
  """
  require('--penalties', at_least=0, weight=weight)
  require('--penalties', above=0, target=target)

  def penalty(model: GANTuple) -> tf.Tensor:
    real, generated = model.real_data, model.generated_data
    mixtures = real + per_image(real) * (generated - real)
    # 1e-10 keeps the gradient of the root finite at a slope of zero.
    excess = tf.sqrt(squared_slope(model, mixtures) + 1e-10) / target - 1.0
    if one_sided:
      excess = tf.maximum(excess, 0.0)
    return weight * tf.reduce_mean(tf.square(excess))

  return Penalty('discriminator', penalty, of_slope=True)


def per_image(images: tf.Tensor) -> tf.Tensor:
  """Returns one random number in [0, 1) per image, float32 [n, 1, ..., 1]."""
  return randomness.uniform([images.shape[0]] + [1] * (images.shape.rank - 1))


def scores(model: GANTuple, images: tf.Tensor) -> tf.Tensor:
  """Returns the discriminator's logits of images, without any other outputs."""
  outputs = model.discriminator_fn(images, model.generator_inputs)
  return outputs[0] if isinstance(outputs, tuple) else outputs


def squared_slope(model: GANTuple, images: tf.Tensor) -> tf.Tensor:
  """Returns the squared norm of the discriminator's gradient at each image, float32 [n]."""
  gradients = tf.gradients(scores(model, images) * _SLOPE_SCALE, images)[0] / _SLOPE_SCALE
  return tf.reduce_sum(tf.square(gradients), axis=list(range(1, gradients.shape.rank)))


def require_player(player: str) -> str:
  """Returns `player`; raises UsageError unless it is 'generator' or 'discriminator'."""
  if player not in ('generator', 'discriminator'):
    raise UsageError(f'--penalties: player={player} should be generator or discriminator')
  return player
