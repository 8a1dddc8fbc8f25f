"""Extractor for series: their power by frequency and their autocorrelation by lag."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.media.series import Series, of_images
from tfgan_pipeline.runs.digests import digest

_LEAST = 1e-6  # Power that counts as none.


@registry.extractor
def signals(context: ExtractorContext) -> Extractor:
  """Spectra and autocorrelations of series, for --metrics=signals.

  Args:
    context: Data set of the run that is scored.

  Raises:
    UsageError: The data are no series.
  """
  context.require_medium('signals', Series, 'series, as waves')

  def read(images: np.ndarray) -> tuple[np.ndarray, None]:
    return features_of(of_images(images)), None

  return Extractor('signals', digest('spectra, autocorrelations, 1'), read, continuous=False)


def features_of(values: np.ndarray) -> np.ndarray:
  """Returns the features of series, float32 [N, 2 * (T // 2) * C].

  The first half is the logarithm, to base 10, of the power of frequencies of 1 to T // 2 periods,
  the second half the autocorrelation at lags of 1 to T // 2 steps; of each channel by itself, with
  its mean taken away.

  Args:
    values: Series float [N, T, C] in [-1, 1].
  """
  length = values.shape[1]
  count = length // 2
  centred = values - values.mean(axis=1, keepdims=True)
  power = np.abs(np.fft.rfft(centred, axis=1)[:, 1 : count + 1]) ** 2 / length
  # Of twice the length, so that the end of a series does not meet its beginning.
  spectrum = np.abs(np.fft.rfft(centred, 2 * length, axis=1)) ** 2
  covariance = np.fft.irfft(spectrum, axis=1)[:, : count + 1]
  correlation = covariance[:, 1:] / np.maximum(covariance[:, :1], _LEAST)
  parts = [np.log10(np.maximum(power, _LEAST)), correlation]
  return np.concatenate([part.reshape(len(values), -1) for part in parts], 1).astype(np.float32)
