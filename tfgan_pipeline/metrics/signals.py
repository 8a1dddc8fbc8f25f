"""Distances of series from real ones, of features of --extractor=signals: spectra and more."""

from __future__ import annotations

import functools

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.ranking import lower_is_better
from tfgan_pipeline.metrics.wasserstein import floor

_LEVELS = (np.arange(200) + 0.5) / 200  # Quantiles that are compared.


@registry.metric
@lower_is_better('spectrum', 'autocorrelation')
def signals(reference: Features, generated: Features, *, seed: int = 0) -> dict[str, float]:
  """Distances of spectra and of autocorrelations of series, with floors.

  The distribution of each frequency's power over real series is compared with that over generated
  ones by the 1-dimensional Wasserstein distance; the score is the mean over frequencies, and so it
  is over lags. A floor is the score of two random halves of the real series, a mean over ten draws;
  sets of which each is twice as large have a floor that is lower by a factor of about 1.4.

  Args:
    reference: Features of real series, of --extractor=signals.
    generated: Features of generated series, of --extractor=signals.
    seed: Seed of the halves.

  Returns:
    spectrum: Distance of the logarithm of power, in decades, over frequencies.
    autocorrelation: Distance of correlations, from -1 to 1, over lags.
    NAME_floor: The floor of each.

  Raises:
    UsageError: The features are others.
  """
  real, fake = (np.asarray(features.pool, np.float64) for features in (reference, generated))
  reference.require_same_width(generated)
  half, rest = divmod(reference.width, 2)
  if rest:
    raise UsageError(f'signals: needs --extractor=signals, and got {reference.width} features')
  scores = {}
  for name, columns in (('spectrum', slice(0, half)), ('autocorrelation', slice(half, None))):
    measure = functools.partial(_distance, columns)
    scores[name] = measure(real, fake)
    scores[f'{name}_floor'] = floor(real, measure, seed)
  return scores


def _distance(columns: slice, one: np.ndarray, other: np.ndarray) -> float:
  quantiles = [np.quantile(rows[:, columns], _LEVELS, axis=0) for rows in (one, other)]
  return float(np.abs(quantiles[0] - quantiles[1]).mean())
