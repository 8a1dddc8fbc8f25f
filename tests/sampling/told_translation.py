"""A translator that is told a class and doubles both sides, for tests of what may be asked for."""

from __future__ import annotations

import dataclasses

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf, tfgan
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.fields import Field, Fields
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.models.translation_game import TranslationGame
from tfgan_pipeline.networks.layers.basic import LabelBeside, NearestUpsample2x
from tfgan_pipeline.networks.spec import Kind, Port

TONES = ('light', 'medium', 'dark')


class Toned(TranslationGame):
  """Game whose translator reads the tone asked for."""

  sides = {'a_to_b': ('a', 'b')}

  def roles(self):
    roles = dict(super().roles())
    role = roles['generator_ab']
    reads = {**role.reads, 'label': Port((), 'int32', len(TONES))}
    return {**roles, 'generator_ab': dataclasses.replace(role, reads=reads)}

  def _model(self, batch, direction):
    generator = self.networks[self.generator_of(direction)]
    model = tfgan.gan_model(
      generator_fn=lambda images: generator([images, batch['label_asked']], training=True),
      discriminator_fn=lambda images, sources: self.judge(direction, images, sources),
      real_data=batch['image_b'],
      generator_inputs=batch['image_a'],
    )
    return self.with_variables(model)

  def inputs(self, task, indices, seed, given=None):
    asked = tf.convert_to_tensor(given['label_asked'])
    return [super().inputs(task, indices, seed, given), asked]


def toned(noise, data):
  """Translator that is told a tone."""
  return Toned(noise, data)


def toned_network(spec):
  """One convolution of a picture of twice the size, and of the tone."""
  networks = {}
  for name, role in spec.of_kind(Kind.TRANSLATOR).items():
    image = keras.Input(role.reads['image'].sides)
    label = keras.Input((), dtype=tf.int32)
    maps = LabelBeside(len(TONES))([NearestUpsample2x()(image), label])
    maps = keras.layers.Conv2D(3, 3, padding='same', activation='tanh', dtype='float32')(maps)
    networks[name] = keras.Model([image, label], maps, name=name)
  return networks


def toned_pictures(options):
  """Noise of 8x8 and of 16x16, and a tone."""
  del options
  random = np.random.RandomState(0)
  small, large = (random.randint(0, 256, (20, side, side, 3), np.uint8) for side in (8, 16))
  image = Fields.of_images((8, 8, 3))['image']
  fields = Fields(
    image_a=image,
    image_b=dataclasses.replace(image, shape=(16, 16, 3)),
    label_asked=Field((), 'int32', classes=TONES),
  )
  labels = np.arange(20, dtype=np.int32) % len(TONES)
  split = MemorySplit({'image_a': small, 'image_b': large, 'label_asked': labels})
  return Dataset('toned_pictures', fields, {'train': split, 'test': split})


def register_all() -> None:
  """Makes the game, its network and its data known to this process."""
  registry.model(toned)
  registry.network(toned_network)
  registry.dataset(toned_pictures)
