"""Pictures of examples beside the outputs that networks made of them."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.media.base import Medium


def pairs(source: Medium, examples: np.ndarray, target: Medium, outputs: np.ndarray) -> np.ndarray:
  """Draws examples beside their outputs, as one picture uint8 [H, W, C] with C of 1, 3 or 4.

  Smaller pictures are enlarged by a whole number to fit beside larger ones. If either medium is not
  one of pictures, only the outputs are drawn.

  Args:
    source: Medium of the examples.
    examples: Stored examples [N, ...].
    target: Medium of the outputs.
    outputs: Stored outputs [N, ...]; output i was made of example i.
  """
  if not (source.is_picture and target.is_picture):
    return target.picture(outputs)
  height, width, channels = np.maximum(examples.shape[1:], outputs.shape[1:])
  sides = [_fit_on_canvas(images, height, width, channels) for images in (examples, outputs)]
  tiles = np.stack(sides, axis=1).reshape(-1, height, width, channels)
  # 2 N tiles: sqrt(2 N) of them per row make a square.
  return target.picture(tiles, columns=2 * max(1, round(np.sqrt(len(examples) / 2))))


def _fit_on_canvas(images: np.ndarray, height: int, width: int, channels: int) -> np.ndarray:
  """Enlarges images uint8 [N, h, w, c] and lays them on white [N, height, width, channels]."""
  factor = min(height // images.shape[1], width // images.shape[2])
  images = images.repeat(factor, axis=1).repeat(factor, axis=2)
  if images.shape[3] == 1:
    images = images.repeat(min(channels, 3), axis=3)
  canvas = np.full((len(images), height, width, channels), 255, np.uint8)  # In RGBA, opaque.
  canvas[:, : images.shape[1], : images.shape[2], : images.shape[3]] = images
  return canvas
