"""Distances between histograms of numbers that have an order, and floors of such distances.

distance(real, fake)                         # Of counts [K] each, in steps of the columns.
floor(rows, lambda counts: counts, seed=0)   # Of two halves of real rows [N, K].
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfgan_pipeline.errors import UsageError

SPLITS = 10  # Random halves whose distances are averaged.


def distance(one: np.ndarray, other: np.ndarray) -> float:
  """Returns the 1-dimensional Wasserstein distance of two histograms, in columns.

  That is the area between their cumulated shares: how far, on average, the values of one have to
  move to become the other.

  Args:
    one: Counts float [K] of values 0 to K - 1, not all 0.
    other: Counts of the other set, like `one`.
  """
  gaps = np.cumsum(_shares(one) - _shares(other))[:-1]
  return float(np.abs(gaps).sum())


def _shares(counts: np.ndarray) -> np.ndarray:
  counts = np.asarray(counts, np.float64)
  total = counts.sum()
  return counts / total if total else np.full(len(counts), 1 / len(counts))


def floor(rows: np.ndarray, measure: Callable[[np.ndarray, np.ndarray], float], seed: int) -> float:
  """Returns the mean distance of two random halves of real rows, over 10 draws.

  Args:
    rows: Features of real samples, [N, D] with N of 2 or more.
    measure: Distance of two sets of rows.
    seed: Seed of the draws.
  """
  if seed < 0:
    raise UsageError(f'seed={seed} should be at least 0')
  random = np.random.Generator(np.random.PCG64(seed))
  half = len(rows) // 2
  values = []
  for _ in range(SPLITS):
    order = random.permutation(len(rows))
    values.append(measure(rows[order[:half]], rows[order[half : 2 * half]]))
  return float(np.mean(values))
