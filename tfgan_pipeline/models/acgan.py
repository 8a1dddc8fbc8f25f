"""AC-GAN, through `tfgan.acgan_model` (Odena et al. 2017, arXiv:1610.09585)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import require
from tfgan_pipeline.models.game import Game, Pool
from tfgan_pipeline.models.image_game import Discriminator, ImageGame
from tfgan_pipeline.models.noise import Noise

if TYPE_CHECKING:
  from tfgan_pipeline.losses.adversarial import AdversarialLoss


@registry.model
def acgan(
  noise: Noise,
  data: Fields,
  *,
  generator_weight: float = 1.0,
  discriminator_weight: float = 1.0,
) -> Game:
  """AC-GAN: the generator reads the class, and the discriminator has to name it.

  Args:
    noise: Random input of the generator.
    data: Fields of the examples, labels included.
    generator_weight: Weight of the cross-entropy of the class of generated images, in the
      generator's loss.
    discriminator_weight: Weight of the cross-entropy of the class of real and of generated images,
      in the discriminator's loss.

  Raises:
    UsageError: A weight is negative.
  """
  require(
    '--model',
    at_least=0,
    generator_weight=generator_weight,
    discriminator_weight=discriminator_weight,
  )
  return ACGAN(noise, data, generator_weight, discriminator_weight)


class ACGAN(ImageGame):
  """Game of AC-GAN; generated images get the classes of the batch's real ones, as in TF-GAN."""

  labelled = frozenset({'generator'})

  def __init__(
    self, noise: Noise, data: Fields, generator_weight: float, discriminator_weight: float
  ):
    super().__init__(noise, data)
    self.outputs = {'discriminator': 1 + data.num_classes}  # The logit, then logits of classes.
    self._weights = {
      'aux_cond_generator_weight': generator_weight,
      'aux_cond_discriminator_weight': discriminator_weight,
    }

  def gan_model(self, batch: Mapping[str, tf.Tensor]) -> tfgan.ACGANModel:
    generator = self.networks['generator']
    model = tfgan.acgan_model(
      generator_fn=lambda inputs: generator(inputs, training=True),
      discriminator_fn=Discriminator(self, lambda numbers: (numbers[:, :1], numbers[:, 1:])),
      real_data=batch['image'],
      generator_inputs=[self.noise.for_step(batch['image'].shape[0]), batch['label']],
      one_hot_labels=tf.one_hot(batch['label'], self.num_classes),
    )
    return self.with_variables(model)

  def gan_loss(
    self, model: tfgan.ACGANModel, adversarial: AdversarialLoss, pool: Pool | None = None
  ) -> tfgan.GANLoss:
    del pool
    return tfgan.gan_loss(
      model,
      adversarial.generator,
      adversarial.discriminator,
      add_summaries=False,
      **self._weights,
    )

  def observations(self, model: tfgan.ACGANModel) -> dict[str, tf.Tensor]:
    """Returns scalars to plot, the discriminator's accuracy in classes included."""
    logits = {
      'real': model.discriminator_real_classification_logits,
      'generated': model.discriminator_gen_classification_logits,
    }
    labels = tf.argmax(model.one_hot_labels, axis=1)
    return {
      **super().observations(model),
      **{
        f'class_accuracy/{name}': tf.reduce_mean(
          tf.cast(tf.equal(tf.argmax(value, axis=1), labels), tf.float32)
        )
        for name, value in logits.items()
      },
    }
