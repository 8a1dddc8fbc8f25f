"""Bootstrap intervals: how far a score would move had other samples been drawn.

    interval_of_terms(inside, np.mean)         # of one term per sample, such as in a neighbourhood
    frechet_interval(reference, generated)     # from moments of fixed blocks

Both resample the generated samples and take the reference as it is, since every score compared uses
the same one. They say nothing of the bias of a score, such as the floor of the Frechet distance.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import frechet_distance
from tfgan_pipeline.metrics.frechet.moments import Moments


def interval_of_terms(
  terms: np.ndarray,
  score: Callable[[np.ndarray], float] | None = None,
  *,
  resamples: int = 1000,
  seed: int = 0,
  level: float = 0.95,
) -> tuple[float, float]:
  """Percentile interval of a score that is a function of the mean of terms, one row per sample.

  Efron 1979. The Inception Score is one: exp(t_0 - sum p log p) with t_0 the mean of sum p log p,
  and p the mean of the class probabilities.

  Args:
    terms: Numbers or bool [M] or [M, T].
    score: From the mean of the terms, [] or [T], to the score; None if it is the mean itself.
    resamples: How many means are drawn.
    seed: Of the drawing, by numpy's PCG64.
    level: Share of the resamples within.

  Raises:
    UsageError: Fewer than two terms, or an argument out of range.
  """
  terms = np.asarray(terms, np.float64)
  if len(terms) < 2:
    raise UsageError(f'at least 2 samples are needed for an interval, got {len(terms)}')
  random = _random(resamples, seed, level)
  chances = np.full(len(terms), 1 / len(terms))
  scores = []
  for _ in range(resamples):
    mean = random.multinomial(len(terms), chances) @ terms / len(terms)
    scores.append(float(mean) if score is None else score(mean))
  return _quantiles(scores, level)


def frechet_interval(
  reference: Features,
  generated: Features,
  *,
  blocks: int = 20,
  resamples: int = 200,
  seed: int = 0,
  level: float = 0.95,
  ddof: int = 1,
) -> tuple[float, float]:
  """Interval around the Frechet distance, by resampling blocks of generated samples.

  The samples are dealt once into blocks, whose moments are merged anew for each resample: the cost
  of one distance each, memory O(blocks D^2). A resample repeats blocks, so its distance is too
  large, by about as much as the distance itself is for its finite number of samples. So they are
  all moved to have the distance as their mean. The width is itself off by about
  1 / sqrt(2 blocks), 16 % at 20.

  Args:
    reference: N real samples, taken as they are.
    generated: M generated samples.
    blocks: How many blocks, each of two samples or more.
    resamples: How many distances are taken.
    seed: Of the dealing and the drawing, by numpy's PCG64.
    level: Share of the resamples within.
    ddof: As of fid.

  Returns:
    low: Lower end, which may be below zero near the floor.
    high: Upper end.

  Raises:
    UsageError: The two sets differ in width, there are too few samples, or an argument is out of
      range.
  """
  reference.require_same_width(generated)
  if not 2 <= blocks <= len(generated) // 2:
    raise UsageError(f'blocks={blocks} should be between 2 and {len(generated) // 2}')
  random = _random(resamples, seed, level)
  real = _moments(reference.pool)
  real_covariance = real.covariance(ddof)
  parts = [
    _moments(generated.pool[rows])
    for rows in np.array_split(random.permutation(len(generated)), blocks)
  ]

  def distance(times: np.ndarray) -> float:
    moments = _merged(parts, times)
    return frechet_distance(real.mean, real_covariance, moments.mean, moments.covariance(ddof))

  whole = distance(np.ones(blocks, int))
  chances = np.full(blocks, 1 / blocks)
  scores = [distance(random.multinomial(blocks, chances)) for _ in range(resamples)]
  low, high = _quantiles(scores, level)
  shift = whole - float(np.mean(scores))
  return low + shift, high + shift


def _random(resamples: int, seed: int, level: float) -> np.random.Generator:
  if resamples < 2:
    raise UsageError(f'resamples={resamples} should be at least 2')
  if seed < 0:
    raise UsageError(f'seed={seed} should not be negative')
  if not 0 < level < 1:
    raise UsageError(f'level={level} should be between 0 and 1')
  return np.random.Generator(np.random.PCG64(seed))


def _quantiles(scores: list[float], level: float) -> tuple[float, float]:
  low, high = np.quantile(scores, [(1 - level) / 2, (1 + level) / 2])
  return float(low), float(high)


def _moments(pool: np.ndarray) -> Moments:
  moments = Moments()
  moments.update(pool)
  return moments


def _merged(parts: list[Moments], times: np.ndarray) -> Moments:
  """Moments of a set that has the rows of each part so many times."""
  counts = times * [part.count for part in parts]
  means = np.stack([part.mean for part in parts])
  mean = counts @ means / counts.sum()
  steps = (means - mean) * np.sqrt(counts)[:, None]
  scatter = steps.T @ steps
  for part, number in zip(parts, times):
    if number:
      scatter += number * part.scatter
  return Moments(int(counts.sum()), mean, scatter)
