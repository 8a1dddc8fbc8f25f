"""Unpaired translation both ways (Zhu et al. 2017, arXiv:1703.10593), by `tfgan.cyclegan_loss`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tfgan_pipeline import registry
from tfgan_pipeline.compat import GANTuple, tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError, require
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.translation_game import TranslationGame

if TYPE_CHECKING:  # Sampling needs no losses.
  from tfgan_pipeline.losses.adversarial import AdversarialLoss


@registry.model
def cyclegan(
  noise: Noise,
  data: Fields,
  *,
  cycle_weight: float = 10.0,
  identity_weight: float = 0.5,
  adversarial_weight: float = 1.0,
) -> Game:
  """Two translators between unpaired images; there and back should give the image again.

  The paper's least squares loss is twice TF-GAN's: with --loss=least_squares,
  `adversarial_weight=2` gives its balance. --replay_pool=50 keeps its pool in each direction.

  Args:
    noise: Not read.
    data: Fields of the examples: image_a and image_b.
    cycle_weight: Weight of the mean absolute error of images that went there and back.
    identity_weight: Weight, times `cycle_weight`, of the change that a translator makes to images
      of its target; 0 where the two sides have other numbers of channels.
    adversarial_weight: Weight of --loss in the generators' loss.

  Raises:
    UsageError: A weight is negative, or images have other shapes on the two sides while the
      identity term is on.
  """
  require(
    '--model',
    at_least=0,
    cycle_weight=cycle_weight,
    identity_weight=identity_weight,
    adversarial_weight=adversarial_weight,
  )
  return CycleGAN(noise, data, cycle_weight, identity_weight, adversarial_weight)


class CycleGAN(TranslationGame):
  """Game of two directions whose generators share one optimiser, and so do the discriminators.

  `tfgan.cyclegan_model` calls one function for both directions, which variable scopes tell apart.
  Keras networks are in no scope, so the tuple of both directions is made of two of
  `tfgan.gan_model`.
  """

  sides = {'a_to_b': ('a', 'b'), 'b_to_a': ('b', 'a')}

  def __init__(
    self,
    noise: Noise,
    data: Fields,
    cycle_weight: float,
    identity_weight: float,
    adversarial_weight: float,
  ):
    super().__init__(noise, data)
    shapes = {data[f'image_{side}'].shape for side in 'ab'}
    if identity_weight and len(shapes) > 1:
      raise UsageError(
        f'identity_weight={identity_weight}: a translator can leave an image as it is only where '
        f'both sides have one shape, not {shapes}; take identity_weight=0'
      )
    self._cycle_weight = cycle_weight
    self._identity_weight = identity_weight
    self._adversarial_weight = adversarial_weight

  def losses(
    self, models: Sequence[GANTuple], adversarial: AdversarialLoss
  ) -> tuple[tfgan.GANLoss, ...]:
    """Returns both directions' losses; their sum has the cycle error of each side once.

    TF-GAN adds half of the sum of both sides' errors to each direction.
    """
    there, back = models
    whole = tfgan.CycleGANModel(
      there,
      back,
      reconstructed_x=back.generator_fn(there.generated_data),
      reconstructed_y=there.generator_fn(back.generated_data),
    )
    pools = iter(self.pools.values())  # TF-GAN asks for those of both directions in their order.
    losses = tfgan.cyclegan_loss(
      whole,
      generator_loss_fn=lambda model, **options: (
        self._adversarial_weight * adversarial.generator(model, **options)
      ),
      discriminator_loss_fn=adversarial.discriminator,
      cycle_consistency_loss_weight=self._cycle_weight,
      tensor_pool_fn=(lambda values: next(pools)(values)) if self.pools else None,
      add_summaries=False,
    )
    return tuple(map(self._with_identity, losses, models))

  def _with_identity(self, loss: tfgan.GANLoss, model: tfgan.GANModel) -> tfgan.GANLoss:
    """Adds the change of images that are of the target already (section 5.2 of the paper)."""
    weight = self._identity_weight * self._cycle_weight
    if not weight:
      return loss
    change = tf.reduce_mean(tf.abs(model.generator_fn(model.real_data) - model.real_data))
    return loss._replace(generator_loss=loss.generator_loss + weight * change)
