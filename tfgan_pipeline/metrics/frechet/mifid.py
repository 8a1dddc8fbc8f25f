"""Memorization-informed Frechet distance, which grows where generated samples are near copies."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import factored_distance, sample_factor
from tfgan_pipeline.metrics.ranking import lower_is_better
from tfgan_pipeline.metrics.unit_rows import unit_blocks

_TINY = 1e-14  # Keeps exact copies finite, as in the competition's code (10e-15).


@registry.metric
@lower_is_better('mifid')
def mifid(reference: Features, generated: Features, *, epsilon: float = 0.1) -> dict[str, float]:
  """Frechet distance over the memorisation distance of the samples, where that is below epsilon.

  Bai et al. 2021 (arXiv:2106.03062) and the code of Kaggle's Generative Dog Images competition,
  whose epsilon is 0.1. The memorisation distance is the mean over generated samples of the least
  1 - |cos| to a training image; features of zeros are left out. From epsilon on it counts as 1.
  (TorchMetrics takes the mean over the real samples of the least distance to a generated one.)

  Args:
    reference: N training images.
    generated: M generated samples.
    epsilon: Memorisation distance below which samples count as memorised.

  Returns:
    mifid: fid / (memorisation_distance + 1e-14), or fid itself from epsilon on.
    memorisation_distance: Mean least distance, between 0 and 1; compare it with that of other sets,
      as it depends on the extractor.

  Raises:
    UsageError: The two sets differ in width, epsilon is not above 0, or all features of one set are
      zero.
  """
  reference.require_same_width(generated)
  if not epsilon > 0:
    raise UsageError(f'epsilon={epsilon} should be above 0')
  distance = memorisation_distance(reference.pool, generated.pool)
  fid_value = factored_distance(*sample_factor(reference.pool), *sample_factor(generated.pool))
  penalty = distance + _TINY if distance < epsilon else 1.0
  return {
    'mifid': fid_value / penalty,
    'memorisation_distance': distance,
  }


def memorisation_distance(training: np.ndarray, samples: np.ndarray) -> float:
  """Returns the mean over samples of the least 1 - |cos| to a training row, in [0, 1].

  Args:
    training: Features of training images, float [N, D].
    samples: Features of generated samples, float [M, D].

  Raises:
    UsageError: All features of one set are zero.
  """
  nearest = []
  for rows in unit_blocks(samples, skip_zeros=True):
    largest = np.zeros(len(rows))
    for others in unit_blocks(training, skip_zeros=True):
      np.maximum(largest, np.abs(rows @ others.T).max(axis=1, initial=0), out=largest)
    nearest.append(largest)
  cosines = np.concatenate(nearest)
  if not len(cosines) or not training.any():
    raise UsageError('all features of a set are zero and have no direction; take another extractor')
  return float(np.mean(1 - np.minimum(cosines, 1)))  # Round-off leaves some above 1.
