"""The noise floor of the Frechet distance: its formula, and that samples of one law score it."""

from __future__ import annotations

import numpy as np
import pytest

from tests.metrics.floor_bias import SPECTRA, biases
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.fid import fid
from tfgan_pipeline.metrics.frechet.floor import _bias_of_pairs, _pairs, frechet_floor


def test_floor_closed_forms():
  assert frechet_floor(np.array([[4.0]]), 10, 40) == pytest.approx(0.125 * 6, rel=1e-12)
  # All eigenvalues one, D = 3: 3 + (6 pairs of 1/2 + 3) / 2.
  assert frechet_floor(np.eye(3), 2, 2) == pytest.approx(6, rel=1e-12)
  assert frechet_floor(np.zeros((4, 4)), 5, 5) == 0


def test_floor_is_the_double_sum():
  spectrum = np.array([3.0, 1.0, 0.25, 1e-9, 0.0, 0.0])
  pairs = sum(
    a * b / (a + b)
    for i, a in enumerate(spectrum)
    for j, b in enumerate(spectrum)
    if i != j and a + b > 0
  )
  expected = pytest.approx((1 / 30 + 1 / 70) * (4.25 + (pairs + 4.25) / 2), rel=1e-8)
  rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(6, 6)))[0]
  assert frechet_floor(spectrum, 30, 70) == expected
  assert frechet_floor(spectrum, 70, 30) == expected
  assert frechet_floor(rotation * spectrum @ rotation.T, 30, 70) == expected


@pytest.mark.parametrize('n, m', [(160, 160), (320, 80), (20, 20)])
@pytest.mark.parametrize('spectrum', [np.ones(16), 1 / np.arange(1, 17) ** 2])
def test_samples_of_one_law_score_its_floor(n, m, spectrum):
  random = np.random.default_rng(0)
  draws = [random.normal(size=(n + m, 16)) * np.sqrt(spectrum) for _ in range(400)]
  distance = np.mean([fid(Features(both[:n]), Features(both[n:]))['fid'] for both in draws])
  assert distance == pytest.approx(frechet_floor(spectrum, n, m), rel=0.04)


def test_halves_of_one_set_score_the_floor(sample):
  both = sample(0, 4000, width=64).pool
  scores = fid(Features(both[:2000]), Features(both[2000:]))
  assert scores['fid'] == pytest.approx(scores['fid_floor'], rel=0.1)


def test_halves_of_many_sets_score_the_floor_on_average(sample):
  sums = np.zeros(3)
  for seed in range(60):
    both = sample(seed, 2000, width=16).pool
    sums += list(fid(Features(both[:1000]), Features(both[1000:])).values())
  assert sums[0] == pytest.approx(sums[1], rel=0.04)


@pytest.mark.parametrize('name', SPECTRA)
def test_floor_from_a_sample(name):
  """The correction takes away most of the bias, and more of it the larger the sample is."""
  for size, most, rest in (128, 0.08, 0.5), (256, 0.03, 0.3):
    as_it_is, corrected = biases(SPECTRA[name], size)
    assert as_it_is < -0.02 and abs(corrected) < most
    assert abs(corrected) < rest * abs(as_it_is)


def test_bias_is_that_of_perturbation_theory():
  """The formula from numerical derivatives of the sum over pairs."""
  spectrum = np.array([2.0, 1.3, 0.4, 0.05])
  gradient, curvature = np.empty(4), np.empty(4)
  for i in range(4):
    step = 1e-3 * spectrum[i] * np.eye(4)[i]
    above, at, below = (_pairs(spectrum + sign * step) for sign in (1, 0, -1))
    gradient[i] = (above - below) / (2 * step[i])
    curvature[i] = (above - 2 * at + below) / step[i] ** 2
  expected = spectrum**2 @ curvature
  for i in range(4):
    for j in range(i):
      quotient = (gradient[i] - gradient[j]) / (spectrum[i] - spectrum[j])
      expected += spectrum[i] * spectrum[j] * quotient
  assert _bias_of_pairs(spectrum) == pytest.approx(expected, rel=1e-4)


def test_floor_from_a_sample_of_equal_or_vanishing_eigenvalues():
  assert frechet_floor(np.zeros((3, 3)), 5, 5, estimated_from=5) == 0
  flat = frechet_floor(np.eye(3), 5, 5, estimated_from=40)
  nearly = frechet_floor(np.diag([1 - 1e-9, 1.0, 1 + 1e-9]), 5, 5, estimated_from=40)
  assert nearly == pytest.approx(flat, rel=1e-7)
  assert frechet_floor(np.eye(3), 5, 5) < flat < 1.2 * frechet_floor(np.eye(3), 5, 5)
  for scale in 1e-38, 1e38:
    scaled = frechet_floor(scale * np.eye(3), 5, 5, estimated_from=40)
    assert scaled == pytest.approx(scale * flat, rel=1e-12)


def test_the_correction_falls_with_the_degrees_of_freedom_of_the_sample():
  spectrum = np.array([2.0, 1.3, 0.4, 0.05])
  added = [
    frechet_floor(spectrum, 3, 5, estimated_from=size) - frechet_floor(spectrum, 3, 5)
    for size in (2, 6)
  ]
  assert added[0] == pytest.approx(5 * added[1], rel=1e-9)
  assert added[0] == pytest.approx(-(1 / 3 + 1 / 5) * _bias_of_pairs(spectrum) / 2, rel=1e-9)


def test_the_smallest_samples_and_the_most_that_round_off_may_leave_below_zero():
  assert frechet_floor(np.eye(3), 1, 1) == pytest.approx(12, rel=1e-12)
  assert frechet_floor(np.array([-4e-6, 4.0]), 2, 2) == frechet_floor(np.array([0, 4.0]), 2, 2)
  with pytest.raises(UsageError, match='eigenvalues'):
    frechet_floor(np.array([np.nextafter(-4e-6, -1), 4.0]), 2, 2)


def test_wrong_use():
  with pytest.raises(UsageError, match='estimated_from=1'):
    frechet_floor(np.eye(2), 2, 2, estimated_from=1)
  for spectrum in [np.nan, 1.0], [np.inf, 1.0], [-1.0, 1.0], [-1.0, -1.0], []:
    with pytest.raises(UsageError, match='eigenvalues|empty'):
      frechet_floor(np.array(spectrum), 2, 2)
  for sizes in (0, 5), (5, 0):
    with pytest.raises(UsageError, match='samples of {} and {}'.format(*sizes)):
      frechet_floor(np.eye(2), *sizes)
