"""Terms added to a player's loss: `--penalties=wasserstein_gradient(weight=10)`.

A penalty component returns a Penalty. Draw random numbers from `randomness`: TF-GAN's own gradient
penalty draws from a stateful generator, which neither resumes nor agrees between replicas.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from tfgan_pipeline import randomness, registry
from tfgan_pipeline.compat import tf


class Penalty(NamedTuple):
  """One term.

  Attributes:
    player: 'generator' or 'discriminator', whose loss it is added to.
    function: GANModel tuple -> float32 scalar, the mean over the replica's batch.
  """

  player: str
  function: Callable[..., tf.Tensor]


@registry.penalty
def wasserstein_gradient(
  *, weight: float = 10.0, target: float = 1.0, one_sided: bool = False
) -> Penalty:
  """WGAN-GP: slope `target` between real and generated images (Gulrajani et al. 2017)."""

  def penalty(model) -> tf.Tensor:
    real, generated = model.real_data, model.generated_data
    mix = randomness.uniform([real.shape[0]] + [1] * (real.shape.rank - 1))
    between = real + mix * (generated - real)
    scores = model.discriminator_fn(between, model.generator_inputs)
    gradients = tf.gradients(scores, between)[0]
    squares = tf.reduce_sum(tf.square(gradients), axis=list(range(1, gradients.shape.rank)))
    # The root's own gradient is infinite at zero.
    excess = tf.sqrt(squares + 1e-10) / target - 1.0
    if one_sided:
      excess = tf.maximum(excess, 0.0)
    return weight * tf.reduce_mean(tf.square(excess))

  return Penalty('discriminator', penalty)
