"""Keyed random numbers: a function of key, order and position, on any number of replicas."""

import numpy as np
import pytest

from tests.conftest import fields_of, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.replicas import randomness


def draws(replica=0, replicas=1, rows=8):
  with randomness.scope(randomness.key(3, 7), replica, replicas):
    return [randomness.normal([rows, 5]).numpy(), randomness.uniform([rows, 2]).numpy()]


@pytest.mark.parametrize('replicas', [1, 2, 4])
def test_replicas_share_one_global_batch(replicas):
  parts = [draws(replica, replicas, 8 // replicas) for replica in range(replicas)]
  for whole, *pieces in zip(draws(), *parts):
    np.testing.assert_array_equal(whole, np.concatenate(pieces))


def test_draws_of_one_scope_differ_and_scopes_repeat():
  with randomness.scope(randomness.key(0)):
    first, second = randomness.normal([4, 4]), randomness.normal([4, 4])
  assert not np.array_equal(first, second)
  with randomness.scope(randomness.key(0)):
    np.testing.assert_array_equal(first, randomness.normal([4, 4]))


def test_keys_depend_on_every_part():
  keys = {
    tuple(randomness.key(*path).numpy())
    for path in [(0,), (1,), (0, 0), (0, 1), (0, 0, 1), (0, 1, 0), (1, 0, 0)]
  }
  assert len(keys) == 7


def test_outside_a_scope_is_a_mistake():
  with pytest.raises(RuntimeError, match='inside randomness.scope'):
    randomness.normal([1])


def test_scopes_nest_and_close_after_errors():
  with randomness.scope(randomness.key(0)):
    outer = randomness.normal([2])
    with pytest.raises(KeyError), randomness.scope(randomness.key(1)):
      raise KeyError
    assert randomness.active()
    assert not np.array_equal(outer, randomness.normal([2]))
  assert not randomness.active()


def test_a_seed_is_another_seeds_double_nowhere():
  game = new_game(tiny_experiment('x'), fields_of(num_classes=0))
  last = 2**31 - 1
  noise = [game.inputs(GENERATE, [0], seed)[0].numpy().tobytes() for seed in (0, 1, last - 1, last)]
  assert len(set(noise)) == 4
  for seed in (-1, 2**31, 2**32, 2**64):
    for draw in (randomness.key, game.inputs, randomness.derived_seed):
      arguments = (GENERATE, [0], seed) if draw == game.inputs else (seed, 1)
      with pytest.raises(UsageError, match=f'^seed={seed}: should be at least 0 and less than'):
        draw(*arguments)


@pytest.mark.parametrize('name', ['classifier', 'random_projection', 'self_supervised'])
def test_seeds_of_extractors(name, tmp_path):
  context = ExtractorContext(registry.dataset.build('digits(size=12)', DataOptions()), tmp_path)
  with pytest.raises(UsageError, match=f'--extractor={name}: seed=-1 should be at least 0'):
    registry.extractor.build(f'{name}(seed=-1)', context)
