"""Whether generated samples are too near to what was trained on to be new."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.neighbours.crossing import cross
from tfgan_pipeline.metrics.neighbours.nearest import radii
from tfgan_pipeline.metrics.ranking import lower_is_better


@registry.metric
@lower_is_better('memorised')
def memorised(reference: Features, generated: Features) -> dict[str, float]:
  """Share of samples nearer to a training image than any other training image is to that.

  Alaa et al. 2022 (arXiv:2102.08921), whose AuthPct is the complement. A model that copies nothing
  does not score 0 but what held-out real images score. An image that the training set holds twice
  has its nearest other at distance 0, so copies of it are not seen.

  Args:
    reference: N training images; with `held_out`, that is scored too.
    generated: M generated samples.

  Returns:
    memorised: Share of the generated samples whose nearest training image is nearer than that one's
      own nearest other training image.
    auth_pct: The others, in per cent.
    memorised_held_out: The same share of held-out real images, if there are any.

  Raises:
    UsageError: The sets differ in width.
  """
  share = float(is_memorised(reference, generated).mean())
  scores = {'memorised': share, 'auth_pct': 100 * (1 - share)}
  if reference.held_out is not None:
    scores['memorised_held_out'] = float(is_memorised(reference, reference.held_out()).mean())
  return scores


def is_memorised(training: Features, samples: Features) -> np.ndarray:
  """bool [M]: whether each sample is nearer to a training image than that is to any other."""
  crossing = cross(training, samples)
  own = radii(training, 1)[:, 0][crossing.nearest_index]
  as_near = crossing.nearest == crossing.nearest[:, :1]
  return (as_near & (crossing.nearest < own)).any(axis=1)
