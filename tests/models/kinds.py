"""Kinds of games, for tests of one kind."""

from __future__ import annotations

import pytest

from tfgan_pipeline import registry

# Games from images to images; test_translation_games.py has their tests.
TRANSLATION_GAMES = ('cut', 'cyclegan', 'pix2pix', 'stargan', 'super_resolution')
# Games of music; test_midinet.py has their tests.
MUSIC_GAMES = ('midinet',)
# Games that make pictures of captions; test_text_gan.py and test_text_training.py have their tests.
TEXT_GAMES = ('text_gan',)
_OTHERS = (*TRANSLATION_GAMES, *MUSIC_GAMES, *TEXT_GAMES)
# Games that make images from noise, and perhaps a class.
IMAGE_GAMES = [name for name in registry.model.components() if name not in _OTHERS]


def light(*names):
  """Returns all games between images, with those heavy that are not named."""
  return [
    pytest.param(name, marks=() if name in names else pytest.mark.heavy)
    for name in TRANSLATION_GAMES
  ]


def pictures_of(game, examples):
  """Returns the pictures that are special to a game, of its networks as they are."""
  shown = game.shown(game.networks, examples)
  return game.draw({name: value.numpy() for name, value in shown.items()}, examples)
