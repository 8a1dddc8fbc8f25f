"""Features: the output of an extractor for a set of images, and all that a metric sees of it.

    reference = Features(pool=..., logits=...)        # checked once, here
    scores = registry.metric.build_all('fid, kid(subsets=20)', reference, generated)

Values that pass the checks keep every metric's arithmetic finite, so metrics need no guards.
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
from typing import Literal, TypeVar

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.stored_rows import row_blocks

# Metrics take sixth powers (kid cubes products) and square these: 1e240 fits in float64, with room
# for sums.
_LARGEST = 1e20
_BLOCK = 4096  # Rows checked at a time.

_Metric = TypeVar('_Metric', bound=Callable[..., dict[str, float]])


@dataclasses.dataclass(frozen=True, eq=False)
class Features:
  """Features of N images, with what is known of their classes.

  Attributes:
    pool: Features, float32 or float64 [N, D], N >= 2; one row per image.
    logits: Logits, float32 or float64 [N, K], the rows in the order of `pool`, or None for an
      extractor that has no classes.
    labels: Class of each row, integers [N] from 0: that of the dataset for real images, the
      requested one for generated images; or None.
    codes: Category, of a code learnt without labels as in InfoGAN, that each generated row was made
      with, integers [N] from 0; or None.
    held_out: Function without arguments that returns the features of real images that nothing was
      trained on; or None. Called only by metrics that need them.

  Raises:
    UsageError: A shape or dtype is wrong, there are fewer than two rows, or values are NaN,
      infinite or beyond 1e20; the message counts these.
  """

  pool: np.ndarray
  logits: np.ndarray | None = None
  labels: np.ndarray | None = None
  codes: np.ndarray | None = None
  held_out: Callable[[], Features] | None = None

  def __post_init__(self) -> None:
    check_matrix('pool features', self.pool)
    if len(self) < 2:
      raise UsageError('at least 2 samples are needed for a score, got 1')
    if self.logits is not None:
      check_matrix('logits', self.logits)
      if len(self.logits) != len(self):
        raise UsageError(f'{len(self)} rows of pool features but {len(self.logits)} of logits')
    for name in ('labels', 'codes'):
      if getattr(self, name) is not None:
        _check_classes(name, getattr(self, name), len(self))

  def __len__(self) -> int:
    return len(self.pool)

  @property
  def width(self) -> int:
    """Number of features per sample, D."""
    return self.pool.shape[1]

  def require_same_width(self, other: Features) -> None:
    """Raises UsageError unless `other` has as many features per sample."""
    require_width(self.width, other)

  def require_logits(self) -> np.ndarray:
    """Returns the logits [N, K]; raises UsageError if the extractor gave none."""
    if self.logits is None:
      raise UsageError('logits are needed: choose an extractor that classifies')
    return self.logits

  def classes(self) -> np.ndarray:
    """Returns the class of each row, integers [N]: its label, or else that of its largest logit.

    Raises:
      UsageError: There are neither labels nor logits.
    """
    if self.labels is not None:
      return self.labels
    if self.logits is None:
      raise UsageError('classes are needed: choose an extractor that classifies, or give labels')
    return self.logits.argmax(axis=1)


def needs(
  field: Literal['labels', 'codes', 'features', 'way_back', 'captions'],
) -> Callable[[_Metric], _Metric]:
  """Returns a decorator for metrics that need more than most.

  Args:
    field: For metrics of features: 'labels' or 'codes' of generated samples. For metrics of pairs:
      'features' in place of both sets of images; 'way_back', for sources and these translated
      there and back in place of targets and outputs; or 'captions', in place of targets, for
      outputs of games that read captions, see metrics/pairs/captions.py.
  """

  def declare(metric: _Metric) -> _Metric:
    setattr(metric, 'needs', field)  # noqa: B010  (no attribute of every function)
    return metric

  return declare


def needs_real_labels(metric: _Metric) -> _Metric:
  """Decorates metrics that can score only against real images with labels."""
  setattr(metric, 'needs_real_labels', True)  # noqa: B010  (no attribute of every function)
  return metric


def needs_logits(metric: _Metric) -> _Metric:
  """Marks a metric as needing logits of generated samples, and returns the metric; a decorator."""
  setattr(metric, 'needs_logits', True)  # noqa: B010  (no attribute of every function)
  return metric


def require_width(width: int, other: Features) -> None:
  """Raises UsageError unless `other` has `width` features per sample."""
  if width != other.width:
    raise UsageError(
      f'features of width {width} and {other.width} cannot be compared: '
      'use one extractor for both sets'
    )


def _check_classes(name: str, values: np.ndarray, count: int) -> None:
  if not isinstance(values, np.ndarray) or values.shape != (count,):
    raise UsageError(
      f'{name} should be a numpy array of shape ({count},), got '
      f'{type(values).__name__} of shape {np.shape(values)}'
    )
  if values.dtype.kind not in 'iu' or values.min() < 0:
    raise UsageError(f'{name} should be integers from 0, got {values.dtype} from {values.min()}')


def check_matrix(name: str, values: np.ndarray) -> None:
  """Raises UsageError unless `values` is a float matrix, not empty, all within -1e20 to 1e20."""
  if not isinstance(values, np.ndarray) or values.ndim != 2:
    raise UsageError(
      f'{name} should be a numpy array of 2 dimensions, got '
      f'{type(values).__name__} of shape {np.shape(values)}'
    )
  if values.dtype not in (np.float32, np.float64):
    raise UsageError(f'{name} should be float32 or float64, got {values.dtype}')
  if not values.size:
    raise UsageError(f'{name} are empty: shape {values.shape}')
  # Both comparisons are false for NaN.
  if not all(
    rows.min() >= -_LARGEST and rows.max() <= _LARGEST for rows in row_blocks(values, _BLOCK)
  ):
    valid_count = sum(
      np.count_nonzero(np.abs(rows) <= _LARGEST) for rows in row_blocks(values, _BLOCK)
    )
    raise UsageError(
      f'{values.size - valid_count} of {values.size} values in {name} are NaN, infinite '
      f'or beyond {_LARGEST:.0e}'
    )
