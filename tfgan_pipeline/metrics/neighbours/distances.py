"""Squared distances between two sets of rows: bounds on all of them, exact values of a few.

    distances = Distances(x, y)
    for columns, lower in distances.blocks(rows, BLOCK):      # by products in float32
      i, j = where(lower <= limit)                            # all others are above, surely
      upper = lower[i, j] + distances.widths(rows[i], columns[j])
      exact = distances.exact(rows[i], columns[j])            # where upper > limit

|x|^2 + |y|^2 - 2 x.y is rounded, so by itself it tells neither a duplicate from a neighbour nor `<`
from `<=`. With a bound on the error it rules out most pairs, and the few that are too close to call
are subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BLOCK = 1024  # Rows and columns multiplied at a time.

_SUBTRACTED = 2**19  # Numbers at a time: they fit in a cache.
_VANISHED: dict[type, float] = {
  np.float32: 1e-30,
  np.float64: 1e-280,
}  # More than all terms that underflow can add up to.


class Distances:
  """Squared distances between the rows of x and the rows of y.

  Args:
    x: float32 or float64 [N, D], finite and within 1e20.
    y: float32 or float64 [M, D], finite and within 1e20; x itself for distances within one set.

  Attributes:
    unit: Power of two that all distances returned are multiplied by: they are |x - y|^2 * unit.
      The factor keeps products within float32 and changes no digit.
  """

  def __init__(self, x: np.ndarray, y: np.ndarray):
    self.x, self.y = x, y
    # Distances do not depend on the centre, so any will do. The median lies where most rows are,
    # whatever the outliers, and removes an offset that all rows share; 1,000 rows are enough.
    self._centre = np.median(x[:: len(x) // 1000 + 1], axis=0)
    norms_x = self._norms(x)
    norms_y = norms_x if x is y else self._norms(y)
    largest = np.sqrt(max(norms_x.max(), norms_y.max(), 1e-60))
    # Norms become at most 1. 1e-60 avoids log2(0) for sets of one point; float32 holds 2^100.
    self._scale = float(2.0 ** np.clip(-np.ceil(np.log2(largest)), -100, 100))
    self.unit = self._scale**2
    self._norms_x, self._norms_y = norms_x * self.unit, norms_y * self.unit

  def _norms(self, values: np.ndarray) -> np.ndarray:
    norms = np.empty(len(values))
    for start in range(0, len(values), BLOCK):
      rows = np.subtract(values[start : start + BLOCK], self._centre, dtype=np.float64)
      norms[start : start + BLOCK] = np.einsum('ij,ij->i', rows, rows)
    return norms

  def _shift_rows(self, rows: np.ndarray, dtype: type) -> np.ndarray:
    """Returns rows less the centre, scaled and as `dtype`.

    Each element is off by one or two roundings of itself, however far the centre is.
    """
    rows = np.subtract(rows, self._centre, dtype=np.result_type(self.x, self.y, dtype))
    rows *= rows.dtype.type(self._scale)
    return rows.astype(dtype, copy=False)

  def _error(self, dtype: type) -> float:
    """Returns a bound on the error of a distance, relative to the sum of both squared norms.

    The bound holds for any order of summation: D roundings of half an epsilon in the product
    (Higham 2002, section 3.1) and a dozen around it, doubled for safety.
    """
    return (self.x.shape[1] + 32) * float(np.finfo(dtype).eps)

  def blocks(
    self, rows: slice | np.ndarray, width: int, dtype: type = np.float32, first: int = 0
  ) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields (columns, lower bounds as `dtype` [rows, columns]), `width` columns at a time.

    The array of bounds is reused: the next block overwrites it.

    Args:
      rows: Selection of rows of x.
      width: Number of columns, rows of y.
      dtype: np.float32, or np.float64 for narrower bounds in twice the time.
      first: Column to start at.
    """
    left = -2 * self._shift_rows(self.x[rows], dtype)
    shrink = 1 - self._error(dtype)
    norms_x = (shrink * self._norms_x[rows] - _VANISHED[dtype]).astype(dtype)[:, None]
    norms_y = (shrink * self._norms_y).astype(dtype)
    lower = np.empty((len(left), 0), dtype)
    for start in range(first, len(self.y), width):
      columns = slice(start, min(start + width, len(self.y)))
      right = self._shift_rows(self.y[columns], dtype).T
      if lower.shape[1] != right.shape[1]:
        lower = np.empty((len(left), right.shape[1]), dtype)
      np.matmul(left, right, out=lower)  # Fresh memory would cost time.
      lower += norms_x
      lower += norms_y[columns]
      yield columns, lower

  def widths(self, rows: np.ndarray, columns: np.ndarray, dtype: type = np.float32) -> np.ndarray:
    """Returns the widths float64 [P] of the bounds on pairs: lower bound + width is an upper bound.

    Args:
      rows: Rows of x, integers [P].
      columns: Rows of y, integers [P].
      dtype: The `dtype` of the lower bounds.
    """
    norms = self._norms_x[rows] + self._norms_y[columns]
    return 2 * (self._error(dtype) * norms + _VANISHED[dtype])

  def exact(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Returns the distances of pairs, float64 [P], computed from differences.

    Pairs with equal differences have equal distances, to the last bit.

    Args:
      rows: Rows of x, integers [P].
      columns: Rows of y, integers [P].
    """
    distances = np.empty(len(rows))
    size = max(1, _SUBTRACTED // self.x.shape[1])
    for start in range(0, len(rows), size):
      part = slice(start, start + size)
      difference = np.subtract(self.x[rows[part]], self.y[columns[part]], dtype=np.float64)
      distances[part] = np.square(difference, out=difference).sum(axis=1)
    return distances * self.unit


def where(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Returns the indexes of true elements of a matrix in C order, as np.nonzero does.

  Where few elements are true, it takes a small fraction of the time of np.nonzero.
  """
  return np.divmod(np.flatnonzero(mask), mask.shape[1])


def rounded_up(limits: np.ndarray) -> np.ndarray:
  """Returns float32 numbers that are no less than `limits`, so that no value below is missed."""
  return np.nextafter(limits.astype(np.float32), np.float32(np.inf))
