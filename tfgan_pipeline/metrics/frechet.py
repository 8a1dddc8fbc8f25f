"""Frechet distance between Gaussians fitted to two sets of features, beside its noise floor.

    fid(reference, generated)                               # from Features
    frechet_distance(mean1, covariance1, mean2, covariance2)  # from streamed Moments

Heusel et al. 2017 (arXiv:1706.08500): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)).

With any A and B such that S1 = A^T A and S2 = B^T B, the last trace is the sum of the singular
values of A B^T. That holds where S1 S2 has no square root that sqrtm could find, loses no digits to
near-zero eigenvalues, and lets A be the few centred samples themselves where N < D.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.moments import Moments, degrees_of_freedom
from tfgan_pipeline.metrics.ranking import lower_is_better
from tfgan_pipeline.metrics.statistics import Statistics


@registry.metric
@lower_is_better('fid', 'fid_above_floor')
def fid(
  reference: Features | Statistics, generated: Features, *, ddof: int = 1
) -> dict[str, float]:
  """Frechet distance, its noise floor at these sample sizes, and their difference.

  Args:
    reference: N real samples, or their statistics; without N there is no floor.
    generated: M generated samples.
    ddof: 1 for unbiased covariances; 0 as NVIDIA's code has it.

  Returns:
    fid: The distance, never negative.
    fid_floor: What a perfect generator would score, see `frechet_floor`.
    fid_above_floor: fid - fid_floor; below zero by chance or when samples were memorised.

  Raises:
    UsageError: The two sets differ in width, or ddof is neither 0 nor 1.
  """
  reference.require_same_width(generated)
  if isinstance(reference, Statistics):
    mean1, factor1 = reference.mean, covariance_factor(reference.covariance_with(ddof))
    count = reference.count
  else:
    mean1, factor1 = sample_factor(reference.pool, ddof=ddof)
    count = len(reference)
  mean2, factor2 = sample_factor(generated.pool, ddof=ddof)
  distance = factored_distance(mean1, factor1, mean2, factor2)
  if count is None:
    return {'fid': distance}
  # A A^T has the eigenvalues of A^T A that are not zero, and no others.
  floor = frechet_floor(factor1 @ factor1.T, count, len(generated))
  return {'fid': distance, 'fid_floor': floor, 'fid_above_floor': distance - floor}


def frechet_distance(
  mean1: np.ndarray, covariance1: np.ndarray, mean2: np.ndarray, covariance2: np.ndarray
) -> float:
  """Squared Frechet (2-Wasserstein) distance between two Gaussians.

  Args:
    mean1, mean2: float [D].
    covariance1, covariance2: float [D, D], symmetric, positive semi-definite up to round-off.

  Raises:
    UsageError: Shapes do not agree, values are not finite, or an eigenvalue is negative.
  """
  return factored_distance(
    mean1, covariance_factor(covariance1), mean2, covariance_factor(covariance2)
  )


def factored_distance(
  mean1: np.ndarray, factor1: np.ndarray, mean2: np.ndarray, factor2: np.ndarray
) -> float:
  """The same from factors [any, D] whose A^T A is the covariance; exact at any rank."""
  shapes = np.shape(mean1), factor1.shape[1:], np.shape(mean2), factor2.shape[1:]
  if len(set(shapes)) != 1:
    raise UsageError(f'means and covariances of one width are needed, got {shapes}')
  step = np.subtract(mean1, mean2, dtype=np.float64)
  overlap = np.linalg.svd(factor1 @ factor2.T, compute_uv=False).sum()
  traces = np.sum(factor1 * factor1) + np.sum(factor2 * factor2)
  distance = float(step @ step + traces - 2 * overlap)
  if not np.isfinite(distance):
    raise UsageError('means and covariances hold values that are not finite or too large')
  return max(0.0, distance)  # Equal sets end at about -1e-16.


def covariance_factor(covariance: np.ndarray) -> np.ndarray:
  """Factor float64 [D, D] of a covariance [D, D]. Raises UsageError when it is none."""
  covariance = _square(covariance)
  try:
    return np.linalg.cholesky(covariance).T
  except np.linalg.LinAlgError:  # Not of full rank: five times slower, and always there.
    eigenvalues, vectors = np.linalg.eigh(covariance)
    return (vectors * np.sqrt(_not_negative(eigenvalues))).T


def sample_factor(pool: np.ndarray, *, ddof: int = 1) -> tuple[np.ndarray, np.ndarray]:
  """Mean [D] and covariance factor [min(N, D), D] of samples [N, D], in float64."""
  if len(pool) < pool.shape[1]:
    mean = pool.mean(axis=0, dtype=np.float64)
    return mean, (pool - mean) / np.sqrt(degrees_of_freedom(len(pool), ddof))
  moments = Moments()
  moments.update(pool)
  return moments.mean, covariance_factor(moments.covariance(ddof))


def frechet_floor(covariance: np.ndarray, n: int, m: int) -> float:
  """Expected distance between samples of n and of m from one Gaussian, to first order.

  With eigenvalues l and c = 1/n + 1/m, the means contribute c sum l, and the covariances
  c/2 (sum_{i != j} l_i l_j / (l_i + l_j) + sum l). Given the true covariance, it is good to a few
  per cent for n, m >= D. A covariance estimated from n samples gives too little, as its spectrum is
  more spread: with D equal eigenvalues, 21 % too little at n = 2 D, 6 % at 8 D, 1.5 % at 32 D; with
  eigenvalues that fall by four decades a third of that.

  Args:
    covariance: float [D, D], or its eigenvalues [D].
    n: Size of the one sample.
    m: Size of the other.

  Raises:
    UsageError: A wrong shape or size, or an eigenvalue that is negative.
  """
  if n < 1 or m < 1:
    raise UsageError(f'samples of {n} and {m} have no noise floor')
  eigenvalues = np.asarray(covariance, np.float64)
  if eigenvalues.ndim != 1:
    eigenvalues = np.linalg.eigvalsh(_square(covariance))
  eigenvalues = _not_negative(eigenvalues)
  eigenvalues = eigenvalues[eigenvalues > 0]  # Zeros contribute nothing but 0 / 0.
  total = eigenvalues.sum()
  pairs = np.multiply.outer(eigenvalues, eigenvalues) / np.add.outer(eigenvalues, eigenvalues)
  off_diagonal = pairs.sum() - total / 2
  return float((1 / n + 1 / m) * (total + (off_diagonal + total) / 2))


def _square(covariance: np.ndarray) -> np.ndarray:
  covariance = np.asarray(covariance, np.float64)
  if covariance.ndim != 2 or covariance.shape[0] != covariance.shape[1]:
    raise UsageError(f'a covariance is [D, D], got shape {covariance.shape}')
  if not np.isfinite(covariance).all():
    raise UsageError(
      f'{np.sum(~np.isfinite(covariance))} of {covariance.size} values in a '
      'covariance are not finite'
    )
  return covariance


def _not_negative(eigenvalues: np.ndarray) -> np.ndarray:
  """Clips what round-off left below zero; more than that is no covariance."""
  if not eigenvalues.size:
    raise UsageError('a covariance is empty')
  least, largest = eigenvalues.min(), eigenvalues.max()
  if not (np.isfinite(largest) and least >= -1e-6 * abs(largest)):
    raise UsageError(f'eigenvalues from {least:.3g} to {largest:.3g} are not those of a covariance')
  return eigenvalues.clip(0)
