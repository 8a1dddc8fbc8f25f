"""Features scaled to length 1, some rows at a time, for metrics of angles between them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.stored_rows import row_blocks

_BLOCK = 2048  # Rows at a time: a matrix of angles takes 32 MiB.


def unit_blocks(pool: np.ndarray, *, skip_zeros: bool = False) -> Iterator[np.ndarray]:
  """Yields blocks of features [N, D] as float64 [n, D], each row scaled to length 1.

  Args:
    pool: Features float32 or float64 [N, D].
    skip_zeros: Whether rows of zeros, which have no direction, are left out.

  Raises:
    UsageError: A row is all zeros, and these are not left out.
  """
  for part in row_blocks(pool, _BLOCK):
    rows = part.astype(np.float64)
    largest = np.abs(rows).max(axis=1)
    if not largest.all():
      if not skip_zeros:
        raise UsageError(
          f'{np.count_nonzero(largest == 0)} of {len(rows)} feature vectors are zero and have no '
          'direction; take another extractor, or another metric'
        )
      rows, largest = rows[largest > 0], largest[largest > 0]
    rows /= largest[:, None]  # Squares then neither vanish nor overflow.
    yield rows / np.linalg.norm(rows, axis=1, keepdims=True)
