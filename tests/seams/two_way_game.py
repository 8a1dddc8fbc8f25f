"""The smallest game with two generators, two images and a task per direction, for tests."""

from __future__ import annotations

from collections.abc import Mapping

from tfgan_pipeline.compat import tf, tfgan
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.spec import Kind, Port, Role

SIDES = {'a_to_b': ('a', 'b'), 'b_to_a': ('b', 'a')}


def two_way(noise: Noise, data: Fields, *, cycle_weight: float = 1.0) -> Game:
  """Translates both ways; there and back should give the image again."""
  return TwoWay(noise, data, cycle_weight)


class TwoWay(Game):
  """Two translators against two discriminators."""

  players = {
    'generator': ('generator_ab', 'generator_ba'),
    'discriminator': ('discriminator_a', 'discriminator_b'),
  }
  averaged = players['generator']
  reads = ('image_a', 'image_b')
  directions = tuple(SIDES)

  def __init__(self, noise: Noise, data: Fields, cycle_weight: float):
    super().__init__(noise, data)
    self.cycle_weight = cycle_weight

  def roles(self):
    images = {side: Port(self.data[f'image_{side}'].shape) for side in 'ab'}
    return {
      'generator_ab': Role(Kind.TRANSLATOR, {'image': images['a']}, images['b']),
      'generator_ba': Role(Kind.TRANSLATOR, {'image': images['b']}, images['a']),
      'discriminator_a': Role(Kind.READER, {'image': images['a']}, Port((1,))),
      'discriminator_b': Role(Kind.READER, {'image': images['b']}, Port((1,))),
    }

  def tasks(self):
    return {
      name: Task(name, f'image_{source}', f'image_{target}', (f'generator_{source}{target}',))
      for name, (source, target) in SIDES.items()
    }

  def models(self, batch: Mapping[str, tf.Tensor]):
    return tuple(self._model(batch, source, target) for source, target in SIDES.values())

  def _model(self, batch: Mapping[str, tf.Tensor], source: str, target: str) -> tfgan.GANModel:
    generator = self.networks[f'generator_{source}{target}']
    discriminator = self.networks[f'discriminator_{target}']
    model = tfgan.gan_model(
      generator_fn=lambda images: generator(images, training=True),
      discriminator_fn=lambda images, _: discriminator(self.augment(images), training=True),
      real_data=batch[f'image_{target}'],
      generator_inputs=batch[f'image_{source}'],
    )
    return self.with_variables(model)

  def losses(self, models, adversarial):
    back = self.networks['generator_ba'], self.networks['generator_ab']
    return tuple(
      loss._replace(
        generator_loss=loss.generator_loss
        + self.cycle_weight
        * tf.reduce_mean(
          tf.abs(returning(model.generated_data, training=True) - model.generator_inputs)
        )
      )
      for loss, model, returning in zip(super().losses(models, adversarial), models, back)
    )

  def inputs(self, task, indices, seed, given=None):
    return self.data[task.source].medium.to_device(tf.convert_to_tensor(given[task.source]))

  def run(self, task, networks, inputs):
    return networks[task.roles[0]](inputs, training=False)

  def pool_examples(self):
    images = {side: tf.zeros([1, *self.data[f'image_{side}'].shape]) for side in 'ab'}
    return {name: (images[source], images[target]) for name, (source, target) in SIDES.items()}
