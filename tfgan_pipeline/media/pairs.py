"""Pictures of examples beside what was made of them."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.media.base import Medium


def pairs(source: Medium, examples: np.ndarray, target: Medium, outputs: np.ndarray) -> np.ndarray:
  """Draws examples and outputs as one picture uint8 [H, W, 1, 3 or 4], each pair side by side.

  Of two kinds of pictures the smaller one is enlarged by a whole number; of media that cannot stand
  in one grid, outputs alone are drawn.

  Args:
    source: The medium of the examples.
    examples: As they are stored, [N, ...].
    target: The medium of the outputs.
    outputs: As they are stored, output i made of example i.
  """
  if not (source.is_picture and target.is_picture):
    return target.picture(outputs)
  height, width, channels = np.maximum(examples.shape[1:], outputs.shape[1:])
  both = [_fitted(images, height, width, channels) for images in (examples, outputs)]
  tiles = np.stack(both, axis=1).reshape(-1, height, width, channels)
  return target.picture(tiles, columns=2 * max(1, round(np.sqrt(len(examples) / 2))))


def _fitted(images: np.ndarray, height: int, width: int, channels: int) -> np.ndarray:
  """Enlarges uint8 [N, h, w, c] and lays them on white [N, height, width, channels]."""
  factor = min(height // images.shape[1], width // images.shape[2])
  images = images.repeat(factor, axis=1).repeat(factor, axis=2)
  if images.shape[3] == 1:
    images = images.repeat(min(channels, 3), axis=3)
  canvas = np.full((len(images), height, width, channels), 255, np.uint8)  # Opaque, of RGBA.
  canvas[:, : images.shape[1], : images.shape[2], : images.shape[3]] = images
  return canvas
