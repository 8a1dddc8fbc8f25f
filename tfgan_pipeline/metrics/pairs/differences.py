"""Pixel-by-pixel differences between outputs and the targets that they should equal."""

from __future__ import annotations

import math

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.pairs.parts import float_parts
from tfgan_pipeline.metrics.ranking import higher_is_better, lower_is_better


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
  sums = [np.abs(output - target).sum() for target, output in float_parts(targets, outputs)]
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
    np.square(output - target).mean(axis=(1, 2, 3))
    for target, output in float_parts(targets, outputs)
  ]
  return {'psnr': float(np.mean([_decibels(error) for error in np.concatenate(errors)]))}


def _decibels(error: float) -> float:
  return min(10 * math.log10(255**2 / error), 100.0) if error else 100.0
