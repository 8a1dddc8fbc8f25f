"""Nearest neighbours of rows, as exact as from differences, at the price of float32 products."""

from __future__ import annotations

import weakref

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.neighbours.distances import BLOCK, Distances, where

_SPARE = 3  # Candidates kept beyond k, as lower bounds do not order quite as distances do.

# Several metrics ask for the radii of one reference, at every checkpoint.
_radii: weakref.WeakKeyDictionary[Features, np.ndarray] = weakref.WeakKeyDictionary()


def radii(features: Features, k: int) -> np.ndarray:
  """Returns squared distances to the nearest 1, ..., k other samples, float64 [N, k], sorted.

  A duplicate of a sample is another sample, at distance 0. The result is cached for as long as
  `features` exist, so their arrays must not be changed.

  Raises:
    UsageError: k is less than 1, or there are not k others.
  """
  if not 1 <= k < len(features):
    raise UsageError(
      f'k={k} should be between 1 and the number of other samples, {len(features) - 1}'
    )
  known = _radii.get(features)
  if known is None or known.shape[1] < k:
    # 5 is the largest default k: one search serves all metrics.
    width = min(max(k, 5), len(features) - 1)
    _radii[features] = known = _search_one_set(features.pool, width)
  return known[:, :k]


def duplicates_caution(reference: Features, generated: Features, *, k: int = 1, **_: object) -> str:
  """Returns a caution that counts neighbourhoods of radius 0, or '' if there are none.

  Args:
    reference: N real samples.
    generated: M generated samples.
    k: Rank of the other sample that a neighbourhood reaches to.
  """
  counts = {
    name: np.count_nonzero(radii(features, k)[:, -1] == 0)
    for name, features in (('real', reference), ('generated', generated))
    if len(features) > k
  }
  found = [f'{count} {name}' for name, count in counts.items() if count]
  if not found:
    return ''
  return (
    f'{" and ".join(found)} samples have {k} or more duplicates, so their neighbourhoods have '
    'radius 0: closed ones hold exact copies only, open ones nothing'
  )


def _search_one_set(pool: np.ndarray, k: int) -> np.ndarray:
  """Returns squared distances to the k nearest other rows of `pool`, float64 [N, k], sorted."""
  distances = Distances(pool, pool)
  nearest = Nearest(distances, k, others=True)
  for start in range(0, len(pool), BLOCK):
    rows = slice(start, min(start + BLOCK, len(pool)))
    # The matrix is symmetric: blocks below the diagonal are those above it, transposed.
    for columns, lower in distances.blocks(rows, BLOCK, first=start):
      if columns == rows:
        np.fill_diagonal(lower, np.inf)
      else:
        nearest.offer(columns, rows, lower, axis=1)
      nearest.offer(rows, columns, lower)
  return nearest.settle()[0][:, :k] / distances.unit  # Those beyond k are not all exact.


