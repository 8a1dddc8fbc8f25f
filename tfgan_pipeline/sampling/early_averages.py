"""Caution about averages that still hold mostly what they began with, early in a run.

The moving average of weights is none of them, as its decay starts low, see training/ema.py: at any
step less than a percent of it is from the first half of the steps before.
"""

from __future__ import annotations

from collections.abc import Iterable
import logging

from tfgan_pipeline.errors import spoken
from tfgan_pipeline.networks.layers.basic import BatchNorm

_log = logging.getLogger(__name__)
_MOSTLY = 0.5


def warn(norms: Iterable[BatchNorm], step: int) -> bool:
  """Warns if moving averages of batch normalisation are mostly initial; returns whether it did.

  Args:
    norms: Layers of the network that is sampled.
    step: Updates that the network has seen.
  """
  share = max((layer.momentum**step for layer in norms), default=0.0)
  if not step or share <= _MOSTLY:
    return False
  text = (
    f'step {step}: the moving averages of batch normalisation are up to {100 * share:.0f}% what '
    'they were at the start, so samples are worse than the weights; train longer, or score with '
    '--batch_norm=batch'
  )
  _log.warning('%s', spoken(text))
  return True
