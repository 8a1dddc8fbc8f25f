"""Mean and covariance of a reference, used in place of its samples.

    reference = Statistics(mean, covariance, count=50000)
    fid(reference, generated)

Many tools exchange such statistics instead of features. A Frechet distance needs nothing else;
metrics that look at samples refuse them.
"""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features, check_matrix, require_width
from tfgan_pipeline.metrics.frechet.moments import degrees_of_freedom


@dataclasses.dataclass(frozen=True, eq=False)
class Statistics:
  """Mean and covariance of real samples, accepted as a reference in place of Features.

  Attributes:
    mean: Mean of the features, float64 [D].
    covariance: Covariance of the features, float64 [D, D].
    count: Number of samples, or None if unknown; then there is no noise floor.
    ddof: The covariance is a sum divided by count - ddof; 1 in every tool but NVIDIA's.

  Raises:
    UsageError: Shapes do not agree, or values are not finite or not symmetric.
  """

  mean: np.ndarray
  covariance: np.ndarray
  count: int | None = None
  ddof: int = 1

  def __post_init__(self) -> None:
    mean, covariance = (np.asarray(value) for value in (self.mean, self.covariance))
    if mean.ndim != 1 or covariance.shape != 2 * mean.shape:
      raise UsageError(f'a mean {mean.shape} and a covariance {covariance.shape} do not agree')
    check_matrix('the mean', mean[None])
    check_matrix('the covariance', covariance)
    if not np.allclose(covariance, covariance.T, rtol=1e-3, atol=1e-6 * np.abs(covariance).max()):
      raise UsageError('a covariance should be symmetric')
    if self.count is not None:
      degrees_of_freedom(self.count, self.ddof)
    object.__setattr__(self, 'mean', mean.astype(np.float64))
    object.__setattr__(self, 'covariance', covariance.astype(np.float64))

  @property
  def width(self) -> int:
    """Number of features per sample, D."""
    return len(self.mean)

  def require_same_width(self, other: Features) -> None:
    """Raises UsageError unless `other` has as many features per sample as the statistics."""
    require_width(self.width, other)

  def covariance_with(self, ddof: int) -> np.ndarray:
    """Returns the covariance float64 [D, D] with the divisor count - ddof.

    Raises:
      UsageError: `ddof` is not that of the statistics, and count is unknown.
    """
    if ddof == self.ddof:
      return self.covariance
    if self.count is None:
      raise UsageError(
        f'ddof={ddof}: the statistics have ddof={self.ddof}, and do not say of how many samples'
      )
    ratio = degrees_of_freedom(self.count, self.ddof) / degrees_of_freedom(self.count, ddof)
    return self.covariance * ratio

  def __getattr__(self, name: str) -> Any:
    # A metric that reads samples gets a reason instead of an AttributeError.
    if name in Features.__dataclass_fields__ or hasattr(Features, name):
      raise UsageError(_NO_SAMPLES)
    raise AttributeError(name)

  def __len__(self) -> int:
    raise UsageError(_NO_SAMPLES)


_NO_SAMPLES = 'needs samples, and reference statistics hold none: fid is what they are for'
