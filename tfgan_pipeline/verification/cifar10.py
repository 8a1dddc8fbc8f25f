"""Facts about real images and the real Inception network: scores of CIFAR-10 against itself.

The expected values were measured by other software with the Inception network of 2015, and hold for
the original images only. Those of 256 images are in the tests of torch-fidelity.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.verification.facts import Fact, Skip


def cifar10_facts(features_of: Callable[[str], Features]) -> list[Fact]:
  """Returns the facts about CIFAR-10.

  Args:
    features_of: Name of a split -> Inception features of all its images in stored order; raises
      Skip if weights or data are missing.
  """

  def draw_subset(split: str, count: int, seed: int) -> Features:
    """Draws features of `count` images of a split."""
    features = features_of(split)
    if len(features) < count:
      raise Skip(f'the {split} split has {len(features)} images, {count} are needed')
    rows = np.random.RandomState(seed).choice(len(features), count, replace=False)
    return Features(features.pool[rows], features.require_logits()[rows])

  def whole_split(split: str, count: int) -> Features:
    """Returns the features of a split, which must have `count` images."""
    features = features_of(split)
    if len(features) != count:
      raise Skip(f'the {split} split has {len(features)} images, {count} are needed')
    return features

  def fact(
    what: str,
    text: str,
    name: str,
    expected: float,
    tolerance: float,
    *sets: Callable[[], Features],
  ) -> Fact:
    """Returns the fact that score `name` of metric `text` on two sets is `expected`."""

    def measure() -> float:
      reference, generated = (make() for make in sets)
      return registry.metric.build(text, reference, generated)[name]

    return Fact(f'CIFAR-10{what}: {name}', expected, tolerance, measure)

  train, test = (lambda: whole_split('train', 50000)), (lambda: whole_split('test', 10000))
  # Any 5,000 images will do. The 256 images are prescribed: those of torch-fidelity's seed 2020,
  # with a generator of its own for each split.
  train_5k, test_5k = (
    (lambda: draw_subset('train', 5000, 0)),
    (lambda: draw_subset('test', 5000, 1)),
  )
  train_256, test_256 = (
    (lambda: draw_subset('train', 256, 2020)),
    (lambda: draw_subset('test', 256, 2020)),
  )
  kid = 'kid(subset_size=64, seed=2020)'
  return [
    fact(' train and test', 'fid', 'fid', 3.1, 0.1, train, test),
    fact(', 5,000 and 5,000', 'fid', 'fid', 10.32, 0.3, train_5k, test_5k),
    fact(' train', 'inception_score', 'inception_score', 11.237, 0.1, train, train),
    fact(' train', 'inception_score', 'inception_score_std', 0.095, 0.07, train, train),
    fact(', 256 and 256', 'fid', 'fid', 110.2808, 0.1, train_256, test_256),
    # Splits of 25 images depend much on the permutation, which is not torch-fidelity's here.
    fact(', 256', 'inception_score', 'inception_score', 6.6754, 0.6, train_256, train_256),
    fact(', 256 and 256', kid, 'kid', -0.00067925, 1e-5, train_256, test_256),
  ]
