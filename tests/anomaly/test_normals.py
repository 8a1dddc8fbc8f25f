"""p-values and thresholds from scores of held-out normal pictures."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline.anomaly.normals import Normals
from tfgan_pipeline.errors import UsageError


def test_p_values_by_hand():
  normals = Normals([3, 1, 2, 2])
  # k of four normal scores are not below: (k + 1) / 5.
  assert normals.p_values([0, 1, 1.5, 2, 3, 4]).tolist() == [1, 1, 0.8, 0.8, 0.4, 0.2]


@pytest.mark.parametrize('count', [19, 20, 99, 100, 137])
@pytest.mark.parametrize('rate', [0.05, 0.07, 0.1, 0.5])
def test_scores_above_the_threshold_are_those_of_small_p_values(count, rate):
  normals = Normals(np.random.RandomState(count).randint(0, 50, count))
  scores = np.arange(-1, 52, 0.5)
  flagged = scores > normals.threshold(rate)
  np.testing.assert_array_equal(flagged, normals.p_values(scores) <= rate + 1e-12)


def test_false_alarms_are_as_rare_as_asked():
  random = np.random.RandomState(0)
  rates = [
    np.mean(random.randn(200) > Normals(random.randn(99)).threshold(0.05)) for _ in range(400)
  ]
  assert 0.045 < np.mean(rates) < 0.052


@pytest.mark.parametrize('rate', [0.05, 0.01])
def test_too_few_normal_pictures(rate):
  needed = round(1 / rate) - 1
  Normals(np.arange(needed)).threshold(rate)
  with pytest.raises(UsageError, match=f'--false_alarms={rate}: needs {needed} normal pictures'):
    Normals(np.arange(needed - 1)).threshold(rate)


@pytest.mark.parametrize('rate', [0, 1, -1, 2])
def test_a_rate_is_a_share(rate):
  with pytest.raises(UsageError, match='--false_alarms'):
    Normals([1, 2]).threshold(rate)
