"""Pictures of examples beside the outputs that networks made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfgan_pipeline.media.base import Medium
from tfgan_pipeline.media.headings import with_headings


def pairs(source: Medium, examples: np.ndarray, target: Medium, outputs: np.ndarray) -> np.ndarray:
  """Draws examples beside their outputs, as one picture uint8 [H, W, C] with C of 1, 3 or 4.

  If either medium is not one of pictures, only the outputs are drawn.

  Args:
    source: Medium of the examples.
    examples: Stored examples [N, ...].
    target: Medium of the outputs.
    outputs: Stored outputs [N, ...]; output i was made of example i.
  """
  if not (source.is_picture and target.is_picture):
    return target.picture(outputs)
  tiles, across = _tiles([examples, outputs])
  return target.picture(tiles, columns=across)


def side_by_side(medium: Medium, columns: dict[str, np.ndarray]) -> np.ndarray:
  """Draws rows of pictures that belong together under headings, as one picture uint8 [H, W, C].

  Args:
    medium: Medium that draws grids of pictures.
    columns: Heading -> pictures uint8 [N, h, w, c], whose sizes may differ; picture i of each
      stands beside picture i of the others. As many rows stand beside each other as make a square.

  Returns:
    The picture, with C of 1, 3 or 4.
  """
  tiles, across = _tiles(list(columns.values()))
  return with_headings(medium.picture(tiles, columns=across), [*columns] * (across // len(columns)))


def _tiles(columns: Sequence[np.ndarray]) -> tuple[np.ndarray, int]:
  """Returns tiles of one size [N k, height, width, channels], row by row, and how many are a row.

  Smaller pictures are enlarged by a whole number, pixel by pixel, to fit beside larger ones.
  """
  height, width, channels = np.max([images.shape[1:] for images in columns], axis=0)
  sides = [_fit_on_canvas(images, height, width, channels) for images in columns]
  tiles = np.stack(sides, axis=1).reshape(-1, height, width, channels)
  # sqrt(N k) tiles in a row make a square.
  return tiles, len(columns) * max(1, round(np.sqrt(len(columns[0]) / len(columns))))


def _fit_on_canvas(images: np.ndarray, height: int, width: int, channels: int) -> np.ndarray:
  """Enlarges images uint8 [N, h, w, c] and lays them on white [N, height, width, channels]."""
  factor = min(height // images.shape[1], width // images.shape[2])
  images = images.repeat(factor, axis=1).repeat(factor, axis=2)
  if images.shape[3] == 1:
    images = images.repeat(min(channels, 3), axis=3)
  canvas = np.full((len(images), height, width, channels), 255, np.uint8)  # In RGBA, opaque.
  canvas[:, : images.shape[1], : images.shape[2], : images.shape[3]] = images
  return canvas
