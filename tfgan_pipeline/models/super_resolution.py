"""Super-resolution: SRGAN (Ledig et al. 2017) and ESRGAN (Wang et al. 2018), and without a GAN.

arXiv:1609.04802 and arXiv:1809.00219.
"""

from __future__ import annotations

from collections.abc import Mapping
import math
from typing import TYPE_CHECKING

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf, tfgan
from tfgan_pipeline.config.needs import Need
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.translation_game import TranslationGame
from tfgan_pipeline.networks.spec import Role

if TYPE_CHECKING:  # Sampling needs no losses.
  from tfgan_pipeline.losses.adversarial import AdversarialLoss

DISTANCES = ('l1', 'l2')


@registry.model
def super_resolution(
  noise: Noise,
  data: Fields,
  *,
  adversarial_weight: float = 5e-3,
  content_weight: float | None = None,
  features: str = '',
  features_weight: float = 1.0,
  distance: str = 'l1',
) -> Game:
  """Enlarger of image_a to image_b, by pixels, by features and against a discriminator.

  With adversarial_weight=0 there is no discriminator: the usual start, from which a second run
  takes its translator by --init_from. --loss=relativistic is that of ESRGAN.

  Args:
    noise: Not read.
    data: Fields of the examples: image_a and the larger image_b, a pair, as `reduced` makes.
    adversarial_weight: Weight of --loss in the translator's loss; 5e-3 in ESRGAN, 1e-3 in SRGAN.
    content_weight: Weight of the error of pixels, which lie in [-1, 1]. By default 1e-2 beside
      `features`, as in ESRGAN (whose pixels in [0, 1] have half the error), and 1 without, as there
      the pixels alone say what to draw.
    features: Call string of an extractor with gradients, whose features of output and target are
      compared: keras_application, saved_model or random_projection; '' for none.
    features_weight: Weight of the error of features; 1 in ESRGAN.
    distance: Error of pixels and of features: 'l1', the mean absolute one of ESRGAN, or 'l2', the
      mean square of SRGAN.

  Raises:
    UsageError: A weight is negative or all are 0, `distance` is something else, or the sides of
      image_b are no whole multiples of those of image_a.
  """
  if content_weight is None:
    content_weight = 1e-2 if features else 1.0
  if not features:
    features_weight = 0.0
  weights = dict(
    content_weight=content_weight,
    features_weight=features_weight,
    adversarial_weight=adversarial_weight,
  )
  require('--model', at_least=0, **weights)
  if not any(weights.values()):
    raise UsageError(f'{", ".join(weights)} are all 0: nothing would be learnt')
  if distance not in DISTANCES:
    raise UsageError(f'distance={distance} should be one of {", ".join(DISTANCES)}')
  return SuperResolution(noise, data, weights, features if features_weight else '', distance)


class SuperResolution(TranslationGame):
  """Game of one direction, to larger images, whose discriminator reads these alone.

  Args:
    noise: Not read.
    data: Fields of the examples.
    weights: Weights in the translator's loss by name: content_weight, features_weight and
      adversarial_weight. With the last one 0, the game has one player.
    features_from: Call string of an extractor; '' for none.
    distance: One of DISTANCES.
  """

  sides = {'a_to_b': ('a', 'b')}
  needs = frozenset({Need.PICTURES, Need.PAIRS})

  def __init__(
    self,
    noise: Noise,
    data: Fields,
    weights: Mapping[str, float],
    features_from: str,
    distance: str,
  ):
    super().__init__(noise, data)
    self._weights = weights
    self._distance = distance
    self.features_from = features_from
    if not weights['adversarial_weight']:
      self.players = {'generator': self.players['generator']}
    self.require_whole_factor('a_to_b')

  def roles(self) -> Mapping[str, Role]:
    playing = {role for roles in self.players.values() for role in roles}
    return {name: role for name, role in super().roles().items() if name in playing}

  def models(self, batch: Mapping[str, tf.Tensor]) -> tuple[tfgan.GANModel, ...]:
    if 'discriminator' in self.players:
      return super().models(batch)
    source, target = batch['image_a'], batch['image_b']
    (role,) = self.players['generator']
    return (self.without_discriminator(target, source, self.networks[role](source, training=True)),)

  def gan_loss(
    self, model: GANTuple, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    """Returns the weighted sum of errors and adversarial loss, and the discriminator's loss."""
    loss = tfgan.GANLoss(tf.zeros([]), tf.zeros([]))
    if 'discriminator' in self.players:
      loss = super().gan_loss(model, adversarial, pool)
    total = self._weights['adversarial_weight'] * loss.generator_loss
    total += self._weights['content_weight'] * self._error(model.real_data, model.generated_data)
    if self.features:
      features = map(self.features, (model.real_data, model.generated_data))
      total += self._weights['features_weight'] * self._error(*features)
    return loss._replace(generator_loss=total)

  def _error(self, target: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
    difference = output - target
    return tf.reduce_mean(tf.abs(difference) if self._distance == 'l1' else tf.square(difference))

  def observations(self, model: GANTuple) -> dict[str, tf.Tensor]:
    """Returns scalars to plot: errors of pixels, and the outputs of a discriminator that plays.

    pixel_error is the mean absolute error of pixels in [0, 255]. psnr is the mean over images of
    that of unclipped outputs; an image without any error counts 100 dB, as in the metric.
    """
    observed = super().observations(model) if 'discriminator' in self.players else {}
    difference = model.generated_data - model.real_data
    squares = tf.reduce_mean(tf.square(difference), [1, 2, 3]) / 4.0  # [-1, 1] is 2 wide.
    decibels = -10.0 / math.log(10) * tf.math.log(tf.maximum(squares, 1e-10))
    return {
      **observed,
      'pixel_error': 127.5 * tf.reduce_mean(tf.abs(difference)),
      'psnr': tf.reduce_mean(decibels),
    }
