"""Kernel distance: the sum over pairs written out, what it is invariant to, and its subsets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.kernel import kid, unbiased_mmd2


def _by_pairs(x: np.ndarray, y: np.ndarray) -> float:
  def kernel(a, b):
    return (float(np.dot(a, b)) / len(a) + 1) ** 3

  within = [np.mean([kernel(a, b) for a, b in itertools.permutations(set_, 2)]) for set_ in (x, y)]
  return sum(within) - 2 * np.mean([kernel(a, b) for a in x for b in y])


@pytest.mark.parametrize('n, m', [(2, 2), (9, 9), (7, 15), (15, 7)])
@pytest.mark.parametrize('scale', [1.0, 1e6, 1e-3])
def test_agrees_with_the_sum_over_pairs(sample, n, m, scale):
  x, y = scale * sample(0, n).pool, scale * sample(1, m, law=1, shift=1.0).pool
  size = np.mean((x**2).mean(axis=1) + 1) ** 3
  assert unbiased_mmd2(x, y) == pytest.approx(_by_pairs(x, y), rel=1e-6, abs=1e-12 * size)


def test_rank_deficient_and_duplicated(sample):
  x = np.repeat(sample(0, 5).pool[:, :2] @ np.ones((2, 6)), 3, axis=0)
  y = sample(1, 8, shift=1.0).pool
  assert unbiased_mmd2(x, y) == pytest.approx(_by_pairs(x, y), rel=1e-9)


def test_constants():
  zero, one = np.zeros((5, 3)), np.ones((4, 3))
  assert unbiased_mmd2(one, one) == 0
  assert unbiased_mmd2(zero, one) == pytest.approx(1 + 8 - 2, rel=1e-12)


def test_invariances(sample):
  x, y = sample(0, 30).pool, sample(1, 20, law=1, shift=1.0).pool
  expected = pytest.approx(unbiased_mmd2(x, y), rel=1e-9)
  rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
  assert unbiased_mmd2(y, x) == expected
  assert unbiased_mmd2(x[::-1], y[::-1]) == expected
  assert unbiased_mmd2(x @ rotation, y @ rotation) == expected
  assert unbiased_mmd2(np.tile(x, 4), np.tile(y, 4)) == expected


def test_without_bias(sample):
  """Over samples of one law the mean is zero, at every size, within three standard errors."""
  for n, m in (10, 10), (5, 30):
    values = [
      unbiased_mmd2(sample(seed, n + m).pool[:n], sample(seed, n + m).pool[n:])
      for seed in range(400)
    ]
    assert abs(np.mean(values)) < 3 * np.std(values) / 20
    assert np.min(values) < 0 < np.max(values)


@pytest.mark.parametrize('n, m, subset_size', [(12, 12, 5), (12, 9, 1000), (6, 14, 1000)])
def test_subsets(sample, n, m, subset_size):
  x, y = sample(0, n), sample(1, m, shift=1.0)
  size = min(subset_size, n, m)
  state = np.random.RandomState(2020)
  values = []
  for _ in range(6):
    rows = [state.permutation(len(features))[:size] for features in (x, y)]
    values.append(_by_pairs(x.pool[rows[0]], y.pool[rows[1]]))
  mean = sum(values) / 6
  variance = sum((value - mean) ** 2 for value in values) / 6
  scores = kid(x, y, subsets=6, subset_size=subset_size, seed=2020)
  assert scores['kid'] == pytest.approx(mean, rel=1e-9)
  assert scores['kid_std'] == pytest.approx(variance**0.5, rel=1e-6)


def test_whole_sets_of_one_size_need_no_drawing(sample):
  x, y = sample(0, 40), sample(1, 40, shift=1.0)
  scores = kid(x, y, subsets=3)
  assert scores['kid'] == pytest.approx(unbiased_mmd2(x.pool, y.pool), rel=1e-9)
  assert scores['kid_std'] == pytest.approx(0, abs=1e-9)


def test_seed(sample):
  x, y = sample(0, 40), sample(1, 40, shift=1.0)
  scores = [kid(x, y, subsets=3, subset_size=10, seed=seed) for seed in (0, 0, 1)]
  assert scores[0] == scores[1] != scores[2]


def test_float32_is_summed_in_float64(sample):
  x, y = (sample(seed, 40, width=50, shift=100.0).pool.astype(np.float32) for seed in (0, 1))
  assert unbiased_mmd2(x, y) == unbiased_mmd2(x.astype(np.float64), y.astype(np.float64))


def test_largest_values_stay_finite():
  x = 1e20 * np.random.default_rng(0).uniform(-1, 1, size=(9, 3))
  scores = kid(Features(x), Features(-x), subsets=5, subset_size=4)
  assert np.isfinite(list(scores.values())).all()


def test_wrong_use(sample):
  x = sample(0, 30)
  with pytest.raises(UsageError, match='width 6 and 5'):
    kid(x, sample(0, 30, width=5))
  for arguments in {'subsets': 0}, {'subset_size': 1}, {'seed': -1}, {'seed': 2**32}:
    with pytest.raises(UsageError, match=f'{list(arguments)[0]}={list(arguments.values())[0]}'):
      kid(x, x, **arguments)
