"""A text_gan that tests can afford."""

from __future__ import annotations

from tests.conftest import tiny_experiment
from tfgan_pipeline.data.dataset import DataOptions, load_dataset
from tfgan_pipeline.models.build import build_networks, new_game

DATA = 'shapes(size=16, count=60, style=captions)'
VALUES = dict(
  model='text_gan(interpolation=0.5, code=8)',
  networks='text_dcgan(filters=4), text_encoder(size=8)',
  dataset=DATA,
  ema_decay=0.9,
  # A low rate, as absolute errors magnify rounding errors from step to step.
  generator_optimizer='sgd(1e-4)',
  discriminator_optimizer='sgd(1e-4)',
)


def experiment(model_dir='', **values):
  return tiny_experiment(model_dir, **{**VALUES, **values})


def flags(model_dir, **values):
  return tuple(experiment(model_dir, **values).to_flagfile().splitlines()[1:])


def data():
  return load_dataset(DATA, DataOptions())


def game_of(**values):
  one = experiment(**values)
  fields = data().fields
  game = new_game(one, fields)
  game.networks = build_networks(one, fields)
  return game
