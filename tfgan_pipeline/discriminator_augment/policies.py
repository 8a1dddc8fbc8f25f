"""Changes of all images that the discriminator sees: `--discriminator_augment=diff_augment`.

Real and generated images are changed alike, in the updates of both players, and gradients reach the
generator. `--augment` in contrast changes training images only, which generated ones then imitate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NamedTuple

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.discriminator_augment import image_changes
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.replicas import randomness


class DiscriminatorAugmentation(NamedTuple):
  """Change of all images that the discriminator sees.

  Attributes:
    function: Function (images float32 [n, H, W, C], steps made as float32 scalar) -> images.
    observe: Function called in each discriminator update with TF-GAN's tuple; returns scalars to
      plot.
    variables: State of the change, by name; part of the checkpoint. Every replica has to assign the
      same values, through `replicas.collectives.assign`.
    needs: Requirements that a run has to meet.
  """

  function: Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
  observe: Callable[[GANTuple], dict[str, tf.Tensor]] = lambda model: {}
  variables: Mapping[str, tf.Variable] = {}
  needs: frozenset[Need] = frozenset({Need.PICTURES})


@registry.discriminator_augmentation
def instance_noise(*, stddev: float = 0.1, steps: int = 10000) -> DiscriminatorAugmentation:
  """Adds normal noise that vanishes linearly (Sonderby et al. 2017, arXiv:1610.04490).

  Args:
    stddev: Standard deviation at the start, for images in [-1, 1].
    steps: Step at which the deviation is 0; with 0 steps it stays as it is.
  """
  require('--discriminator_augment', at_least=0, stddev=stddev, steps=steps)

  def function(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    share = tf.maximum(1.0 - step / steps, 0.0) if steps else 1.0
    return images + stddev * share * randomness.normal(images.shape)

  return DiscriminatorAugmentation(function, needs=frozenset())


@registry.discriminator_augmentation
def diff_augment(
  *, policy: tuple = ('color', 'translation', 'cutout')
) -> DiscriminatorAugmentation:
  """Changes colours, shifts and cuts out parts at random (DiffAugment), for small training sets.

  Zhao et al. 2020 (arXiv:2006.10738), with the ranges of the authors' code.

  Args:
    policy: Any of color (brightness +-0.5, saturation x 0 to 2, contrast x 0.5 to 1.5), translation
      (an eighth of each side) and cutout (half of each side).
  """
  if not policy:
    raise UsageError('--discriminator_augment: policy=() changes nothing')
  for name in policy:
    if name not in ('color', 'translation', 'cutout'):
      raise UsageError(
        f'--discriminator_augment: policy={name} should be color, translation or cutout'
      )

  def function(images: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    del step
    if 'color' in policy:
      draw = image_changes.uniform
      images = image_changes.with_brightness(images, draw(images, -0.5, 0.5))
      images = image_changes.with_saturation(images, draw(images, 0.0, 2.0))
      images = image_changes.with_contrast(images, draw(images, 0.5, 1.5))
    if 'translation' in policy:
      images = image_changes.shift(images, 0.125)
    if 'cutout' in policy:
      images = image_changes.cut_out(images, 0.5)
    return images

  return DiscriminatorAugmentation(function)
