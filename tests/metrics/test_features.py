"""Inputs that Features accepts, and messages about those that it refuses."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features


@pytest.mark.parametrize('dtype', [np.float32, np.float64])
def test_holds_what_it_is_given(dtype):
  features = Features(np.ones((3, 5), dtype), np.zeros((3, 2), dtype))
  assert (len(features), features.width) == (3, 5)
  assert features.require_logits() is features.logits
  with pytest.raises(dataclasses.FrozenInstanceError):
    features.pool = np.zeros((3, 5))


def test_the_least_and_the_largest_that_is_taken():
  features = Features(np.array([[-1e20, 1e20], [0.0, 1.0]]), labels=np.array([0, 0]))
  assert len(features) == 2


def _with(value, count, dtype=np.float64):
  pool = np.ones((4, 5), dtype)
  pool.flat[:count] = value
  return pool


@pytest.mark.parametrize(
  'pool, message',
  [
    (np.ones(4), r'pool features should be a numpy array of 2 dimensions.*ndarray.*\(4,\)'),
    (np.ones((4, 2, 2)), r'\(4, 2, 2\)'),
    ([[1.0, 2.0], [3.0, 4.0]], 'got list'),
    (np.ones((4, 5), np.uint8), 'float32 or float64, got uint8'),
    (np.ones((4, 5), np.float16), 'got float16'),
    (np.ones((1, 5)), 'at least 2 samples.*got 1'),
    (np.ones((0, 5)), r'empty: shape \(0, 5\)'),
    (np.ones((4, 0)), r'empty: shape \(4, 0\)'),
    (_with(np.nan, 3), '^3 of 20 values in pool features are NaN'),
    (_with(np.nan, 1, np.float32), '^1 of 20'),
    (_with(np.inf, 20), '^20 of 20'),
    (_with(-np.inf, 2), '^2 of 20'),
    (_with(1.01e20, 2), '^2 of 20 .* beyond 1e'),
    (np.array([[1e20, np.inf], [-1e20, 0.0]]), '^1 of 4'),
  ],
)
def test_bad_pool_is_refused_in_one_line(pool, message):
  with pytest.raises(UsageError, match=message) as caught:
    Features(pool)
  assert '\n' not in str(caught.value)


@pytest.mark.parametrize(
  'logits, message',
  [
    (np.ones((3, 2)), '4 rows of pool features but 3 of logits'),
    (np.ones(4), 'logits should be'),
    (np.full((4, 2), np.nan), '8 of 8 values in logits'),
  ],
)
def test_bad_logits_are_refused(logits, message):
  with pytest.raises(UsageError, match=message):
    Features(np.ones((4, 5)), logits)


def test_requirements():
  with pytest.raises(UsageError, match='logits are needed'):
    Features(np.ones((4, 5))).require_logits()
  with pytest.raises(UsageError, match='width 5 and 6'):
    Features(np.ones((4, 5))).require_same_width(Features(np.ones((4, 6))))
  Features(np.ones((4, 5))).require_same_width(Features(np.ones((9, 5))))


def test_classes():
  pool, logits = np.ones((3, 5)), np.array([[0.0, 2.0], [1.0, 0.0], [0.0, 1.0]])
  labels = np.array([4, 0, 4], np.uint8)
  assert Features(pool, logits).classes().tolist() == [1, 0, 1]
  assert Features(pool, logits, labels).classes() is labels
  assert Features(pool, labels=labels).classes() is labels
  with pytest.raises(UsageError, match='classes are needed'):
    Features(pool).classes()


@pytest.mark.parametrize(
  'labels, message',
  [
    ([0, 1, 0], r'shape \(3,\), got list'),
    (np.zeros(2, int), r'got ndarray of shape \(2,\)'),
    (np.zeros((3, 1), int), r'shape \(3, 1\)'),
    (np.zeros(3), 'integers from 0, got float64'),
    (np.array([0, -1, 2]), 'got int64 from -1'),
  ],
)
def test_bad_labels_are_refused(labels, message):
  with pytest.raises(UsageError, match=message) as caught:
    Features(np.ones((3, 5)), labels=labels)
  assert '\n' not in str(caught.value)


def test_held_out_is_made_when_asked_for():
  made = []
  features = Features(np.ones((3, 5)), held_out=lambda: made.append(1) or Features(np.ones((2, 5))))
  assert not made
  assert len(features.held_out()) == 2 and made == [1]
