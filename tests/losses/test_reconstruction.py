"""Distances from a reconstruction, against sums written out."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf

# Two images of 2 x 3 pixels and 2 channels, and what became of them.
IMAGES, DECODED = np.random.default_rng(0).uniform(-0.9, 0.9, (2, 2, 2, 3, 2)).astype(np.float32)


def cross_entropy(images, decoded):
  """Cross-entropies of brightness, (value + 1) / 2, against sums written out."""
  wanted, found = (images + 1.0) / 2, (decoded + 1.0) / 2
  return -(wanted * np.log(found) + (1 - wanted) * np.log(1 - found))


TERMS = {
  'bernoulli': cross_entropy,
  'squared_error': lambda images, decoded: (images - decoded) ** 2 / 2,
  'absolute_error': lambda images, decoded: np.maximum(images - decoded, decoded - images),
}


@pytest.mark.parametrize('name', registry.reconstruction.components())
def test_sums_over_the_pixels_of_each_image(name):
  found = registry.reconstruction.build(name)(tf.constant(IMAGES), tf.constant(DECODED))
  expected = TERMS[name](IMAGES.astype(np.float64), DECODED.astype(np.float64))
  np.testing.assert_allclose(found, expected.sum(axis=(1, 2, 3)), rtol=1e-5)


def test_black_and_white_are_never_impossible():
  """A brightness decoded as 0 or 1 is taken for 1e-6 from there: the logarithm is finite."""
  black, white = -tf.ones([1, 1, 1, 1]), tf.ones([1, 1, 1, 1])
  distance = registry.reconstruction.build('bernoulli')
  for right, wrong in (black, white), (white, black):
    assert float(distance(right, wrong)[0]) == pytest.approx(-np.log(1e-6), abs=0.05)
    assert float(distance(right, right)[0]) == pytest.approx(1e-6, abs=2e-7)
