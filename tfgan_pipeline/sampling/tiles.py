"""Padding of a picture by reflection, its overlapping tiles, and the blending of their outputs.

grid = TileGrid((3000, 4000), tile=512, overlap=64, margin=20, multiple=4)
blend = Blend(grid, ratio=1, channels=3)
for window, values in ...: blend.add(window, values)         # in the order of grid.rows()
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses

import numpy as np


@dataclasses.dataclass(frozen=True)
class Window:
  """Place of a tile in a picture, in pixels of what is read.

  Attributes:
    top: First row.
    left: First column.
    height: Number of rows.
    width: Number of columns.
  """

  top: int
  left: int
  height: int
  width: int


@dataclasses.dataclass(frozen=True)
class TileGrid:
  """Tiles of equal size that cover a picture.

  Attributes:
    sides: (height, width) of the picture, multiples of `multiple`.
    tile: (height, width) of a tile, multiples of `multiple` and no larger than `sides`.
    overlap: Least number of pixels that neighbours share, less than half of a tile or equal.
    margin: Number of pixels at an inner border of a tile that count for nothing, less than half of
      `overlap`; next to these, weights rise linearly.
    multiple: Number that divides the first row and column of each tile.
  """

  sides: tuple[int, int]
  tile: tuple[int, int]
  overlap: int
  margin: int
  multiple: int = 1

  def starts(self, axis: int) -> list[int]:
    """Returns the first rows (axis 0) or columns (axis 1) of tiles, in order."""
    side, tile = self.sides[axis], self.tile[axis]
    step = max(self.multiple, (tile - self.overlap) // self.multiple * self.multiple)
    return [*range(0, side - tile, step), side - tile]

  def rows(self) -> Iterator[list[Window]]:
    """Yields the tiles row by row, each from left to right."""
    for top in self.starts(0):
      yield [Window(top, left, *self.tile) for left in self.starts(1)]

  def weights(self, axis: int, start: int, ratio: int) -> np.ndarray:
    """Returns the weights of the rows or columns of a tile's output, float32 [ratio * side].

    Args:
      axis: 0 for rows, 1 for columns.
      start: First row or column of the tile.
      ratio: Pixels of outputs for one pixel that is read.
    """
    tile = self.tile[axis] * ratio
    ramp = max(1, (self.overlap - 2 * self.margin) * ratio)
    rise = np.clip((np.arange(tile) + 0.5 - self.margin * ratio) / ramp, 0, 1)
    weights = np.ones(tile)
    if start > 0:
      weights = np.minimum(weights, rise)
    if start + self.tile[axis] < self.sides[axis]:
      weights = np.minimum(weights, rise[::-1])
    return weights.astype(np.float32)


class Blend:
  """Weighted mean of overlapping outputs, of which one row of tiles is in memory as numbers.

  Args:
    grid: The tiles.
    ratio: Pixels of outputs for one pixel that is read.
    channels: Channels of outputs.
  """

  def __init__(self, grid: TileGrid, ratio: int, channels: int):
    self._grid, self._ratio = grid, ratio
    shape = grid.tile[0] * ratio, grid.sides[1] * ratio
    self._sums = np.zeros((*shape, channels), np.float32)
    self._weights = np.zeros((*shape, 1), np.float32)
    self._top = 0  # Row of the picture at which the sums begin, in pixels that are read.

  def start_row(self, top: int) -> np.ndarray:
    """Moves on to the tiles that begin at row `top`; returns the finished rows above them.

    Returns:
      float32 [ratio * n, ratio * width, channels].
    """
    count = (top - self._top) * self._ratio
    self._top = top
    done = self._sums[:count] / np.maximum(self._weights[:count], 1e-12)
    for values in (self._sums, self._weights):
      values[: len(values) - count] = values[count:].copy()
      values[len(values) - count :] = 0
    return done

  def add(self, window: Window, values: np.ndarray) -> None:
    """Adds the output of a tile of the present row, float32 [h, w, channels]."""
    grid, ratio = self._grid, self._ratio
    rows = grid.weights(0, window.top, ratio)[:, None, None]
    weights = rows * grid.weights(1, window.left, ratio)[None, :, None]
    columns = slice(window.left * ratio, (window.left + window.width) * ratio)
    self._sums[:, columns] += weights * values
    self._weights[:, columns] += weights

  def end(self) -> np.ndarray:
    """Returns the rows that are left, float32 [ratio * n, ratio * width, channels]."""
    return self.start_row(self._top + self._grid.tile[0])


def offsets(sides: Sequence[int], padded: Sequence[int]) -> tuple[int, int]:
  """Returns the first row and column of a picture in the middle of its padded form."""
  return (padded[0] - sides[0]) // 2, (padded[1] - sides[1]) // 2


def reflected(picture: np.ndarray, sides: tuple[int, int]) -> np.ndarray:
  """Returns a picture [H, W, C] with its reflection around it, [*sides, C]."""
  height, width = picture.shape[:2]
  if (height, width) == sides:
    return picture
  top, left = offsets((height, width), sides)
  around = [(top, sides[0] - height - top), (left, sides[1] - width - left), (0, 0)]
  return np.pad(picture, around, 'reflect')
