"""Memorization-informed Frechet distance against the formula of the competition's code."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics import unit_rows
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import fid
from tfgan_pipeline.metrics.frechet.mifid import memorisation_distance, mifid


def _by_hand(training: np.ndarray, samples: np.ndarray) -> float:
  least = []
  for row in samples:
    cosines = [abs(row @ other) / np.linalg.norm(row) / np.linalg.norm(other) for other in training]
    least.append(1 - max(cosines))
  return float(np.mean(least))


def test_distance_of_each_sample_to_its_nearest(sample, monkeypatch):
  x, y = sample(0, 30).pool, sample(1, 20, law=1, shift=1.0).pool
  assert memorisation_distance(x, y) == pytest.approx(_by_hand(x, y), rel=1e-9)
  assert memorisation_distance(y, x) == pytest.approx(_by_hand(y, x), rel=1e-9)
  assert _by_hand(x, y) != pytest.approx(_by_hand(y, x), rel=0.01)  # The sides are not swapped.
  monkeypatch.setattr(unit_rows, '_BLOCK', 7)
  assert memorisation_distance(x, y) == pytest.approx(_by_hand(x, y), rel=1e-9)


def test_below_epsilon_the_distance_divides(sample):
  x, y = sample(0, 30), sample(1, 20, law=1, shift=1.0)
  distance, score = memorisation_distance(x.pool, y.pool), fid(x, y)['fid']
  for epsilon, divisor in ((distance * 0.99, 1), (distance * 1.01, distance)):
    found = mifid(x, y, epsilon=epsilon)
    assert found == pytest.approx({'mifid': score / divisor, 'memorisation_distance': distance})
  assert mifid(x, y, epsilon=distance)['mifid'] == score  # At epsilon itself it counts as 1.


def test_copies_are_no_winners(sample):
  """Half of the training images, copied, have a good FID and the worst MiFID."""
  training, fresh = sample(0, 200, width=40), sample(1, 100, width=40)
  copies = Features(2 * training.pool[:100])  # Longer ones are at no angle.
  assert memorisation_distance(training.pool, copies.pool) == pytest.approx(0, abs=1e-15)
  assert memorisation_distance(training.pool, -copies.pool) == pytest.approx(0, abs=1e-15)
  found, of_copies = (mifid(training, y)['mifid'] for y in (fresh, training_half(training)))
  assert of_copies > 1e6 * found


def training_half(training: Features) -> Features:
  return Features(training.pool[: len(training) // 2])


def test_zeros_are_left_out(sample):
  x, y = sample(0, 30).pool, sample(1, 20).pool
  zeros = np.zeros((3, 6))
  padded = memorisation_distance(np.concatenate([zeros, x]), np.concatenate([y, zeros]))
  assert padded == pytest.approx(memorisation_distance(x, y), rel=1e-12)
  for sets in ((x, zeros), (zeros, x)):
    with pytest.raises(UsageError, match='all features of a set are zero'):
      memorisation_distance(*sets)


def test_wrong_use(sample):
  x = sample(0, 30)
  with pytest.raises(UsageError, match='width 6 and 5'):
    mifid(x, sample(0, 30, width=5))
  for epsilon in (0.0, -1.0, float('nan')):
    with pytest.raises(UsageError, match=f'epsilon={epsilon}'):
      mifid(x, x, epsilon=epsilon)
