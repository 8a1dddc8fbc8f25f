"""Mean and covariance in the place of the samples they were computed from.

    reference = Statistics(mean, covariance, count=50000)
    fid(reference, generated)

Many tools exchange these instead of features. They are all that a Frechet distance needs; metrics
that look at samples refuse them.
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
  """Stands where Features do, as the reference.

  Attributes:
    mean: float64 [D].
    covariance: float64 [D, D].
    count: How many samples they are of, or None when that is not known: then there is no noise
      floor.
    ddof: What the covariance was divided by is count - ddof; 1 in every tool but NVIDIA's.

  Raises:
    UsageError: Shapes that do not agree, or values that are not finite or not symmetric.
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
    """D, the number of features per sample."""
    return len(self.mean)

  def require_same_width(self, other: Features) -> None:
    """Raises UsageError unless the statistics and `other` can come from one extractor."""
    require_width(self.width, other)

  def covariance_with(self, ddof: int) -> np.ndarray:
    """Covariance float64 [D, D] with another ddof; raises UsageError when count is not known."""
    if ddof == self.ddof:
      return self.covariance
    if self.count is None:
      raise UsageError(
        f'ddof={ddof}: the statistics have ddof={self.ddof}, and do not say of how many samples'
      )
    ratio = degrees_of_freedom(self.count, self.ddof) / degrees_of_freedom(self.count, ddof)
    return self.covariance * ratio

  def __getattr__(self, name: str) -> Any:
    if name in Features.__dataclass_fields__ or hasattr(Features, name):
      raise UsageError(_NO_SAMPLES)
    raise AttributeError(name)

  def __len__(self) -> int:
    raise UsageError(_NO_SAMPLES)


_NO_SAMPLES = 'needs samples, and reference statistics hold none: fid is what they are for'
