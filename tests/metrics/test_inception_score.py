"""Inception Score: extremes, an independent formula, the split, and saturated logits."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.classes.inception_score import inception_score
from tfgan_pipeline.metrics.features import Features


def _of(logits: np.ndarray, **arguments) -> tuple[float, float]:
  features = Features(np.zeros((len(logits), 1)), logits)
  scores = inception_score(Features(np.zeros((2, 1))), features, **arguments)
  return scores['inception_score'], scores['inception_score_std']


def _expected(logits: np.ndarray) -> float:
  """Returns exp(H(marginal) - mean H(conditional)), the score written with entropies."""
  p = scipy.special.softmax(logits, axis=1)
  return np.exp(scipy.special.entr(p.mean(axis=0)).sum() - scipy.special.entr(p).sum(axis=1).mean())


def test_extremes():
  assert _of(np.zeros((20, 7)), splits=2) == pytest.approx((1, 0), abs=1e-12)
  assert _of(np.full((20, 7), 3.0) * np.arange(7))[0] == pytest.approx(1, abs=1e-12)
  assert _of(60 * np.eye(7)[np.arange(21) % 7], splits=1) == pytest.approx((7, 0), rel=1e-9)
  assert _of(60 * np.eye(7)[np.arange(20) % 2], splits=1) == pytest.approx((2, 0), rel=1e-9)
  assert _of(np.zeros((4, 1)), splits=1) == (1, 0)
  assert _of(_logits(5), splits=5) == pytest.approx((1, 0), abs=1e-12)


def _logits(n: int, seed: int = 0) -> np.ndarray:
  return 3 * np.random.default_rng(seed).normal(size=(n, 6))


@pytest.mark.parametrize('n, splits', [(40, 1), (40, 4), (43, 10), (9, 2)])
@pytest.mark.parametrize('seed', [0, 5])
def test_agrees_with_entropies(n, splits, seed):
  logits = _logits(n)
  order = np.random.Generator(np.random.PCG64(seed)).permutation(n)
  parts = [_expected(logits[order[i * n // splits : (i + 1) * n // splits]]) for i in range(splits)]
  mean = sum(parts) / splits
  variance = sum((part - mean) ** 2 for part in parts) / splits
  assert _of(logits, splits=splits, seed=seed) == pytest.approx((mean, variance**0.5), rel=1e-9)


def test_one_split_sees_no_order():
  logits = _logits(30)
  expected = pytest.approx(_expected(logits), rel=1e-9)
  assert _of(logits[::-1], splits=1)[0] == expected
  assert _of(logits, splits=1, seed=3)[0] == expected


def test_sorted_samples_are_shuffled_before_the_split():
  by_class = 60 * np.eye(5)[np.repeat(np.arange(5), 200)]
  assert _of(by_class, splits=5)[0] == pytest.approx(5, rel=0.05)
  assert _of(by_class, splits=5, seed=1) != _of(by_class, splits=5, seed=0)


@pytest.mark.parametrize('scale', [1e3, 1e18])
def test_saturated_logits(scale):
  logits = scale * np.eye(4)[np.arange(12) % 3]  # Class 3 has probability 0 in float64.
  assert _of(logits, splits=1)[0] == pytest.approx(3, rel=1e-12)
  assert _of(-logits.astype(np.float32), splits=1)[0] == pytest.approx(
    _expected(-np.eye(4)[np.arange(12) % 3] * 1e3), rel=1e-9
  )


def test_logits_count_up_to_a_constant_per_sample():
  logits = _logits(30)
  shifted = logits + 100 * np.arange(30)[:, None]
  assert _of(shifted, splits=3) == pytest.approx(_of(logits, splits=3), rel=1e-9)


def test_wrong_use(sample):
  x = sample(0, 8)
  with pytest.raises(UsageError, match='logits are needed'):
    inception_score(x, Features(x.pool), splits=1)
  with pytest.raises(UsageError, match='splits=10 should be between 1 and .* 8'):
    inception_score(x, x)
  with pytest.raises(UsageError, match='splits=0'):
    inception_score(x, x, splits=0)
  with pytest.raises(UsageError, match='seed=-1'):
    inception_score(x, x, splits=1, seed=-1)
