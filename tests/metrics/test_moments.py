"""Streamed moments: the grouping of the rows leaves no trace, and large means cost no digits."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.frechet.moments import Moments


def _moments(*batches) -> Moments:
  moments = Moments()
  for batch in batches:
    moments.update(batch)
  return moments


def _assert_same(actual: Moments, expected: Moments):
  assert actual.count == expected.count
  scale = np.abs(expected.scatter).max()
  np.testing.assert_allclose(actual.mean, expected.mean, rtol=1e-10)
  np.testing.assert_allclose(actual.scatter, expected.scatter, rtol=0, atol=1e-10 * scale)


@pytest.fixture
def rows(sample):
  return sample(0, 203, shift=3.0).pool


@pytest.mark.parametrize('ddof', [0, 1])
def test_agrees_with_numpy(rows, ddof):
  moments = _moments(rows[:50], rows[50:])
  np.testing.assert_allclose(moments.mean, rows.mean(axis=0), rtol=1e-12)
  np.testing.assert_allclose(moments.covariance(ddof), np.cov(rows.T, ddof=ddof), rtol=1e-10)
  assert moments.covariance(ddof).dtype == np.float64


@pytest.mark.parametrize('size', [1, 7, 64])
def test_batch_size_leaves_no_trace(rows, size):
  batches = [rows[start : start + size] for start in range(0, len(rows), size)]
  _assert_same(_moments(*batches), _moments(rows))


@pytest.mark.parametrize('shards', [1, 2, 3, 8])
def test_shards_leave_no_trace(rows, shards):
  total = Moments()
  for shard in np.array_split(rows, shards):
    total.merge(_moments(*np.array_split(shard, 4)))
  _assert_same(total, _moments(rows))


def test_blocks_inside_a_batch_leave_no_trace():
  rows = np.random.default_rng(0).normal(size=(10_000, 2))
  np.testing.assert_allclose(_moments(rows).covariance(), np.cov(rows.T), rtol=1e-10)


def test_nothing_adds_nothing(rows):
  assert vars(Moments()) == {'count': 0, 'mean': 0.0, 'scatter': 0.0}
  moments = _moments(rows[:0], rows, rows[:0].astype(np.float32))
  moments.merge(Moments())
  _assert_same(moments, _moments(rows))


def test_large_mean_costs_no_digits():
  rows = np.random.default_rng(0).integers(-5, 6, (300, 3)).astype(np.float64)
  moments = _moments(*np.array_split(rows + 2.0**40, 300))
  np.testing.assert_allclose(moments.covariance(), np.cov(rows.T), rtol=1e-3)
  np.testing.assert_allclose(_moments(rows + 2.0**20).covariance(), np.cov(rows.T), rtol=1e-8)


def test_float32_is_summed_in_float64(rows):
  rows = rows.astype(np.float32)
  _assert_same(_moments(*np.array_split(rows, 9)), _moments(rows.astype(np.float64)))


def test_shares_no_memory_with_its_parts(rows):
  part, total = _moments(rows), Moments()
  total.merge(part)
  total.update(rows)
  _assert_same(part, _moments(rows))
  assert total.count == 2 * part.count


def test_wrong_use(rows):
  with pytest.raises(UsageError, match='width 6 and 2'):
    _moments(rows, rows[:, :2])
  with pytest.raises(UsageError, match='2 dimensions'):
    _moments(rows[0])
  with pytest.raises(UsageError, match='1 of 6 values in features are NaN'):
    _moments(np.where(np.arange(6) == 4, np.nan, 1.0)[None])
  with pytest.raises(UsageError, match='ddof=1 needs more than 1 samples'):
    _moments(rows[:1]).covariance()
  with pytest.raises(UsageError, match='ddof=0 needs more than 0 samples'):
    Moments().covariance(0)
  with pytest.raises(UsageError, match='ddof=2 should be'):
    _moments(rows).covariance(2)
