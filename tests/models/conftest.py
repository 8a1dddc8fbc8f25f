"""Fixture of tests of games: one undisturbed run of each game between images, shared by files."""

from __future__ import annotations

import pytest

from tests.conftest import run_binary


@pytest.fixture(scope='session')
def calm_run(tmp_path_factory):
  """Function that trains a game between images for four steps, once; returns the model_dir."""
  runs = {}

  def train(name: str):
    from tests.models.test_translation_games import flags

    if name not in runs:
      runs[name] = tmp_path_factory.mktemp(name) / 'run'
      run_binary('train', *flags(name, runs[name]))
    return runs[name]

  return train
