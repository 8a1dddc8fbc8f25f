"""Terms added to a player's loss: `--penalties=wasserstein_gradient(weight=10)`.

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

# Multiplies the logits of which a slope is taken, and divides the slope: float16 layers then lose
# values below 2e-10 instead of 6e-8, and overflow where one of a slope is above 255. The loss scale
# of the optimiser cannot help, it comes in after the slope. As a power of two the factor changes no
# bit of a slope in float32 or bfloat16.
_SLOPE_SCALE = 256.0


class Penalty(NamedTuple):
  """One term.

  Attributes:
    player: 'generator' or 'discriminator', whose loss it is added to.
    function: TF-GAN's tuple -> float32 scalar, the mean over the replica's batch.
    interval: It is computed at one step in so many, and counts so many times as much there
      (Karras et al. 2020, arXiv:1912.04958, appendix B).
    variables: What it remembers, by name; part of the checkpoint. Every replica has to assign the
      same values, through `replicas.collectives.assign`.
    needs: What a run must have for it.
    of_weights: Whether it looks at a player's weights alone: it then counts once, and not for each
      direction of a game that has several.
  """

  player: str
  function: Callable[[GANTuple], tf.Tensor]
  interval: int = 1
  variables: Mapping[str, tf.Variable] = {}
  needs: frozenset[Need] = frozenset({Need.DISCRIMINATOR})
  of_weights: bool = False


@registry.penalty
def wasserstein_gradient(
  *, weight: float = 10.0, target: float = 1.0, one_sided: bool = False
) -> Penalty:
  """WGAN-GP: slope `target` between real and generated images (Gulrajani et al. 2017)."""
  require('--penalties', at_least=0, weight=weight)
  require('--penalties', above=0, target=target)

  def penalty(model: GANTuple) -> tf.Tensor:
    real, generated = model.real_data, model.generated_data
    between = real + per_image(real) * (generated - real)
    # The root's own gradient is infinite at zero.
    excess = tf.sqrt(squared_slope(model, between) + 1e-10) / target - 1.0
    if one_sided:
      excess = tf.maximum(excess, 0.0)
    return weight * tf.reduce_mean(tf.square(excess))

  return Penalty('discriminator', penalty)


def per_image(images: tf.Tensor) -> tf.Tensor:
  """One random number uniform in [0, 1) per image, float32 [n, 1, ..., 1]."""
  return randomness.uniform([images.shape[0]] + [1] * (images.shape.rank - 1))


def scores(model: GANTuple, images: tf.Tensor) -> tf.Tensor:
  """The discriminator's logits of images, whatever else it says of them."""
  outputs = model.discriminator_fn(images, model.generator_inputs)
  return outputs[0] if isinstance(outputs, tuple) else outputs


def squared_slope(model: GANTuple, images: tf.Tensor) -> tf.Tensor:
  """Squared norm of the discriminator's gradient at each image, float32 [n]."""
  gradients = tf.gradients(scores(model, images) * _SLOPE_SCALE, images)[0] / _SLOPE_SCALE
  return tf.reduce_sum(tf.square(gradients), axis=list(range(1, gradients.shape.rank)))


def require_player(player: str) -> str:
  """Raises UsageError for what is no player."""
  if player not in ('generator', 'discriminator'):
    raise UsageError(f'--penalties: player={player} should be generator or discriminator')
  return player
