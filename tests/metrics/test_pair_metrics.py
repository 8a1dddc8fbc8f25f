"""Metrics of pairs: facts known beforehand, and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.ranking import better

TARGETS = np.random.RandomState(0).randint(10, 246, (5, 4, 6, 3), np.uint8)
BETTER = {'l1': 'lower', 'psnr': 'higher'}


def score(name: str, targets: np.ndarray, outputs: np.ndarray) -> float:
  scores = registry.pair_metric.build(name, targets, outputs)
  assert scores.keys() == {name}
  return scores[name]


@pytest.mark.parametrize('name', registry.pair_metric.components())
def test_every_metric_falls_or_rises_with_the_error_and_knows_shapes(name):
  assert better(name) == BETTER[name]
  far, near = (score(name, TARGETS, TARGETS + np.uint8(error)) for error in (9, 1))
  assert (near < far) == (BETTER[name] == 'lower')
  for outputs in (TARGETS[1:], TARGETS[:, 1:], TARGETS[..., :1]):
    with pytest.raises(UsageError, match='should have one shape'):
      registry.pair_metric.build(name, TARGETS, outputs)


def test_values_by_hand():
  outputs = TARGETS.copy()
  outputs[:, :2] -= 4  # Of half of the pixels.
  assert score('l1', TARGETS, outputs) == 2
  assert score('psnr', TARGETS, outputs) == pytest.approx(10 * math.log10(255**2 / 8))
  assert score('l1', TARGETS, TARGETS) == 0 and score('psnr', TARGETS, TARGETS) == 100
  # The mean of decibels, not the decibels of the mean.
  outputs[1:] = TARGETS[1:]
  assert score('psnr', TARGETS, outputs) == pytest.approx((10 * math.log10(255**2 / 8) + 400) / 5)
