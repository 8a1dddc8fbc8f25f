"""Curves of scores whose truth is known: ROC, precision and recall, with bootstrap intervals.

curves = Curves(scores, is_anomalous)
curves.auroc, curves.average_precision
curves.intervals(resamples=1000)         # {'auroc': (low, high), 'average_precision': ...}
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfgan_pipeline.errors import UsageError


class Curves:
  """Shares of anomalous and of normal pictures above each threshold.

  Args:
    scores: Scores float [n], higher for stranger pictures.
    is_anomalous: Truth, bool [n], with True and False at least once.

  Attributes:
    false_alarms: Share of normal pictures at or above each threshold, rising from 0 to 1.
    hits: Share of anomalous pictures at or above each threshold; the recall.
    precision: Share of anomalous pictures among those at or above each threshold.

  Raises:
    UsageError: All pictures are normal, or all are anomalous.
  """

  def __init__(self, scores: np.ndarray, is_anomalous: np.ndarray):
    if is_anomalous.all() or not is_anomalous.any():
      raise UsageError('a curve needs normal and anomalous pictures')
    order = np.argsort(-scores, kind='stable')
    self._truth = is_anomalous[order]
    # Last place of each run of equal scores, which share a threshold.
    self._ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
    self.false_alarms, self.hits, self.precision = self._shares(np.ones(len(scores)))

  def _shares(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    hits = np.append(0.0, np.cumsum(weights * self._truth)[self._ends])
    alarms = np.append(0.0, np.cumsum(weights * ~self._truth)[self._ends])
    flagged = hits + alarms
    precision = np.divide(hits, flagged, out=np.ones_like(hits), where=flagged > 0)
    return alarms / alarms[-1], hits / hits[-1], precision

  @property
  def auroc(self) -> float:
    """Area under the ROC curve: how often an anomalous picture is above a normal one."""
    return _auroc(self.false_alarms, self.hits, self.precision)

  @property
  def average_precision(self) -> float:
    """Precision averaged over steps of the recall, without interpolation."""
    return _average_precision(self.false_alarms, self.hits, self.precision)

  def intervals(
    self, *, resamples: int = 1000, seed: int = 0, level: float = 0.95
  ) -> dict[str, tuple[float, float]]:
    """Returns percentile intervals of both areas, by name, resampling either class by itself."""
    random = np.random.Generator(np.random.PCG64(seed))
    areas: dict[str, Callable[..., float]] = {
      'auroc': _auroc,
      'average_precision': _average_precision,
    }
    values: dict[str, list[float]] = {name: [] for name in areas}
    members = [np.flatnonzero(self._truth), np.flatnonzero(~self._truth)]
    for _ in range(resamples):
      weights = np.zeros(len(self._truth))
      for rows in members:
        weights[rows] = random.multinomial(len(rows), np.full(len(rows), 1 / len(rows)))
      shares = self._shares(weights)
      for name, area in areas.items():
        values[name].append(area(*shares))
    ends = [(1 - level) / 2, (1 + level) / 2]
    quantiles = {name: np.quantile(found, ends) for name, found in values.items()}
    return {name: (float(low), float(high)) for name, (low, high) in quantiles.items()}


def _auroc(alarms: np.ndarray, hits: np.ndarray, precision: np.ndarray) -> float:
  del precision
  return float(np.sum(np.diff(alarms) * (hits[1:] + hits[:-1]) / 2))


def _average_precision(alarms: np.ndarray, hits: np.ndarray, precision: np.ndarray) -> float:
  del alarms
  return float(np.sum(np.diff(hits) * precision[1:]))
