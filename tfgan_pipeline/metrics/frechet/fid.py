"""Frechet distance between Gaussians fitted to two sets of features, beside its noise floor.

    fid(reference, generated)                               # from Features
    frechet_distance(mean1, covariance1, mean2, covariance2)  # from streamed Moments

Heusel et al. 2017 (arXiv:1706.08500): |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)).

With any A and B such that S1 = A^T A and S2 = B^T B, the last trace is the sum of the singular
values of A B^T. That holds where S1 S2 has no square root that sqrtm could find, loses no digits to
near-zero eigenvalues, and lets A be the few centred samples themselves where N < D. Where it can be
told that no digit that matters is lost, these are had as roots of eigenvalues, in a quarter of the
time.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.floor import frechet_floor, not_negative, square_matrix
from tfgan_pipeline.metrics.frechet.moments import Moments, degrees_of_freedom
from tfgan_pipeline.metrics.frechet.statistics import Statistics
from tfgan_pipeline.metrics.ranking import lower_is_better


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
    fid_floor: What a perfect generator would score, from the covariance of the reference and
      corrected for its size, see `frechet_floor`.
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
  floor = frechet_floor(factor1 @ factor1.T, count, len(generated), estimated_from=count)
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
  traces = np.sum(factor1 * factor1) + np.sum(factor2 * factor2)
  without = float(step @ step + traces)
  distance = float(without - 2 * _overlap(factor1 @ factor2.T, without))
  if not np.isfinite(distance):
    raise UsageError('means and covariances hold values that are not finite or too large')
  return max(0.0, distance)  # Equal sets end at about -1e-16.


def _overlap(product: np.ndarray, without: float) -> float:
  """Sum of the singular values of A B^T; `without` is the distance without it."""
  if product.shape[0] == product.shape[1]:
    # Eigenvalues of P^T P are off by a few epsilon of the largest, and so their roots by that over
    # twice the root, or by its root near zero. What this adds up to is to be small beside the 1e-6
    # that are promised; otherwise, as for equal sets or wide spectra, singular values are needed.
    eigenvalues = np.linalg.eigvalsh(product.T @ product).clip(0)
    error = 8 * np.finfo(np.float64).eps * eigenvalues[-1]
    values = np.sqrt(eigenvalues)
    lost = np.sum(error / np.maximum(2 * values, np.sqrt(error) + np.finfo(np.float64).tiny))
    if 2 * lost <= 1e-7 * (without - 2 * values.sum()):
      return values.sum()
  return np.linalg.svd(product, compute_uv=False).sum()


def covariance_factor(covariance: np.ndarray) -> np.ndarray:
  """Factor float64 [D or its rank, D] of a covariance [D, D]; raises UsageError when it is none."""
  covariance = square_matrix(covariance)
  try:
    return np.linalg.cholesky(covariance).T
  except np.linalg.LinAlgError:  # Not of full rank: five times slower, and always there.
    eigenvalues, vectors = np.linalg.eigh(covariance)
    roots = np.sqrt(not_negative(eigenvalues))
    first = min(np.count_nonzero(roots == 0), len(roots) - 1)  # They ascend.
    return (vectors[:, first:] * roots[first:]).T


def sample_factor(pool: np.ndarray, *, ddof: int = 1) -> tuple[np.ndarray, np.ndarray]:
  """Mean [D] and covariance factor [min(N, D), D] of samples [N, D], in float64."""
  if len(pool) < pool.shape[1]:
    mean = pool.mean(axis=0, dtype=np.float64)
    return mean, (pool - mean) / np.sqrt(degrees_of_freedom(len(pool), ddof))
  moments = Moments()
  moments.update(pool)
  return moments.mean, covariance_factor(moments.covariance(ddof))
