"""The mode in which games call their networks, and samples in parts."""

from __future__ import annotations

import numpy as np
import pytest

from tests.models.kinds import IMAGE_GAMES, TRANSLATION_GAMES
from tests.models.test_games import batch_of
from tests.models.test_games import game_of as image_game
from tests.models.test_translation_games import CASES
from tests.models.test_translation_games import game_of as translation_game
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf, tf1_tensor_equality
from tfgan_pipeline.data.dataset import DataOptions, load_dataset
from tfgan_pipeline.models.parts import in_turn
from tfgan_pipeline.replicas import randomness


@pytest.fixture
def modes(monkeypatch):
  """Argument `training` of each call of a network that is not made by another network."""
  call, given, depth = keras.Model.__call__, [], []

  def watched(self, *arguments, **options):
    if not depth:
      given.append(options.get('training'))
    depth.append(self)
    try:
      return call(self, *arguments, **options)
    finally:
      depth.pop()

  monkeypatch.setattr(keras.Model, '__call__', watched)
  return given


@pytest.mark.parametrize('name', [*IMAGE_GAMES, *TRANSLATION_GAMES])
def test_a_step_calls_every_network_in_training_mode(name, modes):
  if name in IMAGE_GAMES:
    game, batch = image_game(name), batch_of()
  else:
    game = translation_game(name)
    dataset = load_dataset(CASES[name]['dataset'], DataOptions())
    batch = dataset.fields.to_device(
      tf.nest.map_structure(tf.constant, next(dataset.split('train').ordered(4)))
    )
  modes.clear()  # Of building.

  @tf.function(autograph=False)
  def step():
    with randomness.scope(randomness.key(0)):
      models = game.models(batch)
      losses = game.losses(models, registry.loss.build('wasserstein'))
      return [loss.generator_loss for loss in losses]

  with tf1_tensor_equality():
    step.get_concrete_function()
  assert modes and set(modes) == {True}


def test_samples_in_parts_are_each_made_once():
  sizes = []

  def make(part):
    sizes.append(len(part))
    return 2 * part

  np.testing.assert_array_equal(in_turn(make, tf.range(7), 7, 3), 2 * np.arange(7))
  assert sizes == [3, 3, 1]
