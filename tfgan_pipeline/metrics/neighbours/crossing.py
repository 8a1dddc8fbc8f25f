"""Real and generated samples in each other's neighbourhoods, from one pass over all distances.

    crossing = cross(reference, generated, ball)     # Ball(k=5, closed=False)
    crossing.balls[ball].pairs     # how often a generated sample is in a real one's neighbourhood
    crossing.nearest               # squared distance from a generated sample to the nearest real

A neighbourhood is the ball around a sample that reaches to its k-th nearest other sample of its own
set. Counts are those of float64 distances computed from differences, to the last pair, even with
duplicates and large offsets, although most of the work is products in float32. Memory is O(N k) and
a few blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
import dataclasses
import weakref

import numpy as np

from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.neighbours.distances import BLOCK, Distances, rounded_up, where
from tfgan_pipeline.metrics.neighbours.nearest import Nearest, radii

# Undecided pairs in a block above which a float64 product is cheaper than exact distances.
_FEW = 16 * BLOCK


@dataclasses.dataclass(frozen=True)
class Ball:
  """Kind of neighbourhood.

  Attributes:
    k: Rank of the other sample of its own set that the ball around a sample reaches to.
    closed: Whether samples at exactly the radius belong to the ball.
  """

  k: int
  closed: bool


@dataclasses.dataclass
class Inside:
  """Members of the balls of one kind.

  Attributes:
    pairs: Number of pairs of a real sample and a generated one in its ball.
    generated: bool [M], true for a generated sample in the ball of any real one.
    real: bool [N], true for a real sample in the ball of any generated one.
    reached: bool [N], true for a real sample with any generated one in its own ball.
  """

  pairs: int
  generated: np.ndarray
  real: np.ndarray
  reached: np.ndarray


@dataclasses.dataclass
class Crossing:
  """Results of one pass over the distances between two sets.

  Attributes:
    balls: Members of the balls of each kind.
    nearest: Squared distances float64 [M, T], T a small constant, from each generated sample to its
      nearest real one and to others at exactly that distance, then infinities.
    nearest_index: Indexes of these real samples, integers of the shape of `nearest`.
  """

  balls: dict[Ball, Inside]
  nearest: np.ndarray
  nearest_index: np.ndarray


# Balls of precision_recall and prdc at their default k: one pass serves both metrics.
_DEFAULT_BALLS = Ball(3, closed=True), Ball(5, closed=False)

# Last crossing of each generated set, with the reference that was used.
_crossings: weakref.WeakKeyDictionary[Features, tuple[weakref.ref[Features], Crossing]] = (
  weakref.WeakKeyDictionary()
)


def cross(reference: Features, generated: Features, *balls: Ball) -> Crossing:
  """Returns the members of balls and the nearest real samples, from one pass over all distances.

  The last result of each generated set is cached and reused where it has all `balls`.

  Args:
    reference: N real samples.
    generated: M generated samples.
    *balls: Kinds of balls; none if only the nearest real samples are needed.

  Raises:
    UsageError: The two sets differ in width, or a k is not below both sizes.
  """
  reference.require_same_width(generated)
  owner, known = _crossings.get(generated, (lambda: None, None))
  if known is None or owner() is not reference or not set(balls) <= set(known.balls):
    least = min(len(reference), len(generated))
    defaults = {ball for ball in _DEFAULT_BALLS if balls and ball.k < least}
    known = _cross(reference, generated, list({*balls, *defaults}))
    _crossings[generated] = weakref.ref(reference), known
  return known


def _cross(reference: Features, generated: Features, balls: list[Ball]) -> Crossing:
  n, m = len(reference), len(generated)
  real_radii = [radii(reference, ball.k)[:, -1] for ball in balls]
  generated_radii = [radii(generated, ball.k)[:, -1] for ball in balls]
  distances = Distances(generated.pool, reference.pool)
  real_radii = np.reshape(real_radii, (len(balls), n)) * distances.unit
  generated_radii = np.reshape(generated_radii, (len(balls), m)) * distances.unit
  tallies = [Inside(0, np.zeros(m, bool), np.zeros(n, bool), np.zeros(n, bool)) for _ in balls]
  nearest = Nearest(distances, 1)
  for start in range(0, m, BLOCK):
    rows = slice(start, min(start + BLOCK, m))
    for columns, lower in distances.blocks(rows, BLOCK):
      nearest.offer(rows, columns, lower)
      if balls:
        block = _Block(distances, rows, columns, lower)
        for tally, (i, j) in zip(tallies, block.pairs(balls, real_radii, axis=1)):
          tally.pairs += len(i)
          tally.generated[i] = tally.reached[j] = True
        for tally, (_, j) in zip(tallies, block.pairs(balls, generated_radii, axis=0)):
          tally.real[j] = True
  values, index = nearest.settle()
  return Crossing(dict(zip(balls, tallies)), values / distances.unit, index)


@dataclasses.dataclass
class _Block:
  """Block of the distances between two sets, with lower bounds [rows, columns]."""

  distances: Distances
  rows: slice
  columns: slice
  lower: np.ndarray

  def pairs(
    self, balls: list[Ball], radii: np.ndarray, axis: int
  ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields for each ball the indexes (i, j) of the pairs in it.

    Args:
      balls: Kinds of balls.
      radii: Radii as distances [balls, N or M]: squared, times their unit.
      axis: 1 for balls around real samples (columns), 0 around generated ones (rows).
    """
    widest = rounded_up(radii[:, (self.rows, self.columns)[axis]].max(axis=0))
    near = where(self.lower <= (widest if axis else widest[:, None]))
    i, j = near[0] + self.rows.start, near[1] + self.columns.start
    limits = radii[:, (i, j)[axis]]  # [balls, pairs]
    distance = self._decide(near, i, j, limits)
    for ball, limit in zip(balls, limits):
      inside = distance <= limit if ball.closed else distance < limit
      yield i[inside], j[inside]

  def _decide(
    self, near: tuple[np.ndarray, ...], i: np.ndarray, j: np.ndarray, limits: np.ndarray
  ) -> np.ndarray:
    """Returns for each pair a number on the same side of every limit as its distance.

    The number is an upper bound, or the exact distance where a limit lies between the bounds.
    """
    lower = self.lower[near].astype(np.float64)
    upper = lower + self.distances.widths(i, j)
    close = _lies_between(lower, limits, upper)
    if np.count_nonzero(close) > _FEW:
      _, narrow_bounds = next(
        self.distances.blocks(self.rows, BLOCK, np.float64, first=self.columns.start)
      )
      lower = narrow_bounds[near]
      upper = lower + self.distances.widths(i, j, np.float64)
      close = _lies_between(lower, limits, upper)
    upper[close] = self.distances.exact(i[close], j[close])
    return upper


def _lies_between(lower: np.ndarray, limits: np.ndarray, upper: np.ndarray) -> np.ndarray:
  """Returns for each pair whether any limit lies between its bounds, bool [P]."""
  return np.any((lower <= limits) & (limits <= upper), axis=0)
