"""Bias of the noise floor from a sample's covariance, relative to that from the true covariance.

python -m tests.metrics.floor_bias
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.metrics.frechet.floor import frechet_floor

SPECTRA = {
  'equal': np.ones(64),
  '1/i': 1 / np.arange(1, 65),
  '1/i^2': 1 / np.arange(1, 65) ** 2,
  'four decades': np.geomspace(1, 1e-4, 64),
}


def biases(spectrum: np.ndarray, size: int, samples: int = 40) -> tuple[float, float]:
  """Returns the mean relative errors, uncorrected and corrected, of floors of samples of `size`."""
  random = np.random.default_rng(0)
  floors = np.zeros(2)
  for _ in range(samples):
    covariance = np.cov((random.normal(size=(size, len(spectrum))) * np.sqrt(spectrum)).T)
    floors += frechet_floor(covariance, 100, 100)
    floors[1] += frechet_floor(covariance, 100, 100, estimated_from=size)
    floors[1] -= frechet_floor(covariance, 100, 100)
  as_it_is, corrected = floors / samples / frechet_floor(spectrum, 100, 100) - 1
  return float(as_it_is), float(corrected)


if __name__ == '__main__':
  for name, spectrum in SPECTRA.items():
    for size in 32, 64, 128, 256, 512:
      as_it_is, corrected = biases(spectrum, size)
      print(f'{name}, {size / 64:g} D: {as_it_is:+.1%} as it is, {corrected:+.1%} corrected')
