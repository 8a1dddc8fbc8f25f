"""Numbers in [-1, 1] as two bytes each, so that they can be stored like pixels.

    pairs = split(values)        # float [...] -> uint8 [..., 2]: high byte, low byte
    values = join(pairs)

[-1, 1] has 65,536 steps. Networks see bytes scaled to [-1, 1], of which the number is the linear
function (256 * high + low) / 257, which a network can read exactly.
"""

from __future__ import annotations

import numpy as np

STEPS = 65_535  # The largest number of two bytes.


def split(values: np.ndarray) -> np.ndarray:
  """Converts float [...] to uint8 [..., 2]; clips to [-1, 1], then rounds."""
  steps = np.rint((np.clip(values, -1, 1) + 1) / 2 * STEPS).astype(np.int64)
  return np.stack([steps >> 8, steps & 255], axis=-1).astype(np.uint8)


def join(pairs: np.ndarray) -> np.ndarray:
  """Converts uint8 [..., 2] to float32 [...]."""
  high, low = np.moveaxis(pairs.astype(np.int64), -1, 0)
  return ((256 * high + low) * 2 / STEPS - 1).astype(np.float32)
