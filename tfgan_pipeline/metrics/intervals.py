"""Bootstrap intervals: how far a score would move had other samples been drawn.

    interval_of_terms(is_inside)               # bool [M]: interval of the share of True
    frechet_interval(reference, generated)     # from moments of fixed blocks

Both functions resample the generated samples and keep the reference fixed, since scores that are
compared share it. Intervals leave out the bias of a score, such as the floor of the Frechet
distance.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import covariance_factor, factored_distance
from tfgan_pipeline.metrics.frechet.moments import Moments

BLOCKS = 20  # Of generated samples, for a width of the interval that is known to 16 %.


def interval_of_terms(
  terms: np.ndarray,
  score: Callable[[np.ndarray], float] | None = None,
  *,
  resamples: int = 1000,
  seed: int = 0,
  level: float = 0.95,
) -> tuple[float, float]:
  """Returns the percentile interval of a score that depends on the mean of terms, one per sample.

  Efron 1979. The Inception Score is such a score: exp(t_0 - sum p log p) with t_0 the mean of
  sum p log p, and p the mean of the class probabilities.

  Args:
    terms: Numbers or bool [M] or [M, T], one row per sample.
    score: Function from the mean of the terms, [] or [T], to the score; None if the mean itself is
      the score.
    resamples: Number of means drawn.
    seed: Seed of the resamples, drawn by numpy's PCG64.
    level: Share of the resamples that lie inside the interval.

  Raises:
    UsageError: There are fewer than two terms, or an argument is out of range.
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
  blocks: int = BLOCKS,
  resamples: int = 200,
  seed: int = 0,
  level: float = 0.95,
  ddof: int = 1,
) -> tuple[float, float]:
  """Returns an interval around the Frechet distance, by resampling blocks of generated samples.

  The samples are dealt once into blocks, whose moments are merged anew for each resample: each
  costs one distance, and memory is O(blocks D^2). A resample repeats blocks, so its distance is too
  large, by about as much as the distance itself is for its finite number of samples. All resampled
  distances are therefore shifted to have the distance as their mean. The width is itself uncertain
  by about 1 / sqrt(2 blocks), 16 % at 20.

  Args:
    reference: N real samples, which are not resampled.
    generated: M generated samples.
    blocks: Number of blocks, each of two samples or more.
    resamples: Number of distances computed.
    seed: Seed of the blocks and the resamples, drawn by numpy's PCG64.
    level: Share of the resamples that lie inside the interval.
    ddof: 1 for unbiased covariances; 0 as in NVIDIA's code.

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
  real_factor = covariance_factor(real.covariance(ddof))
  parts = [
    _moments(generated.pool[rows])
    for rows in np.array_split(random.permutation(len(generated)), blocks)
  ]

  def distance(times: np.ndarray) -> float:
    moments = _merged(parts, times)
    factor = covariance_factor(moments.covariance(ddof))
    return factored_distance(real.mean, real_factor, moments.mean, factor)

  full_distance = distance(np.ones(blocks, int))
  chances = np.full(blocks, 1 / blocks)
  scores = [distance(random.multinomial(blocks, chances)) for _ in range(resamples)]
  low, high = _quantiles(scores, level)
  shift = full_distance - float(np.mean(scores))
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
  """Returns the moments of a set that holds the rows of each part `times` times."""
  counts = times * [part.count for part in parts]
  means = np.stack([part.mean for part in parts])
  mean = counts @ means / counts.sum()
  steps = (means - mean) * np.sqrt(counts)[:, None]
  scatter = steps.T @ steps
  for part, number in zip(parts, times):
    if number:
      scatter += number * part.scatter
  return Moments(int(counts.sum()), mean, scatter)
