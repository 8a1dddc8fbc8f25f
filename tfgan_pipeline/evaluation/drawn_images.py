"""Images that image metrics compare: the first generated ones, and real ones of a split."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from tfgan_pipeline.data.split import Split

# The most real, and the most generated images that image metrics get; all are in memory at once.
MAX_IMAGES = 16_384


def draw_images(split: Split, classes: Sequence[int]) -> np.ndarray:
  """Returns images of a split, uint8 [n, H, W, C]: all, or a fixed random draw of `MAX_IMAGES`.

  Args:
    split: The split.
    classes: The classes to draw from; () for all.
  """
  if classes:
    chosen = [batch['image'][np.isin(batch['label'], classes)] for batch in split.ordered(1024)]
    images = np.concatenate(chosen)
    return images[np.sort(_draw(len(images)))]
  rows = _draw(split.size)
  mask = np.zeros(split.size, bool)
  mask[rows] = True
  parts, first = [], 0
  for batch in split.ordered(1024):
    images = batch['image']
    parts.append(images[mask[first : first + len(images)]])
    first += len(images)
  return np.concatenate(parts)


def keep_first(
  batches: Iterable[np.ndarray], count: int, kept: list[np.ndarray]
) -> Iterator[np.ndarray]:
  """Yields batches [n, ...] as they are, and appends the first `count` rows of all to `kept`."""
  for batch in batches:
    if room := count - sum(map(len, kept)):
      kept.append(batch[:room])
    yield batch


def _draw(size: int) -> np.ndarray:
  return np.random.Generator(np.random.PCG64(0)).permutation(size)[:MAX_IMAGES]
