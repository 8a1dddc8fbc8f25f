"""Augmentation with a probability, adaptive (Karras et al. 2020, arXiv:2006.06676) or fixed."""

from __future__ import annotations

import math

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.discriminator_augment import image_changes
from tfgan_pipeline.discriminator_augment.policies import DiscriminatorAugmentation
from tfgan_pipeline.errors import require
from tfgan_pipeline.replicas import collectives

_INTERVAL = 4  # Discriminator updates between two changes of p, as in the paper.


@registry.discriminator_augmentation
def adaptive_augment(
  *, target: float = 0.6, kimg: float = 500.0, color: bool = True, flip: bool = True
) -> DiscriminatorAugmentation:
  """Adjusts the augmentation probability so that the mean sign of D(real) stays at `target`.

  ADA (Karras et al. 2020, arXiv:2006.06676); the mean sign is r_t of equation 1. Of the paper's
  transformations there are those of whole pixels (mirroring, quarter turns, shifts of an eighth)
  and of colour (brightness, contrast, saturation), each with probability p; images that are not
  square are not turned. For losses that put the border between real and generated at 0.

  Args:
    target: Mean sign, r_t in the paper and in TensorBoard, above which p rises and below which p
      falls.
    kimg: Thousands of real images in which p could move from 0 to 1.
    color: Whether colours change.
    flip: Whether images are mirrored and turned; wrong for digits and text only if p is near 1.
  """
  require('--discriminator_augment', at_least=-1, at_most=1, target=target)
  require('--discriminator_augment', above=0, kimg=kimg)
  variables = {
    name: tf.Variable(
      0.0, trainable=False, aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA, name=name
    )
    for name in ('p', 'signs', 'updates')
  }

  def function(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    del step
    return _transform(images, tf.identity(variables['p']), color, flip)

  def observe(model: GANTuple) -> dict[str, tf.Tensor]:
    logits = model.discriminator_real_outputs
    p, signs, updates = (tf.identity(variable) for variable in variables.values())
    signs += collectives.mean(tf.reduce_mean(tf.sign(tf.stop_gradient(logits))))
    updates += 1.0
    due = updates >= _INTERVAL
    replicas = tf.distribute.get_replica_context().num_replicas_in_sync
    images = _INTERVAL * logits.shape[0] * replicas
    next_p = tf.clip_by_value(
      p + tf.sign(signs / updates - target) * images / (kimg * 1e3), 0.0, 1.0
    )
    collectives.assign(
      list(variables.values()),
      [tf.where(due, next_p, p), tf.where(due, 0.0, signs), tf.where(due, 0.0, updates)],
    )
    return {'augmentation/p': p}

  needs = frozenset({Need.PICTURES, Need.BORDER})
  return DiscriminatorAugmentation(function, observe, variables, needs)


@registry.discriminator_augmentation
def fixed_augment(
  *, p: float = 0.5, steps: int = 0, color: bool = True, flip: bool = True
) -> DiscriminatorAugmentation:
  """Mirrors, turns, shifts and recolours images, each with a fixed probability, whatever the loss.

  The transformations are those of adaptive_augment.

  Args:
    p: Probability of each transformation.
    steps: Steps in which the probability rises from 0 to `p` along half a cosine, as in R3GAN's
      code; 0 for none.
    color: Whether colours change.
    flip: Whether images are mirrored and turned; wrong for digits and text only if `p` is near 1.
  """
  require('--discriminator_augment', at_least=0, at_most=1, p=p)
  require('--discriminator_augment', at_least=0, steps=steps)

  def function(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    progress = tf.minimum(step / steps, 1.0) if steps else 1.0
    return _transform(images, p * (1.0 - tf.cos(math.pi * progress)) / 2.0, color, flip)

  return DiscriminatorAugmentation(function)


def _transform(images: tf.Tensor, p: tf.Tensor, color: bool, flip: bool) -> tf.Tensor:
  """Returns images with each transformation applied with probability `p`."""
  if flip:
    # The paper draws with probability p whether to mirror: half of p are mirrored.
    images = image_changes.flip(images, probability=p / 2)
    if images.shape[1] == images.shape[2]:
      images = image_changes.apply_with_probability(images, image_changes.rotate(images), p)
  images = image_changes.apply_with_probability(images, image_changes.shift(images, 0.125), p)
  if color:
    draw = image_changes.normal
    # Deviations 0.2, 0.5 and 1 are those of the paper, appendix B.
    for change, amount in (
      (image_changes.with_brightness, lambda n: 0.2 * n),
      (image_changes.scaled, lambda n: tf.pow(2.0, 0.5 * n)),  # Contrast about mid-grey, 0.
      (image_changes.with_saturation, lambda n: tf.pow(2.0, n)),
    ):
      images = image_changes.apply_with_probability(images, change(images, amount(draw(images))), p)
  return images
