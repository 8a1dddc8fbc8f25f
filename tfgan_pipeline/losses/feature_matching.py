"""Feature matching: the generator imitates what the discriminator sees in real images."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.errors import require
from tfgan_pipeline.losses.penalties import Penalty
from tfgan_pipeline.replicas import collectives


@registry.penalty
def feature_matching(*, weight: float = 1.0) -> Penalty:
  """Squared distance between the mean last hidden layers of real and generated images.

  Salimans et al. 2016 (arXiv:1606.03498), section 3.1, with means over the batches of all replicas.

  Args:
    weight: Weight of the term, which is added to the generator's adversarial loss.
  """
  require('--penalties', at_least=0, weight=weight)

  def penalty(model: GANTuple) -> tf.Tensor:
    # One mean [features] for real and one for generated images.
    means = [
      collectives.mean(
        tf.reduce_mean(model.discriminator_fn.features(images, model.generator_inputs), axis=0)
      )
      for images in (model.real_data, model.generated_data)
    ]
    return weight * tf.reduce_sum(tf.math.squared_difference(*means))

  needs = frozenset({Need.DISCRIMINATOR, Need.FEATURES})
  return Penalty('generator', penalty, needs=needs)
