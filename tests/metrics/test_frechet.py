"""Frechet distance: closed forms, invariances, and ranks below the width."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.linalg

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import (
  covariance_factor,
  factored_distance,
  fid,
  frechet_distance,
  sample_factor,
)
from tfgan_pipeline.metrics.frechet.floor import frechet_floor
from tfgan_pipeline.metrics.frechet.moments import Moments


def _fid(x: np.ndarray, y: np.ndarray, **arguments) -> float:
  return fid(Features(x), Features(y), **arguments)['fid']


def _by_sqrtm(x: np.ndarray, y: np.ndarray, ddof: int = 1) -> float:
  cov1, cov2 = np.cov(x.T, ddof=ddof), np.cov(y.T, ddof=ddof)
  root = scipy.linalg.sqrtm(cov1 @ cov2)
  return np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2) + np.trace(cov1 + cov2 - 2 * np.real(root))


def test_closed_forms():
  mean = np.array([1.0, -2.0, 3.0])
  assert frechet_distance(np.zeros(3), np.eye(3), mean, np.eye(3)) == pytest.approx(14, rel=1e-12)
  # Covariances that commute: the sum of (sqrt l - sqrt k)^2; then the same in one dimension.
  distance = frechet_distance(mean, np.diag([4.0, 0.0, 9.0]), mean, np.diag([1.0, 16.0, 25.0]))
  assert distance == pytest.approx(1 + 16 + 4, rel=1e-12)
  assert frechet_distance([5.0], [[4.0]], [2.0], [[49.0]]) == pytest.approx(9 + 25, rel=1e-12)
  # Covariances that do not: projections on lines at 45 degrees, tr sqrt = |a.b|.
  line1, line2 = np.outer([1, 0], [1, 0]), np.outer([1, 1], [1, 1]) / 2
  assert frechet_distance([0, 0], line1, [0, 0], line2) == pytest.approx(2 - np.sqrt(2), rel=1e-12)


def test_shifted_gaussian_tends_to_the_squared_shift():
  random = np.random.default_rng(0)
  shift = np.array([1.0, -2.0, 0.5, 0.0])
  scores = fid(
    Features(random.normal(size=(20_000, 4))), Features(random.normal(size=(10_000, 4)) + shift)
  )
  assert scores['fid_above_floor'] == pytest.approx(shift @ shift, rel=0.03)
  assert scores['fid_above_floor'] == scores['fid'] - scores['fid_floor']


@pytest.mark.parametrize('n, m', [(300, 300), (300, 90)])
@pytest.mark.parametrize('ddof', [0, 1])
def test_agrees_with_sqrtm(sample, n, m, ddof):
  x, y = sample(0, n).pool, sample(1, m, law=1, shift=1.0).pool
  assert _fid(x, y, ddof=ddof) == pytest.approx(_by_sqrtm(x, y, ddof), rel=1e-6)
  assert _fid(x, y, ddof=ddof) != pytest.approx(_by_sqrtm(x, y, 1 - ddof), rel=1e-6)


def _degenerate(kind: str, seed: int, n: int) -> np.ndarray:
  random = np.random.default_rng([seed, n])
  if kind == 'duplicated':
    return np.repeat(random.normal(size=(n // 4, 9)), 4, axis=0)
  return {
    'random': random.normal(size=(n, 9)),
    'few samples': random.normal(size=(n, 2 * n)),
    'rank deficient': random.normal(size=(n, 3)) @ random.normal(size=(3, 9)),
    'dead columns': random.normal(size=(n, 9)) * (np.arange(9) % 3 > 0),
    'wide spectrum': random.normal(size=(n, 9)) * 10.0 ** -np.arange(9),
    'huge': random.normal(size=(n, 9)) * 1e18,
    'tiny': random.normal(size=(n, 9)) * 1e-18,
    'constant': np.full((n, 9), random.normal()),
  }[kind]


KINDS = [
  'random',
  'few samples',
  'rank deficient',
  'dead columns',
  'wide spectrum',
  'huge',
  'tiny',
  'constant',
  'duplicated',
]


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
@pytest.mark.parametrize('kind', KINDS)
def test_equal_sets_are_at_zero(kind, dtype):
  x = _degenerate(kind, 0, 40).astype(dtype)
  scale = np.sum(x.astype(np.float64).var(axis=0))
  assert 0 <= _fid(x, x) <= 1e-9 * scale
  assert 0 <= _fid(x, x[::-1]) <= 1e-9 * scale + 1e-30  # A constant has a mean to round.


@pytest.mark.parametrize('kind', KINDS)
def test_streamed_moments_and_samples_give_one_distance(kind):
  x, y = _degenerate(kind, 0, 40), _degenerate(kind, 1, 40)[:28] * 1.5
  moments = Moments(), Moments()
  for part, pool in zip(moments, (x, y)):
    for batch in np.array_split(pool, 5):
      part.update(batch)
  streamed = frechet_distance(
    moments[0].mean, moments[0].covariance(), moments[1].mean, moments[1].covariance()
  )
  assert _fid(x, y) == pytest.approx(streamed, rel=1e-8)
  # The definition without any factorisation but that of the samples: tr sqrt = |Xc Yc^T|_*.
  xc, yc = x - x.mean(axis=0), y - y.mean(axis=0)
  nuclear = scipy.linalg.svdvals(xc @ yc.T).sum() / np.sqrt(39 * 27)
  direct = (
    np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2)
    + np.sum(xc**2) / 39
    + np.sum(yc**2) / 27
    - 2 * nuclear
  )
  assert streamed == pytest.approx(direct, rel=1e-8)


@pytest.mark.parametrize('ddof', [0, 1])
@pytest.mark.parametrize('n, m', [(10, 10), (10, 17), (10, 50), (50, 10), (25, 24)])
def test_low_rank_form_equals_full_form(sample, n, m, ddof):
  x, y = sample(0, n, width=25).pool, sample(1, m, width=25, law=1, shift=0.5).pool
  full = frechet_distance(
    x.mean(axis=0), np.cov(x.T, ddof=ddof), y.mean(axis=0), np.cov(y.T, ddof=ddof)
  )
  assert _fid(x, y, ddof=ddof) == pytest.approx(full, rel=1e-8)
  assert sample_factor(x)[1].shape == (min(n, 25), 25)
  floor = fid(Features(x), Features(y), ddof=ddof)['fid_floor']
  assert floor == pytest.approx(
    frechet_floor(np.cov(x.T, ddof=ddof), n, m, estimated_from=n), rel=1e-8
  )


@pytest.mark.parametrize('n', [100, 12])
def test_invariances(sample, n):
  x, y = sample(0, n, width=20).pool, sample(1, 80, width=20, law=1, shift=1.0).pool
  expected = pytest.approx(_fid(x, y), rel=1e-9)
  random = np.random.default_rng(0)
  rotation = np.linalg.qr(random.normal(size=(20, 20)))[0]
  columns = random.permutation(20)
  assert _fid(y, x) == expected
  assert _fid(x @ rotation, y @ rotation) == expected
  assert _fid(x[:, columns], y[:, columns]) == expected
  assert _fid(random.permutation(x), random.permutation(y)) == expected
  assert _fid(x + 7, y + 7) == expected
  assert _fid(3 * x, 3 * y) / 9 == expected
  assert _fid(x @ rotation, y) != expected


@pytest.mark.parametrize('size', [1, 7, 64])
@pytest.mark.parametrize('shards', [1, 2, 3, 8])
def test_batches_and_shards_leave_no_trace(sample, size, shards):
  x, y = sample(0, 203, shift=3.0), sample(1, 150, law=1)
  moments = Moments()
  for shard in np.array_split(x.pool, shards):
    part = Moments()
    for start in range(0, len(shard), size):
      part.update(shard[start : start + size])
    moments.merge(part)
  streamed = frechet_distance(
    moments.mean, moments.covariance(), y.pool.mean(axis=0), np.cov(y.pool.T)
  )
  assert streamed == pytest.approx(fid(x, y)['fid'], rel=1e-10)


@pytest.mark.parametrize('rank', [1, 5, 9])
def test_factor_squares_to_its_covariance(rank):
  rows = np.random.default_rng(0).normal(size=(rank, 9))
  factor = covariance_factor(rows.T @ rows)
  np.testing.assert_allclose(factor.T @ factor, rows.T @ rows, atol=1e-12)


def test_factor_has_a_row_for_every_eigenvalue_that_is_not_zero():
  assert covariance_factor(np.diag([4.0, 0.0, 9.0])).shape == (2, 3)
  assert covariance_factor(np.zeros((3, 3))).shape == (1, 3)


@pytest.mark.parametrize('n', [4, 6, 9])
def test_factor_of_samples_is_that_of_their_unbiased_covariance(sample, n):
  rows = sample(0, n).pool
  mean, factor = sample_factor(rows)
  np.testing.assert_allclose(mean, rows.mean(axis=0))
  np.testing.assert_allclose(factor.T @ factor, np.cov(rows.T), atol=1e-12)


def test_wrong_use(sample):
  x, eye, zero = sample(0, 30), np.eye(2), np.zeros(2)
  with pytest.raises(UsageError, match='width 6 and 5'):
    fid(x, sample(0, 30, width=5))
  for features in x, sample(0, 4):
    with pytest.raises(UsageError, match='ddof=2'):
      fid(features, features, ddof=2)
  with pytest.raises(UsageError, match='one width'):
    frechet_distance(zero, eye, np.zeros(3), np.eye(3))
  with pytest.raises(UsageError, match='one width'):
    frechet_distance(zero, eye, np.zeros(1), eye)
  with pytest.raises(UsageError, match=r'\[D, D\]'):
    frechet_distance(zero, eye[:1], zero, eye)
  with pytest.raises(UsageError, match='-1 to 1'):
    frechet_distance(zero, np.diag([1.0, -1.0]), zero, eye)
  with pytest.raises(UsageError, match='1 of 4 values in a covariance'):
    frechet_distance(zero, np.diag([np.nan, 1.0]), zero, eye)
  with pytest.raises(UsageError, match='not finite'):
    frechet_distance(np.full(2, np.nan), eye, zero, eye)
  with pytest.raises(UsageError, match='too large'), np.errstate(over='ignore'):
    factored_distance(np.full(2, 1e200), eye, zero, eye)


@pytest.mark.parametrize('apart', [1.0, 1e-2, 1e-5, 0.0])
@pytest.mark.parametrize('slope', [0, 1, 2, 4, 8])
def test_the_short_cut_is_taken_only_where_it_is_right(slope, apart, monkeypatch):
  random = np.random.default_rng(0)
  scale = np.arange(1.0, 121) ** (-slope / 2)
  x = random.normal(size=(400, 120)) * scale
  y = x + apart * random.normal(size=(400, 120)) * scale
  factors = [scipy.linalg.cholesky(np.cov(rows.T)) for rows in (x, y)]
  without = np.sum((x.mean(axis=0) - y.mean(axis=0)) ** 2) + sum(np.sum(f**2) for f in factors)
  expected = without - 2 * scipy.linalg.svdvals(factors[0] @ factors[1].T).sum()
  slow = []
  svd = np.linalg.svd
  monkeypatch.setattr(np.linalg, 'svd', lambda *a, **k: slow.append(1) or svd(*a, **k))
  assert _fid(x, y) == pytest.approx(expected, rel=1e-7, abs=1e-12 * without)
  if (slope, apart) in ((0, 1.0), (2, 1.0)):
    assert not slow
  if apart == 0 or slope == 8:
    assert slow


@pytest.mark.parametrize('unit', [1e-6, 1.0, 1e6])
def test_the_short_cut_does_not_depend_on_the_unit(unit, monkeypatch):
  """The short cut is taken for sets far apart and not for equal ones, at any scale of features."""
  x, y = unit * np.random.default_rng(0).normal(size=(2, 80, 20))
  slow = []
  svd = np.linalg.svd
  monkeypatch.setattr(np.linalg, 'svd', lambda *a, **k: slow.append(1) or svd(*a, **k))
  _fid(x, y)
  assert not slow
  _fid(x, x)
  assert slow
