"""Facts about real images and the real Inception network: scores of CIFAR-10 against itself.

They were measured elsewhere with the network of 2015, and hold for the original images only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.verification.facts import Fact, Skip


def cifar10_facts(features_of: Callable[[str], Features]) -> list[Fact]:
  """All of them.

  Args:
    features_of: Split name -> Inception's features of all its images in their order; raises Skip
      where there are no weights or no data.
  """

  def few(split: str, count: int, seed: int) -> Features:
    features = features_of(split)
    if len(features) < count:
      raise Skip(f'the {split} split has {len(features)} images, {count} are needed')
    rows = np.random.RandomState(seed).choice(len(features), count, replace=False)
    return Features(features.pool[rows], features.require_logits()[rows])

  def whole(split: str, count: int) -> Features:
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
    def measured() -> float:
      reference, generated = (make() for make in sets)
      return registry.metric.build(text, reference, generated)[name]

    return Fact(f'CIFAR-10{what}: {name}', expected, tolerance, measured)

  train, test = (lambda: whole('train', 50000)), (lambda: whole('test', 10000))
  # Which 5,000 is not laid down; 256 are, and each splits' are drawn by a generator of its own.
  train_5k, test_5k = (lambda: few('train', 5000, 0)), (lambda: few('test', 5000, 1))
  train_256, test_256 = (lambda: few('train', 256, 2020)), (lambda: few('test', 256, 2020))
  kid = 'kid(subset_size=64, seed=2020)'
  return [
    fact(' train and test', 'fid', 'fid', 3.1, 0.1, train, test),
    fact(', 5,000 and 5,000', 'fid', 'fid', 10.32, 0.3, train_5k, test_5k),
    fact(' train', 'inception_score', 'inception_score', 11.237, 0.1, train, train),
    fact(' train', 'inception_score', 'inception_score_std', 0.095, 0.07, train, train),
    fact(', 256 and 256', 'fid', 'fid', 110.2808, 0.1, train_256, test_256),
    # Ten splits of 25 images depend much on the permutation, which is another one here.
    fact(', 256', 'inception_score', 'inception_score', 6.6754, 0.6, train_256, train_256),
    fact(', 256 and 256', kid, 'kid', -0.00067925, 1e-5, train_256, test_256),
  ]
