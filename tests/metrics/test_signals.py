"""Scores of series: spectra and autocorrelations by formula, distances, floors."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.signals import features_of
from tfgan_pipeline.metrics.features import Features


def sines(periods, count: int = 40, length: int = 64) -> np.ndarray:
  phases = np.random.RandomState(0).uniform(0, 2 * np.pi, (count, 1))
  time = np.arange(length) / length
  return np.sin(2 * np.pi * periods * time + phases)[..., np.newaxis]


def score(real, fake, **arguments) -> dict[str, float]:
  features = [Features(features_of(values)) for values in (real, fake)]
  return registry.metric.function('signals')(*features, **arguments)


def test_features_are_power_and_autocorrelation():
  values = np.random.RandomState(0).standard_normal((3, 20, 2))
  features = features_of(values).reshape(3, 2, 10, 2)
  centred = values - values.mean(axis=1, keepdims=True)
  for lag in range(1, 11):
    expected = (centred[:, lag:] * centred[:, :-lag]).sum(1) / np.square(centred).sum(1)
    np.testing.assert_allclose(features[:, 1, lag - 1], expected, atol=1e-5)
  time = np.arange(20)
  for periods in range(1, 11):
    wave = np.exp(-2j * np.pi * periods * time / 20)[:, np.newaxis]
    expected = np.log10(np.abs((centred * wave).sum(1)) ** 2 / 20)
    np.testing.assert_allclose(features[:, 0, periods - 1], expected, atol=1e-4)
  spectrum, correlation = features_of(np.full((1, 20, 1), 0.3)).reshape(2, 10)
  assert (spectrum == -6).all()  # Nothing moves.
  np.testing.assert_allclose(correlation, 0, atol=1e-9)


def test_distances():
  noise = 0.1 * np.random.RandomState(0).standard_normal((40, 64, 1))
  real = sines(4) + noise
  assert score(real, real)['spectrum'] == score(real, real)['autocorrelation'] == 0
  near, far = (score(real, sines(periods) + noise[::-1]) for periods in (4, 9))
  for name in ('spectrum', 'autocorrelation'):
    assert 0 < near[name] < far[name]
  # Of ten times the height, the power has 2 decades more, and correlations are equal.
  noise = np.random.RandomState(0).standard_normal((50, 64, 1)) / 100
  scores = score(noise, 10 * noise)
  assert scores['spectrum'] == pytest.approx(2, abs=0.01)
  assert scores['autocorrelation'] == pytest.approx(0, abs=1e-6)


def test_floors():
  noise = np.random.RandomState(1).standard_normal((50, 64, 1))
  one, other = score(noise, noise), score(noise, sines(4))
  for name in ('spectrum_floor', 'autocorrelation_floor'):
    assert one[name] == other[name] > 0
    assert score(noise, noise, seed=1)[name] != one[name]


def test_an_odd_number_of_features_is_refused():
  pool = np.zeros((4, 5))
  with pytest.raises(UsageError, match='needs --extractor=signals, and got 5 features'):
    registry.metric.build('signals', Features(pool), Features(pool))
