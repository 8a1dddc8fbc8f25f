"""Who lies within whose neighbourhood: real and generated samples, in one pass over all distances.

    crossing = cross(reference, generated, ball)     # Ball(k=5, closed=False)
    crossing.balls[ball].pairs     # how often a generated sample is in a real one's neighbourhood
    crossing.nearest               # squared distance from a generated sample to the nearest real

A neighbourhood is the ball around a sample that reaches to its k-th other sample of the same set.
Counts are those of distances from differences in float64, to the last pair, with duplicates and
large offsets, and yet most of the work is products in float32. Memory is O(N k) and a few blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import weakref

import numpy as np

from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.neighbours.distances import BLOCK, Distances, rounded_up, where
from tfgan_pipeline.metrics.neighbours.nearest import Nearest, radii

# Pairs in a block that are looked at one by one before a product in float64 is cheaper.
_FEW = 16 * BLOCK


@dataclasses.dataclass(frozen=True)
class Ball:
  """A neighbourhood: k, and whether what lies at the very radius belongs to it."""

  k: int
  closed: bool


@dataclasses.dataclass
class Inside:
  """Who was found inside the balls of one kind.

  Attributes:
    pairs: Number of pairs of a real sample and a generated one that is in its ball.
    generated: bool [M], in the ball of any real sample.
    real: bool [N], in the ball of any generated sample.
    reached: bool [N], with any generated sample in its own ball.
  """

  pairs: int
  generated: np.ndarray
  real: np.ndarray
  reached: np.ndarray


@dataclasses.dataclass
class Crossing:
  """What one pass over the distances between two sets finds.

  Attributes:
    balls: Inside by Ball.
    nearest: Squared distances float64 [M, any] from each generated sample to its nearest real one
      and all as near, up to a few, then infinities.
    nearest_index: Which real samples these are, integers of the same shape.
  """

  balls: dict[Ball, Inside]
  nearest: np.ndarray
  nearest_index: np.ndarray


# The defaults of precision_recall and of prdc, so that one pass does for both.
_USUAL = Ball(3, closed=True), Ball(5, closed=False)

# The last crossing of each generated set, with the reference it was made with.
_crossings: weakref.WeakKeyDictionary[Features, tuple[weakref.ref[Features], Crossing]] = (
  weakref.WeakKeyDictionary()
)


def cross(reference: Features, generated: Features, *balls: Ball) -> Crossing:
  """One pass over the distances, or what was found in one before; none of the balls is the least.

  Raises:
    UsageError: The two sets differ in width, or a k is not below both sizes.
  """
  reference.require_same_width(generated)
  of, known = _crossings.get(generated, (lambda: None, None))
  if known is None or of() is not reference or not set(balls) <= set(known.balls):
    least = min(len(reference), len(generated))
    usual = {ball for ball in _USUAL if balls and ball.k < least}
    known = _cross(reference, generated, list({*balls, *usual}))
    _crossings[generated] = weakref.ref(reference), known
  return known


def _cross(reference: Features, generated: Features, balls: list[Ball]) -> Crossing:
  n, m = len(reference), len(generated)
  of_real = [radii(reference, ball.k)[:, -1] for ball in balls]
  of_generated = [radii(generated, ball.k)[:, -1] for ball in balls]
  distances = Distances(generated.pool, reference.pool)
  of_real = np.reshape(of_real, (len(balls), n)) * distances.unit
  of_generated = np.reshape(of_generated, (len(balls), m)) * distances.unit
  inside = [Inside(0, np.zeros(m, bool), np.zeros(n, bool), np.zeros(n, bool)) for _ in balls]
  nearest = Nearest(distances, 1)
  for start in range(0, m, BLOCK):
    rows = slice(start, min(start + BLOCK, m))
    for columns, lower in distances.blocks(rows, BLOCK):
      nearest.offer(rows, columns, lower)
      if balls:
        block = _Block(distances, rows, columns, lower)
        for into, (i, j) in zip(inside, block.pairs(balls, of_real, axis=1)):
          into.pairs += len(i)
          into.generated[i] = into.reached[j] = True
        for into, (_, j) in zip(inside, block.pairs(balls, of_generated, axis=0)):
          into.real[j] = True
  values, index = nearest.settle()
  return Crossing(dict(zip(balls, inside)), values / distances.unit, index)


@dataclasses.dataclass
class _Block:
  """Lower bounds [rows, columns] on distances."""

  distances: Distances
  rows: slice
  columns: slice
  lower: np.ndarray

  def pairs(
    self, balls: list[Ball], radii: np.ndarray, axis: int
  ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields for each ball the pairs (i, j) in it, its radii [balls, N or M] being along `axis`."""
    widest = rounded_up(radii[:, (self.rows, self.columns)[axis]].max(axis=0))
    near = where(self.lower <= (widest if axis else widest[:, None]))
    i, j = near[0] + self.rows.start, near[1] + self.columns.start
    limits = radii[:, (i, j)[axis]]
    distance = self._decided(near, i, j, limits)
    for ball, limit in zip(balls, limits):
      inside = distance <= limit if ball.closed else distance < limit
      yield i[inside], j[inside]

  def _decided(
    self, near: tuple[np.ndarray, ...], i: np.ndarray, j: np.ndarray, limits: np.ndarray
  ) -> np.ndarray:
    """Numbers on the same side of every limit as the distances: upper bounds, or exact if close."""
    lower = self.lower[near].astype(np.float64)
    upper = lower + self.distances.widths(i, j)
    close = _between(lower, limits, upper)
    if np.count_nonzero(close) > _FEW:
      _, sharper = next(
        self.distances.blocks(self.rows, BLOCK, np.float64, first=self.columns.start)
      )
      lower = sharper[near]
      upper = lower + self.distances.widths(i, j, np.float64)
      close = _between(lower, limits, upper)
    upper[close] = self.distances.exact(i[close], j[close])
    return upper


def _between(lower: np.ndarray, limits: np.ndarray, upper: np.ndarray) -> np.ndarray:
  return np.any((lower <= limits) & (limits <= upper), axis=0)
