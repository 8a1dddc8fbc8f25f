"""Structural similarity of outputs and the targets that they should equal."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.images.similarity import WINDOW, similarity_terms
from tfgan_pipeline.metrics.pairs.parts import float_parts
from tfgan_pipeline.metrics.ranking import higher_is_better


@registry.pair_metric
@higher_is_better('ssim')
def ssim(targets: np.ndarray, outputs: np.ndarray) -> dict[str, float]:
  """Structural similarity (SSIM), 1 for equal pictures (Wang et al. 2004).

  The paper's window is a Gaussian of 11 x 11 pixels and deviation 1.5, and its constants are
  K1 = 0.01 and K2 = 0.03. Only places where the whole window fits count, and each channel counts
  alike, as in tf.image.ssim; programs that pad pictures or compare luminance alone differ.

  Args:
    targets: Target images, uint8 [N, H, W, C].
    outputs: Images to compare, uint8 [N, H, W, C]; output i belongs to target i.

  Returns:
    ssim: Mean over places, channels and images, between -1 and 1.

  Raises:
    UsageError: The shapes differ, or a side has fewer than 11 pixels, where no window fits.
  """
  height, width = targets.shape[1:3]
  if min(height, width) < WINDOW:
    raise UsageError(
      f'ssim: needs {WINDOW} pixels a side for its window, and pictures are {height}x{width}; '
      'psnr takes any size'
    )
  means = []
  for target, output in float_parts(targets, outputs):
    luminance, contrast = similarity_terms(target, output)
    means.append((luminance * contrast).mean(axis=(1, 2, 3)))
  return {'ssim': float(np.concatenate(means).mean())}
