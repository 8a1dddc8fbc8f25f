"""Kernel distance: the maximum mean discrepancy between two sets of features.

    kid(reference, generated)
    unbiased_mmd2(x, y)             # of the whole sets, of any two sizes

The estimate has no bias, so scores at different sample sizes can be compared; for two sets from one
distribution it is below zero about as often as above.
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.ranking import lower_is_better


@registry.metric
@lower_is_better('kid')
def kid(
  reference: Features,
  generated: Features,
  *,
  subsets: int = 100,
  subset_size: int = 1000,
  seed: int = 0,
) -> dict[str, float]:
  """Kernel distance (KID): mean and standard deviation over random subsets.

  Binkowski et al. 2018 (arXiv:1801.01401). Subsets are drawn without replacement by numpy's
  RandomState, reference first, in torch-fidelity's order: with its seed, 2020, scores are equal.

  Args:
    reference: N real samples.
    generated: M generated samples.
    subsets: Number of pairs of subsets drawn.
    subset_size: Samples in each subset; no more than N and M are taken.
    seed: Seed of the subsets.

  Returns:
    kid: Mean over the subsets.
    kid_std: Standard deviation over the subsets, ddof=0.

  Raises:
    UsageError: The two sets differ in width, or an argument is out of range.
  """
  reference.require_same_width(generated)
  if subsets < 1:
    raise UsageError(f'subsets={subsets} should be at least 1')
  if subset_size < 2:
    raise UsageError(f'subset_size={subset_size} should be at least 2')
  if not 0 <= seed < 2**32:
    raise UsageError(f'seed={seed} should be between 0 and 2^32 - 1')
  size = min(subset_size, len(reference), len(generated))
  random = np.random.RandomState(seed)
  values = []
  for _ in range(subsets):
    x = reference.pool[random.choice(len(reference), size, replace=False)]
    y = generated.pool[random.choice(len(generated), size, replace=False)]
    values.append(unbiased_mmd2(x, y))
  return {'kid': float(np.mean(values)), 'kid_std': float(np.std(values))}


def unbiased_mmd2(x: np.ndarray, y: np.ndarray) -> float:
  """Returns an unbiased estimate of the squared MMD with the kernel (a.b / D + 1)^3.

  Gretton et al. 2012, equation 3: the terms of a sample with itself are left out.

  Args:
    x: First set, float [N, D], N >= 2.
    y: Second set, float [M, D], M >= 2.
  """
  x, y = x.astype(np.float64), y.astype(np.float64)
  return _mean_of_pairs(x) + _mean_of_pairs(y) - 2 * float(_kernel(x, y).mean())


def _mean_of_pairs(x: np.ndarray) -> float:
  kernel = _kernel(x, x)
  return float((kernel.sum() - np.trace(kernel)) / (len(x) * (len(x) - 1)))


def _kernel(x: np.ndarray, y: np.ndarray) -> np.ndarray:
  return (x @ y.T / x.shape[1] + 1) ** 3
