"""Squared distances between two sets of rows: bounds on all of them, exact ones of a few.

    distances = Distances(x, y)
    for columns, lower in distances.blocks(rows, BLOCK):      # by products in float32
      i, j = where(lower <= limit)                            # all others are above, surely
      upper = lower[i, j] + distances.widths(rows[i], columns[j])
      exact = distances.exact(rows[i], columns[j])            # where upper > limit

|x|^2 + |y|^2 - 2 x.y rounds, so by itself it tells neither a duplicate from a neighbour nor `<`
from `<=`. With a bound on its error it need not: the few pairs too close to call are subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

BLOCK = 1024  # Rows and columns multiplied at a time.

_SUBTRACTED = 2**19  # Numbers at a time: they fit in a cache.
_VANISHED: dict[type, float] = {
  np.float32: 1e-30,
  np.float64: 1e-280,
}  # More than all that underflows.


class Distances:
  """Squared distances between the rows of x and the rows of y.

  Args:
    x: float32 or float64 [N, D], finite and within 1e20.
    y: The same [M, D]; x itself for the distances within one set.

  Attributes:
    unit: A power of two. Whatever is called a distance below is |x - y|^2 times this, a factor
      that keeps products within float32 and changes no digit.
  """

  def __init__(self, x: np.ndarray, y: np.ndarray):
    self.x, self.y = x, y
    # Differences see no centre, so any will do; a median is where most rows are even if a few are
    # far out, and takes away an offset that all share.
    self._centre = np.median(x[:: len(x) // 1000 + 1], axis=0)
    norms_x = self._norms(x)
    norms_y = norms_x if x is y else self._norms(y)
    largest = np.sqrt(max(norms_x.max(), norms_y.max(), 1e-60))
    self._scale = float(2.0 ** np.clip(-np.ceil(np.log2(largest)), -100, 100))
    self.unit = self._scale**2
    self._norms_x, self._norms_y = norms_x * self.unit, norms_y * self.unit

  def _norms(self, values: np.ndarray) -> np.ndarray:
    norms = np.empty(len(values))
    for start in range(0, len(values), BLOCK):
      rows = np.subtract(values[start : start + BLOCK], self._centre, dtype=np.float64)
      norms[start : start + BLOCK] = np.einsum('ij,ij->i', rows, rows)
    return norms

  def _centred(self, rows: np.ndarray, dtype: type) -> np.ndarray:
    """Each element is off by one or two roundings of itself, however far the centre."""
    rows = np.subtract(rows, self._centre, dtype=np.result_type(self.x, self.y, dtype))
    rows *= rows.dtype.type(self._scale)
    return rows.astype(dtype, copy=False)

  def _error(self, dtype: type) -> float:
    """Error of a distance, relative to the sum of both squared norms, in any order of summation.

    D roundings of half an epsilon in the product (Higham 2002, section 3.1), a dozen around it;
    taken twice.
    """
    return (self.x.shape[1] + 32) * float(np.finfo(dtype).eps)

  def blocks(
    self, rows: slice | np.ndarray, width: int, dtype: type = np.float32, first: int = 0
  ) -> Iterator[tuple[slice, np.ndarray]]:
    """Yields (columns, lower bounds `dtype` [rows, columns]), `width` columns at a time.

    The next block overwrites the last.

    Args:
      rows: Which rows of x.
      width: Number of columns, rows of y.
      dtype: np.float32, or np.float64 for narrower bounds in twice the time.
      first: The column to start at.
    """
    left = -2 * self._centred(self.x[rows], dtype)
    shrink = 1 - self._error(dtype)
    norms_x = (shrink * self._norms_x[rows] - _VANISHED[dtype]).astype(dtype)[:, None]
    norms_y = (shrink * self._norms_y).astype(dtype)
    lower = np.empty((len(left), 0), dtype)
    for start in range(first, len(self.y), width):
      columns = slice(start, min(start + width, len(self.y)))
      right = self._centred(self.y[columns], dtype).T
      if lower.shape[1] != right.shape[1]:
        lower = np.empty((len(left), right.shape[1]), dtype)
      np.matmul(left, right, out=lower)  # In fresh memory it takes longer.
      lower += norms_x
      lower += norms_y[columns]
      yield columns, lower

  def widths(self, rows: np.ndarray, columns: np.ndarray, dtype: type = np.float32) -> np.ndarray:
    """What to add to the lower bounds of pairs for upper bounds, float64 [P]."""
    norms = self._norms_x[rows] + self._norms_y[columns]
    return 2 * (self._error(dtype) * norms + _VANISHED[dtype])

  def exact(self, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Distances of pairs, float64 [P], from differences: equal wherever the differences are."""
    found = np.empty(len(rows))
    size = max(1, _SUBTRACTED // self.x.shape[1])
    for start in range(0, len(rows), size):
      part = slice(start, start + size)
      step = np.subtract(self.x[rows[part]], self.y[columns[part]], dtype=np.float64)
      found[part] = np.square(step, out=step).sum(axis=1)
    return found * self.unit


def where(mask: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """np.nonzero of a matrix in C order, many times faster where little is true."""
  return np.divmod(np.flatnonzero(mask), mask.shape[1])


def rounded_up(limits: np.ndarray) -> np.ndarray:
  """float32 that is no less than each of `limits`: what is below these may be below those."""
  return np.nextafter(limits.astype(np.float32), np.float32(np.inf))
