"""Pairs of images as floating-point numbers, some at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from tfgan_pipeline.errors import UsageError

_IMAGES = 64  # At a time, so that float64 of them takes little memory.


def float_parts(
  targets: np.ndarray, outputs: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
  """Yields targets and outputs as float64 [n, H, W, C] in [0, 255], some images at a time.

  Raises:
    UsageError: The shapes differ.
  """
  if targets.shape != outputs.shape:
    raise UsageError(f'targets {targets.shape} and outputs {outputs.shape} should have one shape')
  for first in range(0, len(targets), _IMAGES):
    part = slice(first, first + _IMAGES)
    yield targets[part].astype(np.float64), outputs[part].astype(np.float64)
