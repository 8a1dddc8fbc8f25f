"""Distance between the features of outputs and those of the targets that they should equal."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features, needs
from tfgan_pipeline.metrics.ranking import lower_is_better

_ROWS = 256  # At a time, so that float64 of them takes little memory.


@registry.pair_metric
@lower_is_better('feature_distance')
@needs('features')
def feature_distance(targets: Features, outputs: Features) -> dict[str, float]:
  """Mean squared distance between the extractor's features of each output and of its target.

  Features whose squared distance is LPIPS (Zhang et al. 2018, arXiv:1801.03924) give LPIPS: the
  maps of each layer, divided by their length at each pixel, times the square root of the layer's
  weights over its number of pixels, all in one vector. With any other extractor, the score
  compares with itself alone.

  Args:
    targets: Features of N target images.
    outputs: Features of N images to compare; output i belongs to target i.

  Returns:
    feature_distance: Mean over pairs, 0 for equal features.

  Raises:
    UsageError: The two sets differ in width.
  """
  targets.require_same_width(outputs)
  total = 0.0
  for first in range(0, len(targets), _ROWS):
    part = slice(first, first + _ROWS)
    difference = outputs.pool[part].astype(np.float64) - targets.pool[part]
    total += float(np.square(difference).sum())
  return {'feature_distance': total / len(targets)}
