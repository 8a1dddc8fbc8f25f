"""Share of generated samples that are too near to training images to be new."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.cautions import warns
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.neighbours.crossing import cross
from tfgan_pipeline.metrics.neighbours.nearest import radii
from tfgan_pipeline.metrics.ranking import higher_is_better, lower_is_better


def _duplicates(reference: Features, generated: Features, **_: object) -> str:
  del generated
  count = np.count_nonzero(radii(reference, 1) == 0)
  if not count:
    return ''
  return (
    f'{count} of {len(reference)} training images have a duplicate; copies of these do not count '
    'as memorised, see memorised_duplicates'
  )


@registry.metric
@warns(_duplicates)
@lower_is_better('memorised')
@higher_is_better('auth_pct')
def memorised(reference: Features, generated: Features) -> dict[str, float]:
  """Share of generated samples nearer to a training image than any other training image is.

  Alaa et al. 2022 (arXiv:2102.08921), whose AuthPct is the complement in per cent. A model that
  copies nothing does not score 0 but as much as held-out real images. Copies of an image that the
  training set holds twice are not memorised by this definition, as its nearest other image is at
  distance 0; they are counted apart.

  Args:
    reference: N training images; if their features have `held_out`, it is scored for comparison.
    generated: M generated samples.

  Returns:
    memorised: Share of the generated samples whose nearest training image is nearer to them than to
      any other training image.
    auth_pct: Share of the samples that are not memorised, in per cent.
    memorised_duplicates: Share of the generated samples that equal a training image which the
      training set holds twice or more; only where it holds any. Add it to `memorised`.
    memorised_held_out: Share of held-out real images that count as memorised, if there are any.

  Raises:
    UsageError: The sets differ in width.
  """
  share = float(is_memorised(reference, generated).mean())
  scores = {'memorised': share, 'auth_pct': 100 * (1 - share)}
  own = radii(reference, 1)[:, 0]
  if not own.all():
    crossing = cross(reference, generated)
    copied = (crossing.nearest == 0) & (own[crossing.nearest_index] == 0)
    scores['memorised_duplicates'] = float(copied.any(axis=1).mean())
  if reference.held_out is not None:
    scores['memorised_held_out'] = float(is_memorised(reference, reference.held_out()).mean())
  return scores


def is_memorised(training: Features, samples: Features) -> np.ndarray:
  """Returns bool [M], true for samples that are memorised.

  A sample is memorised if its nearest training image is nearer to the sample than to any other
  training image.

  Args:
    training: N training images.
    samples: M samples.
  """
  crossing = cross(training, samples)
  # [M, any]: from each nearest training image to its own nearest other one.
  own_radii = radii(training, 1)[:, 0][crossing.nearest_index]
  ties = crossing.nearest == crossing.nearest[:, :1]
  return (ties & (crossing.nearest < own_radii)).any(axis=1)
