"""Kernel distance: the sum over pairs written out, what it is invariant to, and its subsets."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics import unit_rows
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import fid
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


def test_a_deviation_over_subsets_that_cannot_differ_is_left_out(sample):
  x, y = sample(0, 40), sample(1, 40)
  assert set(kid(x, y, subsets=3)) == {'kid', 'kid_subset_size'}
  assert set(kid(x, y, subsets=1, subset_size=9)) == {'kid'}
  assert set(kid(x, y, subsets=3, subset_size=39)) == {'kid', 'kid_std'}
  more = kid(x, sample(1, 41), subsets=3)  # Subsets of 40 of 41.
  assert more['kid_std'] > 0 and more['kid_subset_size'] == 40


def _cmmd_by_pairs(x: np.ndarray, y: np.ndarray) -> float:
  x, y = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (x, y))

  def kernel(a, b):
    return np.exp(-np.sum((a - b) ** 2) / (2 * 10**2))

  means = [np.mean([kernel(a, b) for a in s for b in t]) for s, t in ((x, x), (y, y), (x, y))]
  return 1000 * (means[0] + means[1] - 2 * means[2])


@pytest.mark.parametrize('scale', [1.0, 1e19, 1e-150])
def test_cmmd_agrees_with_the_sum_over_pairs(sample, scale):
  x, y = sample(0, 9), sample(1, 14, law=1, shift=1.0)
  scores = kid(Features(scale * x.pool), Features(scale * y.pool), kernel='rbf')
  assert scores['cmmd'] == pytest.approx(_cmmd_by_pairs(x.pool, y.pool), rel=1e-9)
  assert kid(x, x, kernel='rbf') == {'cmmd': 0, 'cmmd_of_means': 0}
  swapped = kid(y, x, kernel='rbf')
  assert swapped['cmmd'] == pytest.approx(scores['cmmd'], rel=1e-12)


def test_cmmd_in_blocks(sample, monkeypatch):
  x, y = sample(0, 30), sample(1, 23, shift=0.3)
  expected = kid(x, y, kernel='rbf')
  monkeypatch.setattr(unit_rows, '_BLOCK', 7)
  assert kid(x, y, kernel='rbf') == pytest.approx(expected, rel=1e-10)


def test_cmmd_sees_the_means_and_nothing_else(sample):
  """Within 5 % it is 10 |mean - mean|^2; a collapse that keeps the mean is hidden from it."""
  apart = kid(sample(0, 300), sample(1, 300, shift=1.0), kernel='rbf')
  assert apart['cmmd'] == pytest.approx(apart['cmmd_of_means'], rel=0.05) and apart['cmmd'] > 0.1
  axes = np.eye(64)
  every = Features(np.concatenate([axes, -axes]))  # 128 modes around 0,
  two = Features(np.repeat([axes[0], -axes[0]], 64, axis=0))  # of which a generator makes two.
  moved = Features(np.concatenate([axes, -axes]) + 0.02)
  collapsed, shifted = (kid(every, other, kernel='rbf') for other in (two, moved))
  assert collapsed['cmmd_of_means'] == 0
  assert collapsed['cmmd'] < shifted['cmmd']
  assert fid(every, two)['fid'] > 10 * fid(every, moved)['fid']  # The Frechet distance sees it.


def test_ids_of_scores_are_those_of_the_time_before_kernels():
  assert str(registry.metric.parse('kid')) == 'kid(subsets=100, subset_size=1000, seed=0)'
  assert registry.metric.parse('kid(kernel=polynomial)') == registry.metric.parse('kid')
  rbf = registry.metric.parse('kid(kernel=rbf)')
  assert str(rbf) == 'kid(subsets=100, subset_size=1000, seed=0, kernel=rbf)'
  assert registry.metric.parse(str(rbf)) == rbf


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
  with pytest.raises(UsageError, match='1 of 6 feature vectors are zero'):
    kid(x, Features(np.eye(6) * [1, 1, 1, 1, 1, 0]), kernel='rbf')
  wrong = {'subsets': 0}, {'subset_size': 1}, {'seed': -1}, {'seed': 2**32}, {'kernel': 'cosine'}
  for arguments in wrong:
    with pytest.raises(UsageError, match=f'{list(arguments)[0]}={list(arguments.values())[0]}'):
      kid(x, x, **arguments)
