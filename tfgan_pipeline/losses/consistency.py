"""The discriminator says the same of an image that is flipped or shifted a little."""

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
  """Balanced consistency regularisation, bCR (Zhao et al. 2021, arXiv:2002.04724).

  Args:
    real_weight: Of the mean squared change of logits of real images.
    generated_weight: Of that of generated ones; 0 makes it CR (Zhang et al. 2020, 1910.12027).
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
        changed = image_changes.shift(images, shift)
        if flip:
          changed = image_changes.flip(changed, probability=0.5)
        change = tf.math.squared_difference(logits, scores(model, changed))
        total += weight * tf.reduce_mean(change)
    return total

  return Penalty('discriminator', penalty, needs=frozenset({Need.DISCRIMINATOR, Need.PICTURES}))
