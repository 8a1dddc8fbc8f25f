"""Facts about metrics that follow from mathematics; checked in seconds, without data or weights.

Where samples are random, the draw is seeded and the tolerance is about five standard deviations.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
import math

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import frechet_distance
from tfgan_pipeline.metrics.frechet.moments import Moments
from tfgan_pipeline.verification.facts import Fact, Skip

_WIDTH = 16  # Features per sample: few, so that all facts take seconds.


def exact_facts() -> list[Fact]:
  """Returns all exact facts, in the order of the table."""
  one, other = _sample(0, 1000), _sample(1, 700, shift=0.5)
  shift = np.linspace(0, 1, _WIDTH)
  zero, identity = np.zeros(_WIDTH), np.eye(_WIDTH)
  rotation = np.linalg.qr(np.random.default_rng(2).normal(size=(_WIDTH, _WIDTH)))[0]
  order = np.random.default_rng(3).permutation(len(one))
  distance = functools.cache(lambda: _score('fid', one, other))
  whole_distance = functools.cache(lambda: _from_moments([one.pool], other))
  # Density and coverage share one pair of samples, and so one pass over its distances.
  large = functools.cache(lambda: (_sample(8, 10000), _sample(9, 10000)))
  # The expectation for equal laws, N = M = 10,000 and k = 5, see the metric prdc.
  coverage = 1 - math.prod((10000 - j) / (20000 - j) for j in range(1, 6))

  def change_of_fid(change: Callable[[np.ndarray], np.ndarray]) -> float:
    return _score('fid', Features(change(one.pool)), Features(change(other.pool))) - distance()

  return [
    Fact('fid of equal sets', 0, 1e-6, lambda: _score('fid', one, one)),
    Fact(
      'Frechet distance of N(0, I) and N(m, I), less |m|^2',
      0,
      1e-9,
      lambda: frechet_distance(zero, identity, shift, identity) - float(shift @ shift),
    ),
    Fact(
      'fid of 20,000 of N(0, I) and of N(m, I), less |m|^2',
      0,
      0.3,
      lambda: (
        _score('fid', _sample(4, 20000, mixed=False), _sample(5, 20000, shift=shift, mixed=False))
        - float(shift @ shift)
      ),
    ),
    Fact('fid, sets exchanged', 0, 1e-8, lambda: _score('fid', other, one) - distance()),
    Fact('fid, features rotated', 0, 1e-8, lambda: change_of_fid(lambda pool: pool @ rotation)),
    Fact(
      'fid, samples permuted',
      0,
      1e-8,
      lambda: _score('fid', Features(one.pool[order]), other) - distance(),
    ),
    *(
      Fact(
        f'fid from moments of batches of {size}, over that of one batch, less 1',
        0,
        1e-10,
        lambda size=size: (
          _from_moments([one.pool[i : i + size] for i in range(0, len(one), size)], other)
          / whole_distance()
          - 1
        ),
      )
      for size in (1, 7, 64)
    ),
    *(
      Fact(
        f'fid from moments of {shards} shards, over that of one batch, less 1',
        0,
        1e-10,
        lambda shards=shards: (
          _from_moments(np.array_split(one.pool, shards), other, merged=True) / whole_distance() - 1
        ),
      )
      for shards in (2, 3, 8)
    ),
    Fact('fid of two halves of 8,192 over its floor', 1, 0.1, _halves_over_floor),
    Fact('inception_score of one class per tenth', 10, 1e-6, lambda: _inception_score(np.eye(10))),
    Fact('inception_score of no idea', 1, 1e-9, lambda: _inception_score(np.zeros((10, 10)))),
    Fact(
      'kid of one law',
      0,
      2.5e-3,
      lambda: _score('kid', _sample(6, 5000, mixed=False), _sample(7, 5000, mixed=False)),
    ),
    Fact('density of one law', 1, 0.07, lambda: _score('prdc', *large(), 'density')),
    Fact(
      'coverage of one law, 10,000 and 10,000',
      coverage,
      0.01,
      lambda: _score('prdc', *large(), 'coverage'),
    ),
    Fact(
      'memorised share of copies',
      1,
      0,
      lambda: _score('memorised', one, Features(one.pool[:300])),
    ),
  ]


def _sample(
  seed: int, count: int, *, shift: float | np.ndarray = 0.0, mixed: bool = True
) -> Features:
  """Draws `count` Gaussian samples as features [count, _WIDTH].

  Args:
    seed: Seed of the draw.
    count: Number of samples.
    shift: Mean, a number or [_WIDTH].
    mixed: Whether columns are correlated, by a fixed matrix, instead of independent and of unit
      variance.
  """
  pool = np.random.default_rng(seed).normal(size=(count, _WIDTH))
  if mixed:
    pool = pool @ np.random.default_rng(1000).normal(size=(_WIDTH, _WIDTH))
  return Features(pool + shift)


def _score(metric: str, reference: Features, generated: Features, name: str = '') -> float:
  """Returns the score `name` of a metric, by default the one named like the metric.

  Raises:
    Skip: There is no such metric.
  """
  if metric not in registry.metric.components():
    raise Skip(f'there is no metric {metric}')
  return registry.metric.build(metric, reference, generated)[name or metric]


def _from_moments(batches: list[np.ndarray], other: Features, *, merged: bool = False) -> float:
  """Returns the Frechet distance between batches and `other`.

  Moments are updated batch by batch or, if `merged`, taken of each batch alone and merged.
  """
  moments, reference = Moments(), Moments()
  reference.update(other.pool)
  for batch in batches:
    shard = Moments() if merged else moments
    shard.update(batch)
    if merged:
      moments.merge(shard)
  return frechet_distance(
    moments.mean, moments.covariance(), reference.mean, reference.covariance()
  )


def _halves_over_floor() -> float:
  """Returns fid over fid_floor of two halves of one Gaussian sample."""
  pool = np.random.default_rng(10).normal(size=(8192, 128))
  scores = registry.metric.build('fid', Features(pool[::2]), Features(pool[1::2]))
  return scores['fid'] / scores['fid_floor']


def _inception_score(logits: np.ndarray) -> float:
  """Returns the Inception score of 100 copies of ten rows of logits, as one split."""
  features = Features(np.zeros((1000, 1)), np.tile(1e3 * logits, (100, 1)))
  scores = registry.metric.build('inception_score(splits=1)', features, features)
  return scores['inception_score']
