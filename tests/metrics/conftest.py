"""Random features for the metric tests."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfgan_pipeline.metrics.features import Features


@pytest.fixture
def sample():
  """A function that draws Features with correlated columns of unequal size and shifted mean."""

  def draw(
    seed: int, n: int, width: int = 6, classes: int = 4, shift: float = 0.0, law: int = 0
  ) -> Features:
    mixing = np.random.default_rng([1000, law]).normal(size=(width, width))
    random = np.random.default_rng(seed)
    pool = random.normal(size=(n, width)) @ mixing + shift
    return Features(pool, 2 * random.normal(size=(n, classes)))

  return draw


@pytest.fixture
def chosen():
  """A function that gives Features what generators were asked for, by turns."""

  def choose(features: Features) -> Features:
    turns = np.arange(len(features))
    return dataclasses.replace(features, labels=turns % 4, codes=turns % 3)

  return choose
