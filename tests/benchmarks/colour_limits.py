"""Errors of outputs that know more of the true colours than any translator can.

    python -m tests.benchmarks.colour_limits

Of the held-out pairs of openmoji(task=pairs, size=64), the mean absolute error in [0, 255] of
outputs that know which pixels are coloured in, and what to fill them with.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions

_CALL = 'openmoji(task=pairs, size=64)'
_DIFFERENCE = 8  # Grey levels by which a pixel that is coloured in differs from the drawing.
_BLOCK = 64


def pairs(part: str) -> tuple[np.ndarray, np.ndarray]:
  """Returns the drawings and the pictures of a split, float32 [n, 64, 64, 3] in [0, 255]."""
  split = registry.dataset.build(_CALL, DataOptions()).split(part)
  batches = list(split.ordered(_BLOCK))
  one, other = (
    np.concatenate([batch[name] for batch in batches]).astype(np.float32)
    for name in ('image_a', 'image_b')
  )
  return one, other


def outputs() -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
  """Yields names of kinds of outputs, the outputs and the truth."""
  drawings, pictures = pairs('test')
  known, known_pictures = pairs('train')
  filled, known_filled = (
    np.abs(one - other).max(axis=3) > _DIFFERENCE
    for one, other in ((drawings, pictures), (known, known_pictures))
  )
  yield 'the drawing', drawings, pictures
  nearest = known_pictures[_nearest(drawings, known)]
  yield 'the picture of the most similar drawing of train', nearest, pictures
  colour = np.median(known_pictures[known_filled], axis=0)
  one = np.where(filled[..., None], colour, drawings)
  yield "where it is filled: with train's median colour", one, pictures
  best = drawings.copy()
  for output, picture, mask in zip(best, pictures, filled):
    if mask.any():
      output[mask] = np.median(picture[mask], axis=0)
  yield "where it is filled: with the picture's own best colour", best, pictures
  grey = np.median(pictures, axis=3, keepdims=True)
  yield 'the best grey of each pixel', np.broadcast_to(grey, pictures.shape), pictures


def _nearest(drawings: np.ndarray, known: np.ndarray) -> np.ndarray:
  """Returns the row of `known` with the least mean square difference to each drawing."""
  one, other = (1 - images.reshape(len(images), -1) / 255 for images in (drawings, known))
  squares = (other**2).sum(1)[None] - 2 * one @ other.T
  return squares.argmin(axis=1)


def main() -> None:
  for name, found, truth in outputs():
    print(f'{np.abs(found - truth).mean():5.1f}  {name}')


if __name__ == '__main__':
  main()
