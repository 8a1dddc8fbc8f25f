"""Metrics of pairs: facts known beforehand, and what they refuse."""

from __future__ import annotations

import math

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.ranking import better

TARGETS = np.random.RandomState(0).randint(10, 246, (5, 12, 14, 3), np.uint8)
BETTER = {
  'l1': 'lower',
  'psnr': 'higher',
  'ssim': 'higher',
  'cycle_error': 'lower',
  'feature_distance': 'lower',
}


def test_every_metric_is_tested_here_or_compares_with_captions():
  for name in registry.pair_metric.components().keys() - BETTER.keys():
    assert registry.pair_metric.function(name).needs == 'captions'
    assert better(name) == 'higher'


def score(name: str, targets: np.ndarray, outputs: np.ndarray) -> float:
  if name == 'feature_distance':
    targets, outputs = (Features(images.mean(axis=(2, 3))) for images in (targets, outputs))
  scores = registry.pair_metric.build(name, targets, outputs)
  assert scores.keys() == {name}
  return scores[name]


@pytest.mark.parametrize('name', BETTER)
def test_every_metric_falls_or_rises_with_the_error_and_knows_shapes(name):
  assert better(name) == BETTER[name]
  far, near = (score(name, TARGETS, TARGETS + np.uint8(error)) for error in (9, 1))
  assert (near < far) == (BETTER[name] == 'lower')
  if name != 'feature_distance':
    for outputs in (TARGETS[1:], TARGETS[:, 1:], TARGETS[..., :1]):
      with pytest.raises(UsageError, match='should have one shape'):
        registry.pair_metric.build(name, TARGETS, outputs)


def test_values_by_hand():
  outputs = TARGETS.copy()
  outputs[:, :6] -= 4  # Of half of the pixels.
  assert score('l1', TARGETS, outputs) == 2
  assert score('cycle_error', TARGETS, outputs) == pytest.approx(2 / 127.5)
  assert score('psnr', TARGETS, outputs) == pytest.approx(10 * math.log10(255**2 / 8))
  assert score('l1', TARGETS, TARGETS) == 0 and score('psnr', TARGETS, TARGETS) == 100
  # The mean of decibels, not the decibels of the mean.
  outputs[1:] = TARGETS[1:]
  assert score('psnr', TARGETS, outputs) == pytest.approx((10 * math.log10(255**2 / 8) + 400) / 5)


@pytest.mark.parametrize('shape', [(3, 11, 11, 1), (2, 20, 33, 3), (70, 12, 11, 3)])
def test_ssim_is_that_of_tensorflow_and_refuses_what_is_smaller_than_its_window(shape):
  random = np.random.RandomState(0)
  targets = random.randint(0, 256, shape, np.uint8)
  outputs = (0.7 * targets + 0.3 * random.randint(0, 256, shape)).astype(np.uint8)
  expected = np.mean(tf.image.ssim(targets, outputs, 255))
  assert score('ssim', targets, outputs) == pytest.approx(expected, abs=1e-5)
  assert score('ssim', targets, targets) == 1
  assert score('ssim', targets, 255 - targets) < 0  # As negatives of each other.
  with pytest.raises(UsageError, match='ssim: needs 11 pixels a side .* psnr takes any size'):
    score('ssim', targets[:, :10], outputs[:, :10])


def test_features_of_lpips_give_lpips():
  """Compares with the formula of Zhang et al. 2018, for maps and weights drawn at random."""
  random = np.random.RandomState(0)
  maps = [[random.normal(size=(2, side, side, 5)) for side in (8, 4)] for _ in range(2)]
  weights = [random.uniform(size=5) for _ in range(2)]
  expected, sets = 0.0, [[], []]
  for one, other, weight in zip(*maps, weights):
    units = [x / np.linalg.norm(x, axis=-1, keepdims=True) for x in (one, other)]
    expected += (weight * np.square(units[0] - units[1])).sum(-1).mean((1, 2)).mean()
    for rows, unit in zip(sets, units):
      rows.append((unit * np.sqrt(weight / unit[0, ..., 0].size)).reshape(2, -1))
  one, other = (Features(np.concatenate(rows, axis=1)) for rows in sets)
  found = registry.pair_metric.build('feature_distance', one, other)
  assert found == {'feature_distance': pytest.approx(expected)}
