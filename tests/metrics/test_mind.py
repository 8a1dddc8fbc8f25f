"""Monge Inception Distance: its formula written out, Gaussians, its floor and its interval."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics import mind as module
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.mind import mind, mind_terms
from tfgan_pipeline.metrics.score_intervals import intervals


def _by_hand(x: np.ndarray, y: np.ndarray, directions: int, seed: int) -> float:
  """Sums over directions and ranks, of sets of one size."""
  random = np.random.Generator(np.random.PCG64([seed, 0]))
  total = 0.0
  for _ in range(directions):
    unit = random.standard_normal(x.shape[1])
    unit /= np.linalg.norm(unit)
    total += np.sum((np.sort(x @ unit) - np.sort(y @ unit)) ** 2)
  return 3 * x.shape[1] * total / (len(x) * directions)


def _normal(seed: int, n: int, width: int = 8, shift: float = 0.0) -> Features:
  return Features(np.random.default_rng(seed).normal(size=(n, width)) + shift)


def test_agrees_with_the_sum_over_directions_and_ranks(sample):
  x, y = sample(0, 40), sample(1, 40, law=1, shift=1.0)
  for seed in (0, 5):
    scores = mind(x, y, directions=70, seed=seed)
    assert scores['mind'] == pytest.approx(_by_hand(x.pool, y.pool, 70, seed), rel=1e-10)


def test_blocks_change_nothing(sample, monkeypatch):
  x, y = sample(0, 40), sample(1, 33, shift=1.0)
  expected, terms = mind(x, y, directions=9), mind_terms(x, y, directions=9)
  monkeypatch.setattr(module, '_BLOCK', 7)
  monkeypatch.setattr(module, '_DIRECTIONS', 2)
  assert mind(x, y, directions=9) == pytest.approx(expected, rel=1e-10)
  np.testing.assert_allclose(mind_terms(x, y, directions=9), terms, atol=1e-9)


def test_equal_sets_symmetry_and_scale(sample):
  x, y = sample(0, 40), sample(1, 25, law=1, shift=1.0)
  assert mind(x, x)['mind'] == mind(x, x)['mind_error'] == 0
  one, other = mind(x, y, directions=50), mind(y, x, directions=50)
  assert one['mind'] == pytest.approx(other['mind'], rel=1e-12)
  doubled = mind(Features(2 * x.pool), Features(2 * y.pool), directions=50)
  assert doubled['mind'] == pytest.approx(4 * one['mind'], rel=1e-12)


def test_two_gaussians_at_a_distance():
  """N(0, I) against N(mu, I), mu 1 in each of 64 columns: 3 |mu|^2 = 3 * 64."""
  scores = mind(_normal(0, 4000, 64), _normal(1, 4000, 64, shift=1.0), directions=2000)
  assert scores['mind'] == pytest.approx(3 * 64, rel=0.1)
  assert abs(scores['mind'] - 3 * 64) < 4 * scores['mind_error'] + 2 * scores['mind_floor']


def test_seeds():
  x, y = _normal(0, 60), _normal(1, 40, shift=0.5)
  scores = [mind(x, y, directions=20, seed=seed) for seed in (0, 0, 1)]
  assert scores[0] == scores[1] != scores[2]


def test_its_error_is_the_spread_over_seeds():
  x, y = _normal(0, 40), Features(_normal(1, 40).pool * np.geomspace(0.2, 5, 8))
  found = [mind(x, y, directions=30, seed=seed) for seed in range(40)]
  spread = np.std([scores['mind'] for scores in found], ddof=1)
  assert np.mean([scores['mind_error'] for scores in found]) == pytest.approx(spread, rel=0.3)
  assert 'mind_error' not in mind(x, y, directions=1)


@pytest.mark.parametrize('n, m', [(400, 100), (300, 300), (100, 400)])
def test_a_perfect_generator_scores_the_floor(n, m):
  found = [mind(_normal(2 * s, n), _normal(2 * s + 1, m), directions=100) for s in range(10)]
  score, floor = (np.mean([scores[key] for scores in found]) for key in ('mind', 'mind_floor'))
  assert score == pytest.approx(floor, rel=0.15)
  assert 'mind_floor' not in mind(_normal(0, 3), _normal(1, 3))


def test_the_interval_is_the_spread_over_generated_samples():
  x = _normal(0, 500)
  sets = [Features(_normal(s, 500).pool * 1.5 + 0.5) for s in range(1, 41)]
  spread = np.std([mind(x, y, directions=100)['mind'] for y in sets], ddof=1)
  call = registry.metric.parse('mind(directions=100)')
  scores = mind(x, sets[0], directions=100)
  ends = intervals(call, x, sets[0], scores, resamples=300)
  assert ends['mind_low'] < scores['mind'] < ends['mind_high']
  assert ends['mind_high'] - ends['mind_low'] == pytest.approx(2 * 1.96 * spread, rel=0.35)


def test_float32_is_summed_in_float64(sample):
  x, y = (sample(seed, 40, shift=100.0).pool.astype(np.float32) for seed in (0, 1))
  doubles = (Features(pool.astype(np.float64)) for pool in (x, y))
  assert mind(Features(x), Features(y), directions=9) == mind(*doubles, directions=9)


def test_wrong_use(sample):
  x = sample(0, 30)
  with pytest.raises(UsageError, match='width 6 and 5'):
    mind(x, sample(0, 30, width=5))
  for arguments in {'directions': 0}, {'seed': -1}:
    with pytest.raises(UsageError, match=f'{list(arguments)[0]}={list(arguments.values())[0]}'):
      mind(x, x, **arguments)
