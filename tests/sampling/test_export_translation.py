"""Functions of a SavedModel that translate pictures: any size, or that of training with a line."""

from __future__ import annotations

import logging

import numpy as np

from tests.models.test_translation_games import game_of
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.sizes import of_any_size
from tfgan_pipeline.networks.spec import Kind
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.sampling.exports.translation import translation_functions


def functions_of(name, **values):
  """Returns the function and the signature of a game whose networks are fresh, and its game."""
  game = game_of(name, **values)
  return *translation_functions(game, game.networks, game.task()), game


def test_msrresnet_enlarges_pictures_of_another_size():
  function, _, game = functions_of(
    'super_resolution',
    model='super_resolution(adversarial_weight=0)',
    networks='msrresnet(filters=4, blocks=1)',
  )
  picture = np.random.RandomState(0).randint(0, 256, (1, 11, 9, 3), np.uint8)
  network = of_any_size(game.networks)['generator_ab']
  expected = network(tf.constant(picture / 127.5 - 1, tf.float32))
  found = function(tf.constant(picture)).numpy()
  assert found.shape == (1, 22, 18, 3)
  assert np.abs(found - np.clip(127.5 * (expected.numpy() + 1), 0, 255)).max() <= 1


class NeedsSize(keras.layers.Layer):
  """Returns its maps, whose sides it has to know."""

  def call(self, maps):
    return maps * tf.ones(maps.shape[1:])


def test_a_network_of_one_size_is_exported_for_it_and_this_is_said(register, caplog):
  def one_size(spec):
    """Translator that returns its picture."""
    networks = {}
    for name, role in spec.of_kind(Kind.TRANSLATOR).items():
      image = keras.Input(role.reads['image'].sides)
      networks[name] = keras.Model(image, NeedsSize(dtype='float32')(image), name=name)
    return networks

  register(registry.network, one_size)
  with caplog.at_level(logging.INFO):
    function, named, _ = functions_of('pix2pix', networks='one_size, patchgan(filters=4, layers=1)')
  (line,) = [one for one in caplog.messages if 'export' in one]
  assert line.startswith('the network of a_to_b takes 16x16 pixels alone, and so does its export (')
  assert '\n' not in line
  with strategies.mirrored_cpus(2).scope():  # What was tried has left no trace in TensorFlow.
    tf.Variable(0.0)
  picture = np.random.RandomState(0).randint(0, 256, (1, 16, 16, 3), np.uint8)
  np.testing.assert_array_equal(function(examples=picture), picture)
  np.testing.assert_array_equal(named(tf.constant(picture))['image_b'], picture)
