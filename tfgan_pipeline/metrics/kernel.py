"""Kernel distance: the maximum mean discrepancy between two sets of features.

    kid(reference, generated)
    kid(reference, generated, kernel='rbf')     # CMMD, where features are CLIP's
    unbiased_mmd2(x, y)             # of the whole sets, of any two sizes

The polynomial estimate has no bias, so scores at different sample sizes can be compared; for two
sets from one distribution it is below zero about as often as above.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.cautions import warns
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.ranking import lower_is_better
from tfgan_pipeline.metrics.unit_rows import unit_blocks
from tfgan_pipeline.registry.calls import Later

_SIGMA = 10.0  # Width of the Gaussian kernel in CMMD's reference code.
_SCALE = 1000.0  # Factor of CMMD's reference code, for readable numbers.


def _whole_sets(
  reference: Features, generated: Features, *, subset_size: int, subsets: int, **arguments: object
) -> str:
  size = min(subset_size, len(reference), len(generated))
  if arguments.get('kernel') == 'rbf' or size == subset_size:
    return ''
  repeated = size == max(len(reference), len(generated)) and subsets > 1
  return f'subsets have {size} samples, not the {subset_size} asked for' + (
    ', and each is a whole set: kid_std is left out' if repeated else ''
  )


@registry.metric
@warns(_whole_sets)
@lower_is_better('kid', 'cmmd')
def kid(
  reference: Features,
  generated: Features,
  *,
  subsets: int = 100,
  subset_size: int = 1000,
  seed: int = 0,
  kernel: Later[str] = 'polynomial',
) -> dict[str, float]:
  """Kernel distance (KID): mean and standard deviation over random subsets; or CMMD.

  Binkowski et al. 2018 (arXiv:1801.01401). Subsets are drawn without replacement by numpy's
  RandomState, reference first, in torch-fidelity's order: with its seed, 2020, scores are equal.

  kernel='rbf' gives CMMD (Jayasumana et al. 2024, arXiv:2401.09603), which reads all samples at
  once. It sees the means of the unit features and nothing else: on the unit sphere the Gaussian
  kernel of width 10 is almost linear, so the score is `cmmd_of_means` within 5 %. Samples that
  collapse to a part of the data with the data's mean have a score near 0.

  Args:
    reference: N real samples.
    generated: M generated samples.
    subsets: Number of pairs of subsets drawn; not for 'rbf'.
    subset_size: Samples in each subset; no more than N and M are taken. Not for 'rbf'.
    seed: Seed of the subsets; not for 'rbf'.
    kernel: 'polynomial', (a.b / D + 1)^3; or 'rbf', a Gaussian of width 10 between features of
      length 1, whose squared MMD is biased (terms of a sample with itself count) and times 1,000.

  Returns:
    kid: Mean over the subsets.
    kid_std: Standard deviation over the subsets, ddof=0; left out where there is one subset, or
      where all subsets are the whole sets and could not differ.
    kid_subset_size: Samples in each subset, where they are fewer than `subset_size` asks for.
    cmmd: With kernel='rbf', and in place of kid: 1,000 times the squared MMD.
    cmmd_of_means: 10 times the squared distance between the mean unit features.

  Raises:
    UsageError: The two sets differ in width, an argument is out of range, or a feature vector that
      should get length 1 is zero.
  """
  reference.require_same_width(generated)
  if kernel not in ('polynomial', 'rbf'):
    raise UsageError(f'kernel={kernel} should be polynomial or rbf')
  if subsets < 1:
    raise UsageError(f'subsets={subsets} should be at least 1')
  if subset_size < 2:
    raise UsageError(f'subset_size={subset_size} should be at least 2')
  if not 0 <= seed < 2**32:
    raise UsageError(f'seed={seed} should be between 0 and 2^32 - 1')
  if kernel == 'rbf':
    return _cmmd(reference.pool, generated.pool)
  size = min(subset_size, len(reference), len(generated))
  random = np.random.RandomState(seed)
  values = []
  for _ in range(subsets):
    x = reference.pool[random.choice(len(reference), size, replace=False)]
    y = generated.pool[random.choice(len(generated), size, replace=False)]
    values.append(unbiased_mmd2(x, y))
  scores = {'kid': float(np.mean(values))}
  if subsets > 1 and size < max(len(reference), len(generated)):
    scores['kid_std'] = float(np.std(values))
  if size < subset_size:
    scores['kid_subset_size'] = float(size)
  return scores


def unbiased_mmd2(x: np.ndarray, y: np.ndarray) -> float:
  """Returns an unbiased estimate of the squared MMD with the kernel (a.b / D + 1)^3.

  Gretton et al. 2012, equation 3: the terms of a sample with itself are left out.

  Args:
    x: First set, float [N, D], N >= 2.
    y: Second set, float [M, D], M >= 2.
  """
  x, y = x.astype(np.float64), y.astype(np.float64)
  return _mean_of_pairs(x) + _mean_of_pairs(y) - 2 * float(_kernel(x, y).mean())


def _cmmd(x: np.ndarray, y: np.ndarray) -> dict[str, float]:
  """Returns CMMD of features [N, D] and [M, D], and the part of it that their means explain."""
  gap = _mean_of_unit_rows(x) - _mean_of_unit_rows(y)
  within = _mean_of_gaussian(x, x) + _mean_of_gaussian(y, y)
  return {
    'cmmd': _SCALE * (within - 2 * _mean_of_gaussian(x, y)),
    'cmmd_of_means': float(_SCALE / _SIGMA**2 * (gap @ gap)),
  }


def _mean_of_unit_rows(pool: np.ndarray) -> np.ndarray:
  return sum((rows.sum(axis=0) for rows in unit_blocks(pool)), np.zeros(())) / len(pool)


def _mean_of_gaussian(x: np.ndarray, y: np.ndarray) -> float:
  """Returns the mean over pairs of exp(-|a - b|^2 / (2 sigma^2)) - 1, of rows scaled to length 1.

  Less the 1, which the MMD cancels, sums keep the digits that means of numbers near 1 would lose.
  """
  total = 0.0
  for rows in unit_blocks(x):
    for columns in unit_blocks(y):
      # |a - b|^2 = 2 - 2 a.b
      total += float(np.expm1((rows @ columns.T - 1) / _SIGMA**2).sum())
  return total / (len(x) * len(y))


def _mean_of_pairs(x: np.ndarray) -> float:
  kernel = _kernel(x, x)
  return float((kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1)))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
  return (x @ y.T / x.shape[1] + 1) ** 3
