"""Pixel-by-pixel differences between outputs and the targets that they should equal."""

from __future__ import annotations

from collections.abc import Iterator
import math

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.ranking import higher_is_better, lower_is_better

_IMAGES = 64  # At a time, so that float64 of them takes little memory.


@registry.pair_metric
@lower_is_better('l1')
def l1(targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
  """Mean absolute difference of pixels in [0, 255].

  Args:
    targets: Target images, uint8 [N, H, W, C].
    outputs: Images to compare, uint8 [N, H, W, C]; output i belongs to target i.

  Returns:
    l1: Mean over all pixels.

  Raises:
    UsageError: The shapes differ.
  """
  sums = [np.abs(difference).sum() for difference in _differences(targets, outputs)]
  return {'l1': float(sum(sums) / targets.size)}


@registry.pair_metric
@higher_is_better('psnr')
def psnr(targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
  """Peak signal-to-noise ratio in decibels, 10 log10(255^2 / mean squared error) of each image.

  Args:
    targets: Target images, uint8 [N, H, W, C].
    outputs: Images to compare, uint8 [N, H, W, C]; output i belongs to target i.

  Returns:
    psnr: Mean over images; an image without any error counts 100 dB, as infinity has no mean.

  Raises:
    UsageError: The shapes differ.
  """
  errors = [
    np.square(difference).mean(axis=(1, 2, 3)) for difference in _differences(targets, outputs)
  ]
  return {'psnr': float(np.mean([_decibels(error) for error in np.concatenate(errors)]))}


def _decibels(error: float) -> float:
  return min(10 * math.log10(255**2 / error), 100.0) if error else 100.0


def _differences(targets: np.ndarray, outputs: np.ndarray) -> Iterator[np.ndarray]:
  """Yields outputs - targets as float64 [n, H, W, C], some images at a time."""
  if targets.shape != outputs.shape:
    raise UsageError(f'targets {targets.shape} and outputs {outputs.shape} should have one shape')
  for first in range(0, len(targets), _IMAGES):
    part = slice(first, first + _IMAGES)
    yield outputs[part].astype(np.float64) - targets[part]
