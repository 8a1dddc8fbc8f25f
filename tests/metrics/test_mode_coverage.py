"""Modes of a mixture and samples near them, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline.metrics.classes.mode_coverage import mode_coverage
from tfgan_pipeline.metrics.features import Features

# Around (0, 0) with a deviation of 2 along both axes together, and around (100, 0) with one of 1.
WIDE, NARROW = np.array([[-2.0, 2], [2, -2], [2, 2], [-2, -2]]), np.array([[99.0, 1], [101, -1]])
REAL = Features(np.concatenate([WIDE, NARROW]), labels=np.array([4, 4, 4, 4, 7, 7]))


def _score(*points: tuple[float, float], **arguments) -> tuple[float, float]:
  scores = mode_coverage(REAL, Features(np.array(points, np.float64)), **arguments)
  return scores['high_quality_modes'], scores['high_quality_share']


@pytest.mark.parametrize('deviations', [1.0, 3.0, 4.5])
def test_each_mode_reaches_as_far_as_its_own_deviation_says(deviations):
  """The border itself belongs to a mode: one of no width has its own point."""
  wide, narrow = (2 * deviations, 0.0), (100.0, -deviations)
  beyond = (-2 * deviations - 1e-9, 0.0), (100.0, deviations + 1e-9)
  assert _score(wide, narrow, *beyond, deviations=deviations) == (2, 0.5)
  assert _score(wide, wide, beyond[0], beyond[1], deviations=deviations) == (1, 0.5)
  assert _score(*beyond, deviations=deviations) == (0, 0)


def test_three_deviations_unless_asked_otherwise():
  assert _score((6.0, 0.0), (100.0, 3.1), (100.0, 2.9), (0.0, 6.1)) == (2, 0.5)


def test_the_nearest_mean_counts_not_the_widest_mode():
  """A point between the two is judged by the narrow mode, although the wide one would reach it."""
  assert _score((60.0, 0.0), (0.0, 0.0), deviations=35.0) == (1, 0.5)
