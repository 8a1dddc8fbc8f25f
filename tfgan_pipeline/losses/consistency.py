"""Penalties on changes of logits when images are flipped or shifted."""

from __future__ import annotations

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.discriminator_augment import image_changes
from tfgan_pipeline.errors import require
from tfgan_pipeline.losses.penalties import Penalty, scores


@registry.penalty
def consistency(
  *,
  real_weight: float = 10.0,
  generated_weight: float = 10.0,
  flip: bool = True,
  shift: float = 0.125,
) -> Penalty:
  """Keeps logits equal when images are flipped or shifted a little (bCR, Zhao et al. 2021).

  Balanced consistency regularisation, arXiv:2002.04724; without its part on generated images it is
  CR (Zhang et al. 2020, arXiv:1910.12027).

  Args:
    real_weight: Weight of the mean squared change of logits of real images.
    generated_weight: Weight of the mean squared change of logits of generated images; 0 gives CR.
    flip: Whether half of the images are mirrored; wrong for digits and text.
    shift: Largest shift each way, as a share of the image's height and width.
  """
  require('--penalties', at_least=0, real_weight=real_weight, generated_weight=generated_weight)
  require('--penalties', at_least=0, below=1, shift=shift)

  def penalty(model: GANTuple) -> tf.Tensor:
    total = tf.zeros([])
    for weight, images, logits in (
      (real_weight, model.real_data, model.discriminator_real_outputs),
      (generated_weight, model.generated_data, model.discriminator_gen_outputs),
    ):
      if weight:
        copies = image_changes.shift(images, shift)
        if flip:
          copies = image_changes.flip(copies, probability=0.5)
        squares = tf.math.squared_difference(logits, scores(model, copies))
        total += weight * tf.reduce_mean(squares)
    return total

  return Penalty('discriminator', penalty, needs=frozenset({Need.DISCRIMINATOR, Need.PICTURES}))
