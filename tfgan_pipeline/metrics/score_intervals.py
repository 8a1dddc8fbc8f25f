"""95 % intervals of scores, with one function for each metric that has an interval.

    intervals(call, reference, generated, scores, resamples=1000)   # {'fid_low': 9, 'fid_high': 11}

An interval covers the variation from drawing other generated samples and nothing else, see
intervals.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.classes.inception_score import log_probabilities
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.intervals import BLOCKS, frechet_interval, interval_of_terms
from tfgan_pipeline.metrics.mind import mind_terms
from tfgan_pipeline.metrics.neighbours.crossing import Ball, cross
from tfgan_pipeline.metrics.neighbours.memorised import is_memorised
from tfgan_pipeline.registry.calls import Call

Interval = tuple[float, float]


def _fid(reference: Features, generated: Features, resamples: int, *, ddof: int) -> Interval:
  return frechet_interval(reference, generated, resamples=resamples, ddof=ddof)


def _inception_score(
  reference: Features, generated: Features, resamples: int, **_: object
) -> Interval:
  """Returns the interval of the score of all samples as one split; `intervals` recentres it."""
  del reference
  log_p = log_probabilities(generated.require_logits())
  p = np.exp(log_p)
  # [M, K + 1]: p(y|x), and the sum over y of p log p.
  terms = np.column_stack([p, np.sum(p * log_p, axis=1)])

  def score(mean: np.ndarray) -> float:
    marginal = mean[:-1]
    # 1e-300 stands for 0 in the logarithm, so that 0 log 0 is 0.
    return float(np.exp(mean[-1] - np.sum(marginal * np.log(np.maximum(marginal, 1e-300)))))

  return interval_of_terms(terms, score, resamples=resamples)


def _precision(reference: Features, generated: Features, resamples: int, *, k: int) -> Interval:
  ball = Ball(k, closed=True)
  membership = cross(reference, generated, ball).balls[ball].generated
  return interval_of_terms(membership, resamples=resamples)


def _prdc_precision(
  reference: Features, generated: Features, resamples: int, *, k: int
) -> Interval:
  ball = Ball(k, closed=False)
  membership = cross(reference, generated, ball).balls[ball].generated
  return interval_of_terms(membership, resamples=resamples)


def _memorised(reference: Features, generated: Features, resamples: int) -> Interval:
  return interval_of_terms(is_memorised(reference, generated), resamples=resamples)


def _mind(
  reference: Features, generated: Features, resamples: int, *, directions: int, seed: int
) -> Interval:
  """Returns the interval of the deviation from the score; `intervals` recentres it."""
  terms = mind_terms(reference, generated, directions=directions, seed=seed)
  return interval_of_terms(terms, resamples=resamples)


# Metric -> the score that has an interval, and the function that computes it.
_INTERVALS: Mapping[str, tuple[str, Callable[..., Interval]]] = {
  'fid': ('fid', _fid),
  'inception_score': ('inception_score', _inception_score),
  'precision_recall': ('precision', _precision),
  'prdc': ('prdc_precision', _prdc_precision),
  'memorised': ('memorised', _memorised),
  'mind': ('mind', _mind),
}


def intervals(
  call: Call,
  reference: Features,
  generated: Features,
  scores: Mapping[str, float],
  *,
  resamples: int,
) -> dict[str, float]:
  """Returns `<score>_low` and `<score>_high`, the ends of a 95 % interval, or {} if there is none.

  Args:
    call: Metric with its arguments.
    reference: Features of real samples that the metric was given.
    generated: Features of generated samples that the metric was given.
    scores: Scores that the metric returned.
    resamples: Number of bootstrap resamples, 2 or more.
  """
  if call.name not in _INTERVALS:
    return {}
  score, interval = _INTERVALS[call.name]
  low, high = interval(reference, generated, resamples, **call.arguments)
  if call.name == 'inception_score':
    # Its interval is that of one split: move it around the mean over splits, which is the score.
    one_split = registry.metric.function(call.name)(reference, generated, splits=1)[score]
    low, high = low + scores[score] - one_split, high + scores[score] - one_split
  if call.name == 'mind':
    low, high = low + scores[score], high + scores[score]
  return {f'{score}_low': low, f'{score}_high': high}


def least_samples(call: Call) -> int:
  """Returns the number of generated samples from which on a metric has an interval; 0 if never."""
  if call.name not in _INTERVALS:
    return 0
  return 2 * BLOCKS if call.name == 'fid' else 2
