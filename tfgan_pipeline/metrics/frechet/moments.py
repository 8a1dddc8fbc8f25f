"""Mean and covariance of features that come in batches, or in shards on several machines.

    moments = Moments()
    for batch in batches:
      moments.update(batch)             # float [B, D], any B
    moments.merge(moments_of_another_shard)
    frechet_distance(real.mean, real.covariance(), moments.mean, moments.covariance())

Memory is O(D^2). The grouping of the rows changes the result by float64 round-off only.
"""

from __future__ import annotations

import dataclasses
from typing import cast

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import check_matrix
from tfgan_pipeline.metrics.stored_rows import row_blocks

_BLOCK = 4096  # Rows converted to float64 at a time.


@dataclasses.dataclass(eq=False)
class Moments:
  """Count, mean and scatter of the rows seen so far; update and merge change them in place.

  The scatter is the sum of outer products of deviations from the mean. It is updated pairwise
  (Chan, Golub and LeVeque 1983), because sums of raw squares cancel when the mean is large.

  Attributes:
    count: Number of rows.
    mean: Mean of the rows, float64 [D]; 0.0 before the first row.
    scatter: Scatter of the rows, float64 [D, D]; 0.0 before the first row.
  """

  count: int = 0
  mean: np.ndarray = cast(np.ndarray, 0.0)
  scatter: np.ndarray = cast(np.ndarray, 0.0)

  def update(self, batch: np.ndarray) -> None:
    """Adds the rows of `batch`, float32 or float64 [B, D]; B may be 0.

    Raises:
      UsageError: The width differs from that of earlier rows, or values are not finite.
    """
    if np.ndim(batch) != 2 or len(batch):
      check_matrix('features', batch)
    for part in row_blocks(batch, _BLOCK):
      rows = part.astype(np.float64)
      mean = rows.mean(axis=0)
      rows -= mean
      self.merge(Moments(len(rows), mean, rows.T @ rows))

  def merge(self, other: Moments) -> None:
    """Adds the rows that `other` has seen; raises UsageError if the widths differ."""
    if not other.count:
      return
    if self.count and np.shape(self.mean) != np.shape(other.mean):
      raise UsageError(f'features of width {len(self.mean)} and {len(other.mean)} in one set')
    count = self.count + other.count
    difference = other.mean - self.mean
    # The two means deviate from the common one: n1 n2 / (n1 + n2) times their outer square.
    between = difference * np.sqrt(self.count * (other.count / count))
    self.mean = self.mean + difference * (other.count / count)
    self.scatter += other.scatter
    self.scatter += np.outer(between, between)
    self.count = count

  def covariance(self, ddof: int = 1) -> np.ndarray:
    """Returns the covariance float64 [D, D], the scatter over count - ddof.

    Raises:
      UsageError: ddof is neither 0 nor 1, or there are not more rows than ddof.
    """
    return self.scatter / degrees_of_freedom(self.count, ddof)


def degrees_of_freedom(count: int, ddof: int) -> int:
  """Returns count - ddof, the divisor of a covariance.

  Raises:
    UsageError: ddof is neither 0 nor 1, or count is not above ddof.
  """
  if ddof not in (0, 1):
    raise UsageError(f'ddof={ddof} should be 1 (unbiased) or 0')
  if count <= ddof:
    raise UsageError(f'a covariance with ddof={ddof} needs more than {count} samples')
  return count - ddof
