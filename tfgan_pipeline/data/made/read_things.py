"""Things in drawn pictures, read back by geometry: colour, form, size and place of each.

things = read(pictures)           # a list of Thing for each picture
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.data.made.described import BETWEEN, SIZES
from tfgan_pipeline.data.made.scenes import BRIGHT, COLOURS, SHAPES, Scenes, coverage
from tfgan_pipeline.metrics.pairs.captions import Thing

# Areas of SHAPES of radius 1.
_AREAS = np.array(
  [np.pi, 2.0, 0.75 * np.sqrt(3), 0.75 * np.pi, 4 * 0.3 * (2 * np.sqrt(0.91) - 0.3)]
)
_SMALLEST = 0.008  # Part of the square of the shorter side; less is no thing.
_MISFIT = 0.3  # Of a thing's area, by which it may differ from the form that fits best.


def read(pictures: np.ndarray) -> list[list[Thing]]:
  """Returns the things in each picture uint8 [N, H, W, 3], large ones first."""
  return [_read_one(picture.astype(float)) for picture in pictures]


def _read_one(pixels: np.ndarray) -> list[Thing]:
  from scipy import ndimage  # Slow to load, and of use here alone.

  cover, colour = _cover(pixels)
  marks, count = ndimage.label(cover > 0.5)
  areas = ndimage.sum_labels(cover > 0.5, marks, range(1, count + 1))
  shorter = min(pixels.shape[:2])
  least = _SMALLEST * shorter**2
  numbers = [number for number, area in enumerate(areas, 1) if area >= least]
  numbers.sort(key=lambda number: -areas[number - 1])
  things = []
  for number in numbers:
    # Soft edges belong to the thing that they touch.
    own = ndimage.binary_dilation(marks == number, iterations=1, structure=np.ones((3, 3)))
    part = np.where(own & ((marks == number) | (marks == 0)), cover, 0)
    things.append(_thing(part, int(np.bincount(colour[marks == number]).argmax()), shorter))
  return things


def _cover(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Returns how much of each pixel is covered, float [H, W], and by which colour, int [H, W]."""
  ground = np.array(BRIGHT, float)
  paints = np.array(list(COLOURS.values()), float) - ground  # [colours, 3]
  offsets = pixels - ground
  share = np.clip(offsets @ paints.T / np.square(paints).sum(1), 0, 1)  # [H, W, colours]
  misfit = np.square(offsets[:, :, np.newaxis] - share[..., np.newaxis] * paints).sum(-1)
  colour = misfit.argmin(-1)
  return np.take_along_axis(share, colour[..., np.newaxis], -1)[..., 0], colour


def _thing(cover: np.ndarray, colour: int, shorter: int) -> Thing:
  """Returns the thing of one colour that covers float [H, W] of a picture."""
  height, width = cover.shape
  area = cover.sum()
  y = ((2 * np.arange(height) + 1) / height - 1) @ cover.sum(1) / area
  x = ((2 * np.arange(width) + 1) / width - 1) @ cover.sum(0) / area
  radii = np.sqrt(area / _AREAS) * 2 / shorter
  count = len(SHAPES)
  centres = np.tile([x, y], (count, 1))
  zeros = np.zeros(count, int)
  forms = Scenes(np.arange(count), zeros, zeros.astype(bool), centres, radii, np.zeros(count))
  misfits = np.abs(coverage(forms, (height, width)) - cover).sum((1, 2)) / area
  best = int(misfits.argmin())
  form = SHAPES[best] if misfits[best] < _MISFIT else ''
  return Thing(SIZES[int(radii[best] > BETWEEN)], tuple(COLOURS)[colour], form, (x, y))
