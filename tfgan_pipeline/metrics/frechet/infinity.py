"""Frechet distance extrapolated to infinitely many generated samples."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import factored_distance, sample_factor
from tfgan_pipeline.metrics.ranking import lower_is_better


@registry.metric
@lower_is_better('fid_infinity')
def fid_infinity(
  reference: Features, generated: Features, *, points: int = 15, seed: int = 0, ddof: int = 1
) -> dict[str, float]:
  """Frechet distance extrapolated to infinitely many generated samples, with its standard error.

  Chong and Forsyth 2020 (arXiv:1911.07023): a straight line in 1/size is fitted to the distances of
  subsets, drawn without replacement, of sizes evenly spaced from M / 10 to M. Good where M / 10 is
  above D; below, the distances lie on no straight line and the result is too large. The part of the
  distance that is due to the finite reference remains.

  Args:
    reference: N real samples, all of them used at every size.
    generated: M generated samples.
    points: Number of sizes, 3 or more.
    seed: Seed of the subsets, drawn by numpy's PCG64.
    ddof: 1 for unbiased covariances; 0 as in NVIDIA's code.

  Returns:
    fid_infinity: The line at 1/size = 0; below zero by chance where fid is near its floor.
    fid_infinity_error: Standard error of fid_infinity by least squares, which assumes independent
      subsets; they overlap, so the true error is larger.

  Raises:
    UsageError: The two sets differ in width, M is below 2 * points, or an argument is out of range.
  """
  reference.require_same_width(generated)
  if points < 3:
    raise UsageError(f'points={points} should be at least 3')
  if len(generated) < 2 * points:
    raise UsageError(f'points={points} need {2 * points} generated samples, got {len(generated)}')
  if seed < 0:
    raise UsageError(f'seed={seed} should not be negative')
  random = np.random.Generator(np.random.PCG64(seed))
  real = sample_factor(reference.pool, ddof=ddof)
  sizes = np.linspace(max(2, len(generated) // 10), len(generated), points).astype(int)
  distances = []
  for size in sizes:
    rows = random.choice(len(generated), size, replace=False)
    distances.append(factored_distance(*real, *sample_factor(generated.pool[rows], ddof=ddof)))
  intercept, error = _line(1 / sizes, np.array(distances))
  return {'fid_infinity': intercept, 'fid_infinity_error': error}


def _line(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
  """Returns the intercept of the least-squares line and its standard error."""
  step = x - x.mean()
  slope = step @ (y - y.mean()) / (step @ step)
  intercept = y.mean() - slope * x.mean()
  variance = np.sum((y - intercept - slope * x) ** 2) / (len(x) - 2)
  return float(intercept), float(np.sqrt(variance * (1 / len(x) + x.mean() ** 2 / (step @ step))))
