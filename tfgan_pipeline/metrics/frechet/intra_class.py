"""Frechet distance within each class, which shows bad classes that the overall distance hides."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features, needs_real_labels
from tfgan_pipeline.metrics.frechet.fid import fid
from tfgan_pipeline.metrics.ranking import lower_is_better


@registry.metric
@needs_real_labels
@lower_is_better('intra_class_fid', 'intra_class_fid_above_floor')
def intra_class_fid(
  reference: Features, generated: Features, *, worst: int = 3, ddof: int = 1
) -> dict[str, float]:
  """Mean over classes of the Frechet distance within a class, with its floor and the worst classes.

  Intra FID of Miyato and Koyama 2018 (arXiv:1802.05637). A class has few samples, so its floor is
  high; where a class has fewer real samples than features, the floor is too low as well (see
  frechet_floor).

  Args:
    reference: N real samples with labels or logits.
    generated: M generated samples with labels (the requested classes) or logits.
    worst: Number of classes listed.
    ddof: 1 for unbiased covariances; 0 as in NVIDIA's code.

  Returns:
    intra_class_fid: Mean over the classes that have two samples or more in both sets.
    intra_class_fid_floor: Mean of the noise floors of these classes.
    intra_class_fid_above_floor: intra_class_fid - intra_class_fid_floor.
    intra_class_fid_missing: Number of real classes left out of the mean.
    intra_class_fid_worst_<class>: Distance within that class, for the `worst` largest ones.

  Raises:
    UsageError: The two sets differ in width, one has no classes, no class has two samples in both,
      or an argument is out of range.
  """
  reference.require_same_width(generated)
  if worst < 0:
    raise UsageError(f'worst={worst} should not be negative')
  real, fake = reference.classes(), generated.classes()
  classes = np.unique(real)
  scores = {}
  for label in classes.tolist():
    x, y = reference.pool[real == label], generated.pool[fake == label]
    if min(len(x), len(y)) > 1:
      scores[label] = fid(Features(x), Features(y), ddof=ddof)
  if not scores:
    raise UsageError('no class has two samples or more in both sets')
  distance, floor = (
    float(np.mean([score[key] for score in scores.values()])) for key in ('fid', 'fid_floor')
  )
  farthest = sorted(scores, key=lambda label: -scores[label]['fid'])[:worst]
  return {
    'intra_class_fid': distance,
    'intra_class_fid_floor': floor,
    'intra_class_fid_above_floor': distance - floor,
    'intra_class_fid_missing': float(len(classes) - len(scores)),
    **{f'intra_class_fid_worst_{label}': scores[label]['fid'] for label in farthest},
  }
