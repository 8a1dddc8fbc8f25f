"""Frechet distance between Gaussians fitted to two sets of features, beside its noise floor.

    fid(reference, generated)                               # from Features
    frechet_distance(mean1, covariance1, mean2, covariance2)  # from streamed Moments

Heusel et al. 2017 (arXiv:1706.08500), equation 6: |m1 - m2|^2 + tr(S1 + S2 - 2 (S1 S2)^(1/2)).

For any A and B with S1 = A^T A and S2 = B^T B, the trace of the root is the sum of the singular
values of A B^T. This form also works where S1 S2 has no square root that sqrtm could find, loses no
digits to eigenvalues near zero, and lets A be the few centred samples themselves where N < D. Where
a bound on the error shows that no relevant digit is lost, the singular values are computed as roots
of eigenvalues, in a quarter of the time.
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
    ddof: 1 for unbiased covariances; 0 as in NVIDIA's code.

  Returns:
    fid: The distance, never negative.
    fid_floor: Expected distance of a perfect generator at N and M, from the covariance of the
      reference and corrected for its size, see `frechet_floor`.
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
  # A A^T has the nonzero eigenvalues of A^T A and is smaller where N < D.
  floor = frechet_floor(factor1 @ factor1.T, count, len(generated), estimated_from=count)
  return {'fid': distance, 'fid_floor': floor, 'fid_above_floor': distance - floor}


def frechet_distance(
  mean1: np.ndarray, covariance1: np.ndarray, mean2: np.ndarray, covariance2: np.ndarray
) -> float:
  """Returns the squared Frechet (2-Wasserstein) distance between two Gaussians.

  Args:
    mean1: Mean of the first Gaussian, float [D].
    covariance1: Covariance of the first Gaussian, float [D, D], symmetric and positive
      semi-definite up to round-off.
    mean2: Mean of the second Gaussian, float [D].
    covariance2: Covariance of the second Gaussian, with the properties of `covariance1`.

  Raises:
    UsageError: Shapes do not agree, values are not finite, or an eigenvalue is negative.
  """
  return factored_distance(
    mean1, covariance_factor(covariance1), mean2, covariance_factor(covariance2)
  )


def factored_distance(
  mean1: np.ndarray, factor1: np.ndarray, mean2: np.ndarray, factor2: np.ndarray
) -> float:
  """Returns the squared Frechet distance from covariance factors; exact at any rank.

  Args:
    mean1: Mean of the first Gaussian, float [D].
    factor1: Matrix A [any, D] whose A^T A is the covariance of the first Gaussian.
    mean2: Mean of the second Gaussian, float [D].
    factor2: Matrix B [any, D] whose B^T B is the covariance of the second Gaussian.

  Raises:
    UsageError: Widths differ, or the distance is not finite.
  """
  shapes = np.shape(mean1), factor1.shape[1:], np.shape(mean2), factor2.shape[1:]
  if len(set(shapes)) != 1:
    raise UsageError(f'means and covariances of one width are needed, got {shapes}')
  difference = np.subtract(mean1, mean2, dtype=np.float64)
  traces = np.sum(factor1 * factor1) + np.sum(factor2 * factor2)
  remainder = float(difference @ difference + traces)
  distance = float(remainder - 2 * _overlap(factor1 @ factor2.T, remainder))
  if not np.isfinite(distance):
    raise UsageError('means and covariances hold values that are not finite or too large')
  return max(0.0, distance)  # Round-off leaves about -1e-16 for equal sets.


def _overlap(product: np.ndarray, remainder: float) -> float:
  """Returns the sum of the singular values of `product`, the matrix A B^T.

  `remainder` is the distance less its term with this sum; the accuracy needed depends on it.
  """
  if product.shape[0] == product.shape[1]:
    # Eigenvalues of P^T P are off by a few epsilon of the largest, so a root is off by that error
    # over twice the root, or near zero by the root of the error. The total has to be small beside
    # the promised 1e-6 of the distance. Where it is not, as for equal sets or wide spectra,
    # singular values are computed.
    eigenvalues = np.linalg.eigvalsh(product.T @ product).clip(0)
    error = 8 * np.finfo(np.float64).eps * eigenvalues[-1]
    values = np.sqrt(eigenvalues)
    total_error = np.sum(error / np.maximum(2 * values, np.sqrt(error) + np.finfo(np.float64).tiny))
    if 2 * total_error <= 1e-7 * (remainder - 2 * values.sum()):
      return values.sum()
  return np.linalg.svd(product, compute_uv=False).sum()


def covariance_factor(covariance: np.ndarray) -> np.ndarray:
  """Returns a factor A of a covariance [D, D] = A^T A, as float64 [D or its rank, D].

  Raises:
    UsageError: The matrix is not square or not finite, or an eigenvalue is negative.
  """
  covariance = square_matrix(covariance)
  try:
    return np.linalg.cholesky(covariance).T
  except np.linalg.LinAlgError:  # Not of full rank: eigh is five times slower and always works.
    eigenvalues, vectors = np.linalg.eigh(covariance)
    roots = np.sqrt(not_negative(eigenvalues))
    first = min(np.count_nonzero(roots == 0), len(roots) - 1)  # eigh sorts them upwards.
    return (vectors[:, first:] * roots[first:]).T


def sample_factor(pool: np.ndarray, *, ddof: int = 1) -> tuple[np.ndarray, np.ndarray]:
  """Returns the mean [D] and a covariance factor [min(N, D), D] of samples [N, D], in float64.

  Raises:
    UsageError: ddof is neither 0 nor 1, or there are not more samples than ddof.
  """
  if len(pool) < pool.shape[1]:
    # Centred samples, scaled, are a factor of their covariance.
    mean = pool.mean(axis=0, dtype=np.float64)
    return mean, (pool - mean) / np.sqrt(degrees_of_freedom(len(pool), ddof))
  moments = Moments()
  moments.update(pool)
  return moments.mean, covariance_factor(moments.covariance(ddof))
