"""Noise floor of the Frechet distance: the expected score of two samples of one distribution.

frechet_floor(covariance, 10_000, 5_000)                                # a known covariance
frechet_floor(covariance, 10_000, 5_000, estimated_from=10_000)         # that of a sample
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.errors import UsageError


def frechet_floor(
  covariance: np.ndarray, n: int, m: int, *, estimated_from: int | None = None
) -> float:
  """Returns the expected Frechet distance between samples of n and of m from one Gaussian.

  The expectation is to first order in 1/n and 1/m. With eigenvalues l and c = 1/n + 1/m, the means
  contribute c sum l, and the covariances c/2 (sum_{i != j} l_i l_j / (l_i + l_j) + sum l). With the
  true covariance, the result is good to a few per cent for n, m >= D.

  The spectrum of a sample's covariance is more spread than the true one, so the floor from it is
  too low. This bias is known to first order in 1 / size, and is corrected when the size is given.
  Part of the floor that is still missing, in per cent, at D = 64 (python -m
  tests.metrics.floor_bias):

  | size of the sample                       | D/2 | D    | 2 D  | 8 D  |
  |------------------------------------------|-----|------|------|------|
  | equal eigenvalues, uncorrected           | 58  | 37   | 21   | 5.8  |
  | equal eigenvalues, corrected             | 44  | 20   | 6.4  | 0.6  |
  | eigenvalues over 4 decades, uncorrected  | 24  | 12   | 6.2  | 1.5  |
  | eigenvalues over 4 decades, corrected    | 10  | 2.5  | 0.4  | -0.1 |

  Args:
    covariance: Covariance float [D, D], or its eigenvalues [D].
    n: Size of the first sample.
    m: Size of the second sample.
    estimated_from: Size of the sample that has this covariance; None if it is the true one.

  Raises:
    UsageError: A shape or size is wrong, or an eigenvalue is negative.
  """
  if n < 1 or m < 1:
    raise UsageError(f'samples of {n} and {m} have no noise floor')
  if estimated_from is not None and estimated_from < 2:
    raise UsageError(f'estimated_from={estimated_from} should be at least 2')
  eigenvalues = np.asarray(covariance, np.float64)
  if eigenvalues.ndim != 1:
    eigenvalues = np.linalg.eigvalsh(square_matrix(covariance))
  eigenvalues = not_negative(eigenvalues)
  # Zeros, exact or up to round-off, contribute nothing, but would divide 0 by 0.
  eigenvalues = eigenvalues[eigenvalues > 1e-15 * eigenvalues.max()]
  if not len(eigenvalues):
    return 0.0
  # Products of tiny eigenvalues might underflow; the floor is proportional to the eigenvalues.
  largest = eigenvalues.max()
  eigenvalues = eigenvalues / largest
  total, pairs = eigenvalues.sum(), _pairs(eigenvalues)
  if estimated_from is not None:
    pairs -= _bias_of_pairs(eigenvalues) / (estimated_from - 1)
  # The means contribute the total, the covariances half of total + pairs.
  return float((1 / n + 1 / m) * (1.5 * total + pairs / 2) * largest)


def _pairs(spectrum: np.ndarray) -> float:
  """Returns the sum of l_i l_j / (l_i + l_j) over i != j."""
  sums = np.add.outer(spectrum, spectrum)
  # The diagonal, i = j, holds l_i / 2.
  return float(np.sum(np.multiply.outer(spectrum, spectrum) / sums) - spectrum.sum() / 2)


def _bias_of_pairs(spectrum: np.ndarray) -> float:
  """Returns the excess of `_pairs` for eigenvalues of a sample, times its degrees of freedom.

  Lawley 1956, to first order, for a smooth symmetric function f of the eigenvalues of a Wishart
  matrix over its degrees of freedom: sum_{i<j} l_i l_j (f_i - f_j) / (l_i - l_j) + sum_i l_i^2
  f_ii, where f_i and f_ii are derivatives. Here f_i = 2 sum_{m != i} l_m^2 / (l_i + l_m)^2, and the
  quotient has a closed form that does not divide by differences of eigenvalues.
  """
  sums = np.add.outer(spectrum, spectrum)
  ratios, over_sums = spectrum / sums, spectrum / sums**2
  # [i, j]: sum of l_m^2 (l_i + l_j + 2 l_m) / ((l_i + l_m)^2 (l_j + l_m)^2) over other m.
  others = (
    ratios @ over_sums.T - ratios.diagonal()[:, None] * over_sums.T - ratios * over_sums.diagonal()
  )
  others += others.T
  slopes = -2 * (1 / sums + others)
  weighted = spectrum[:, None] * slopes * spectrum
  curvature = -4 * (ratios**2 / sums)
  np.fill_diagonal(curvature, 0)
  return float((weighted.sum() - np.trace(weighted)) / 2 + spectrum**2 @ curvature.sum(axis=1))


def square_matrix(covariance: np.ndarray) -> np.ndarray:
  """Returns a covariance as float64; raises UsageError unless it is [D, D] and finite."""
  covariance = np.asarray(covariance, np.float64)
  if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
    raise UsageError(f'a covariance is [D, D], got shape {covariance.shape}')
  if not np.isfinite(covariance).all():
    raise UsageError(
      f'{np.sum(~np.isfinite(covariance))} of {covariance.size} values in a '
      'covariance are not finite'
    )
  return covariance


def not_negative(eigenvalues: np.ndarray) -> np.ndarray:
  """Returns eigenvalues with those that round-off made negative set to 0.

  Raises:
    UsageError: There are none, or one is not finite or below -1e-6 times the largest.
  """
  if not eigenvalues.size:
    raise UsageError('a covariance is empty')
  least, largest = eigenvalues.min(), eigenvalues.max()
  if not (np.isfinite(largest) and least >= -1e-6 * abs(largest)):
    raise UsageError(f'eigenvalues from {least:.3g} to {largest:.3g} are not those of a covariance')
  return eigenvalues.clip(0)
