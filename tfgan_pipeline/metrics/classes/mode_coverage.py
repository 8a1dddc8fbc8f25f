"""Number of modes of a mixture that generated samples cover, and share of samples near a mode."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.ranking import higher_is_better


@registry.metric
@higher_is_better('high_quality_modes', 'high_quality_share')
def mode_coverage(
  reference: Features, generated: Features, *, deviations: float = 3.0
) -> dict[str, float]:
  """Number of modes with a generated sample nearby, and share of generated samples near a mode.

  Srivastava et al. 2017 (VEEGAN, arXiv:1705.07761), for points in the plane. Each class of the
  reference is a mode; its centre is the mean of the class, its spread the root mean square of
  deviations from it along the axes. A sample is of high quality when it is no farther than
  `deviations` spreads from the nearest centre.

  Args:
    reference: N real samples with labels or logits, which tell their classes.
    generated: M generated samples of the same width.
    deviations: Largest distance of a sample of high quality, in spreads; 3 in the paper.

  Returns:
    high_quality_modes: Number of modes with a sample of high quality.
    high_quality_share: Share of samples of high quality among all, between 0 and 1.

  Raises:
    UsageError: Classes are unknown, or `deviations` is not positive.
  """
  if deviations <= 0:
    raise UsageError(f'deviations={deviations} should be more than 0')
  reference.require_same_width(generated)
  real, fake = reference.pool.astype(np.float64), generated.pool.astype(np.float64)
  classes = reference.classes()
  means, spreads = [], []
  for label in np.unique(classes):
    members = real[classes == label]
    means.append(members.mean(axis=0))
    spreads.append(np.sqrt(np.square(members - means[-1]).mean()))
  distances = np.stack([np.linalg.norm(fake - mean, axis=1) for mean in means], axis=1)
  # distances: [M, modes].
  nearest = distances.argmin(axis=1)
  high_quality = distances.min(axis=1) <= deviations * np.array(spreads)[nearest]
  return {
    'high_quality_modes': float(len(np.unique(nearest[high_quality]))),
    'high_quality_share': float(high_quality.mean()),
  }
