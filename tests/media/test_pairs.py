"""Pictures of examples beside outputs: what stands where, at which size."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.media.pairs import side_by_side

IMAGE = registry.medium.build('image')


def squares(values, side, channels):
  return np.stack([np.full((side, side, channels), value, np.uint8) for value in values])


def test_small_pictures_are_enlarged_beside_larger_ones_under_headings():
  columns = {
    'Input': squares(range(9), 15, 1),
    'Output': squares(range(50, 59), 60, 3),
    'Target': squares(range(90, 99), 60, 3),
  }
  picture = side_by_side(IMAGE, columns)
  cell = 60 + 2
  scale = -(-480 // min(5 * cell + 2, 6 * cell + 2))
  body = picture[-scale * (5 * cell + 2) :]
  assert picture.shape[1] == scale * (6 * cell + 2) and picture.shape[2] == 3
  middles = np.arange(2 + 30, 6 * cell, cell) * scale
  found = body[2 * scale : 5 * cell * scale : cell * scale][:, middles, 0]
  assert found[0].tolist() == [0, 50, 90, 1, 51, 91]
  assert found[3].tolist() == [6, 56, 96, 7, 57, 97]
  corner = (2 + 59) * scale  # The last pixel of the enlarged first example.
  assert body[corner, corner, 0] == 0
  strip = picture[: -len(body)]
  inked = (strip < 128).any(axis=(0, 2))
  assert len(strip) > 10 and all(
    inked[scale * (2 + start) : scale * (2 + start + 60)].any()
    for start in range(0, 6 * cell, cell)
  )


def test_one_example_and_alpha():
  columns = {'Input': squares([7], 500, 4), 'Output': squares([9], 500, 3)}
  picture = side_by_side(IMAGE, columns)
  assert picture.shape[2] == 4 and picture.shape[1] == 2 * 502 + 2
  assert (picture[:20, :, 3] == 255).all() and picture[-10, 600].tolist() == [9, 9, 9, 255]