class Nearest:
  """Search for the k nearest rows of y to each row of x: first `offer`, then `settle`.

  `offer` takes lower bounds on distances block by block; `settle` computes the few distances that
  matter exactly.

  Args:
    distances: Distances between x and y.
    k: Number of neighbours, at most that of the rows of y, or of the other rows with `others`.
    others: Whether x and y are one set, of which no row is its own neighbour. Callers of `offer`
      then set the bound of a row with itself to infinity.
  """

  def __init__(self, distances: Distances, k: int, *, others: bool = False):
    self._distances, self._k, self._others = distances, k, others
    self._capacity = k + _SPARE
    # [N, capacity], sorted along the rows; infinite where there is none yet.
    self._lower = np.full((len(distances.x), self._capacity), np.inf, np.float32)
    self._index = np.zeros((len(distances.x), self._capacity), np.intp)

  def offer(self, points: slice, others: slice, lower: np.ndarray, axis: int = 0) -> None:
    """Adds candidates: keeps those of a block with the smallest lower bounds.

    Args:
      points: Rows of x in the block.
      others: Rows of y in the block.
      lower: Lower bounds [points, others], or [others, points] if axis is 1.
      axis: Axis of `points` in `lower`.
    """
    worst = self._lower[points, -1]
    if np.isinf(worst).any() and lower.shape[1 - axis] > self._capacity:
      # A list is not full yet: its limit is the worst of the best in this block.
      least = np.partition(lower, self._capacity, axis=1 - axis).take(self._capacity, axis=1 - axis)
      worst = np.minimum(worst, np.nextafter(least, np.float32(np.inf)))
    candidates = where(lower < (worst[:, None] if axis == 0 else worst))
    values = lower[candidates]
    self._merge(candidates[axis] + points.start, candidates[1 - axis] + others.start, values)

  def _merge(self, points: np.ndarray, others: np.ndarray, values: np.ndarray) -> None:
    if not len(points):
      return
    order = np.lexsort((values, points))
    points, others, values = points[order], others[order], values[order]
    starts = np.flatnonzero(np.diff(points, prepend=-1))
    run = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(points)))
    place = np.arange(len(points)) - starts[run]
    best = place < self._capacity
    lower = np.full((len(starts), self._capacity), np.inf, np.float32)
    index = np.zeros((len(starts), self._capacity), np.intp)
    lower[run[best], place[best]] = values[best]
    index[run[best], place[best]] = others[best]
    points = points[starts]
    lower = np.concatenate([self._lower[points], lower], axis=1)
    index = np.concatenate([self._index[points], index], axis=1)
    order = np.argsort(lower, axis=1, kind='stable')[:, : self._capacity]
    self._lower[points] = np.take_along_axis(lower, order, axis=1)
    self._index[points] = np.take_along_axis(index, order, axis=1)

  def settle(self) -> tuple[np.ndarray, np.ndarray]:
    """Returns the distances to the nearest rows of y, sorted, and the indexes of these rows.

    Both have shape [N, k + S], S a small constant. The first k of the float64 distances are exact.
    Rows of y at exactly the k-th distance follow, as far as S allows; the rest is infinite.
    """
    points, place = np.nonzero(np.isfinite(self._lower))
    exact = np.full(self._lower.shape, np.inf)
    index = self._index
    # A row whose lower bound exceeds k upper bounds is not among the k nearest.
    upper = exact.copy()
    upper[points, place] = self._lower[points, place] + self._distances.widths(
      points, index[points, place]
    )
    limit = np.partition(upper, self._k - 1, axis=1)[:, self._k - 1]
    near = self._lower[points, place] <= limit[points]
    points, place = points[near], place[near]
    exact[points, place] = self._distances.exact(points, index[points, place])
    exact, index = _sort_rows(exact, index)
    # Rejected rows have lower bounds of the last candidate's or more: if that is no more than the
    # k-th distance, one of them might be nearer, and the point is searched again.
    last = exact[:, self._k - 1]
    undecided = np.flatnonzero((self._lower[:, -1] <= last) & (last > 0))
    size = max(1, 4 * BLOCK**2 // len(self._distances.y))
    for start in range(0, len(undecided), size):
      part = undecided[start : start + size]
      exact[part], index[part] = self._search_all_rows(part)
    return exact, index

  def _search_all_rows(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Returns distances and indexes, as `settle` does, of a few points compared with all rows of y.

    Bounds are in float64, so that few distances have to be computed exactly.
    """
    distances = self._distances
    lower = np.empty((len(points), len(distances.y)))
    for columns, part in distances.blocks(points, BLOCK, np.float64):
      lower[:, columns] = part
    if self._others:
      lower[np.arange(len(points)), points] = np.inf
    rows, others = np.indices(lower.shape)
    upper = lower + distances.widths(points[rows], others, np.float64)
    limit = np.partition(upper, self._k - 1, axis=1)[:, self._k - 1]
    rows, others = where(lower <= limit[:, None])
    values = distances.exact(points[rows], others)
    exact = np.full((len(points), self._capacity), np.inf)
    index = np.zeros((len(points), self._capacity), np.intp)
    order = np.lexsort((values, rows))
    rows, others, values = rows[order], others[order], values[order]
    place = np.arange(len(rows)) - np.searchsorted(rows, rows)
    best = place < self._capacity
    exact[rows[best], place[best]] = values[best]
    index[rows[best], place[best]] = others[best]
    return exact, index


def _sort_rows(values: np.ndarray, index: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  order = np.argsort(values, axis=1, kind='stable')
  return np.take_along_axis(values, order, axis=1), np.take_along_axis(index, order, axis=1)
