"""A discriminator that also names the class, through `tfgan.acgan_model` (Odena et al. 2017)."""

from __future__ import annotations

from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import require
from tfgan_pipeline.models.game import Discriminator, Game
from tfgan_pipeline.models.noise import Noise


@registry.model
def acgan(
  noise: Noise,
  data: Fields,
  *,
  generator_weight: float = 1.0,
  discriminator_weight: float = 1.0,
) -> Game:
  """The generator is told the class, the discriminator has to tell it (arXiv:1610.09585).

  Args:
    noise: The generator's random input.
    data: The fields of the examples.
    generator_weight: Of the class's cross-entropy on generated images, in the generator's loss.
    discriminator_weight: Of that on real and on generated images, in the discriminator's.
  """
  require(
    '--model',
    at_least=0,
    generator_weight=generator_weight,
    discriminator_weight=discriminator_weight,
  )
  return ACGAN(noise, data, generator_weight, discriminator_weight)


class ACGAN(Game):
  """Generated images are of the classes of the real ones beside them, as in TF-GAN's losses."""

  labelled = frozenset({'generator'})

  def __init__(
    self, noise: Noise, data: Fields, generator_weight: float, discriminator_weight: float
  ):
    super().__init__(noise, data)
    self.outputs = {'discriminator': 1 + data.num_classes}
    self._weights = {
      'aux_cond_generator_weight': generator_weight,
      'aux_cond_discriminator_weight': discriminator_weight,
    }

  def gan_model(self, batch: dict[str, tf.Tensor]) -> tfgan.ACGANModel:
    generator = self.networks['generator']
    model = tfgan.acgan_model(
      generator_fn=lambda inputs: generator(inputs, training=True),
      discriminator_fn=Discriminator(self, lambda numbers: (numbers[:, :1], numbers[:, 1:])),
      real_data=batch['image'],
      generator_inputs=[self.noise.for_step(batch['image'].shape[0]), batch['label']],
      one_hot_labels=tf.one_hot(batch['label'], self.num_classes),
    )
    return self.with_variables(model)

  def losses(self, model: tfgan.ACGANModel, adversarial: Any) -> tfgan.GANLoss:
    return tfgan.gan_loss(
      model,
      adversarial.generator,
      adversarial.discriminator,
      add_summaries=False,
      **self._weights,
    )

  def observations(self, model: tfgan.ACGANModel) -> dict[str, tf.Tensor]:
    """Also how often the discriminator names the right class."""
    logits = {
      'real': model.discriminator_real_classification_logits,
      'generated': model.discriminator_gen_classification_logits,
    }
    right = tf.argmax(model.one_hot_labels, axis=1)
    return {
      **super().observations(model),
      **{
        f'class_accuracy/{name}': tf.reduce_mean(
          tf.cast(tf.equal(tf.argmax(value, axis=1), right), tf.float32)
        )
        for name, value in logits.items()
      },
    }
