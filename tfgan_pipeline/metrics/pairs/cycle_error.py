"""Difference between pictures and what is left of them after a translation there and back."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import needs
from tfgan_pipeline.metrics.pairs.differences import l1
from tfgan_pipeline.metrics.ranking import lower_is_better


@registry.pair_metric
@lower_is_better('cycle_error')
@needs('way_back')
def cycle_error(sources: np.ndarray, returned: np.ndarray) -> dict[str, float]:
  """Mean absolute difference of pictures there and back, of pixels in [-1, 1]; no target needed.

  Pictures are stored as whole grey levels between the two translations, so that nothing is hidden
  in fractions of them (Chu et al. 2017, arXiv:1712.02950). A low error alone says nothing: two
  translators that change nothing have none.

  Args:
    sources: Images that were translated, uint8 [N, H, W, C].
    returned: Those images translated and translated back, uint8 [N, H, W, C].

  Returns:
    cycle_error: Mean over all pixels, between 0 and 2.

  Raises:
    UsageError: The shapes differ.
  """
  return {'cycle_error': l1(sources, returned)['l1'] / 127.5}
