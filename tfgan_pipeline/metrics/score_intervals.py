"""The metrics that have 95 % intervals, and how each gets them: one entry a metric.

    intervals(call, reference, generated, scores, resamples=1000)   # {'fid_low': 9, 'fid_high': 11}

Only what would change with other generated samples is in them, see intervals.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.classes.inception_score import log_probabilities
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.intervals import frechet_interval, interval_of_terms
from tfgan_pipeline.metrics.neighbours.crossing import Ball, cross
from tfgan_pipeline.metrics.neighbours.memorised import is_memorised
from tfgan_pipeline.registry.calls import Call

Interval = tuple[float, float]


def _fid(reference: Features, generated: Features, resamples: int, *, ddof: int) -> Interval:
  return frechet_interval(reference, generated, resamples=resamples, ddof=ddof)


def _inception_score(
  reference: Features, generated: Features, resamples: int, **_: object
) -> Interval:
  """Of all samples as one split; moved below to lie around the mean over splits."""
  del reference
  log_p = log_probabilities(generated.require_logits())
  p = np.exp(log_p)
  terms = np.column_stack([p, np.sum(p * log_p, axis=1)])

  def score(mean: np.ndarray) -> float:
    marginal = mean[:-1]
    return float(np.exp(mean[-1] - np.sum(marginal * np.log(np.maximum(marginal, 1e-300)))))

  return interval_of_terms(terms, score, resamples=resamples)


def _precision(reference: Features, generated: Features, resamples: int, *, k: int) -> Interval:
  ball = Ball(k, closed=True)
  inside = cross(reference, generated, ball).balls[ball].generated
  return interval_of_terms(inside, resamples=resamples)


def _prdc_precision(
  reference: Features, generated: Features, resamples: int, *, k: int
) -> Interval:
  ball = Ball(k, closed=False)
  inside = cross(reference, generated, ball).balls[ball].generated
  return interval_of_terms(inside, resamples=resamples)


def _memorised(reference: Features, generated: Features, resamples: int) -> Interval:
  return interval_of_terms(is_memorised(reference, generated), resamples=resamples)


# Metric -> the score that has an interval, and its function.
_INTERVALS: Mapping[str, tuple[str, Callable[..., Interval]]] = {
  'fid': ('fid', _fid),
  'inception_score': ('inception_score', _inception_score),
  'precision_recall': ('precision', _precision),
  'prdc': ('prdc_precision', _prdc_precision),
  'memorised': ('memorised', _memorised),
}


def intervals(
  call: Call,
  reference: Features,
  generated: Features,
  scores: Mapping[str, float],
  *,
  resamples: int,
) -> dict[str, float]:
  """`<score>_low` and `<score>_high`, the ends of a 95 % interval; {} for a metric that has none.

  Args:
    call: The metric.
    reference: As it was given.
    generated: As it was given.
    scores: What it returned.
    resamples: How many sets of samples are pretended, 2 or more.
  """
  if call.name not in _INTERVALS:
    return {}
  score, interval = _INTERVALS[call.name]
  low, high = interval(reference, generated, resamples, **call.arguments)
  if call.name == 'inception_score':
    whole = registry.metric.function(call.name)(reference, generated, splits=1)[score]
    low, high = low + scores[score] - whole, high + scores[score] - whole
  return {f'{score}_low': low, f'{score}_high': high}
