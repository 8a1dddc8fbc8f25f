"""Class frequencies: closed forms, scipy's divergences, and where the classes come from."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.spatial.distance
import scipy.stats

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.classes.histogram import class_histogram
from tfgan_pipeline.metrics.features import Features


def _labelled(*counts: int) -> Features:
  labels = np.repeat(np.arange(len(counts)), counts)
  return Features(np.zeros((len(labels), 1)), labels=labels)


def test_equal_frequencies_are_at_zero():
  scores = class_histogram(_labelled(10, 20, 30), _labelled(1, 2, 3))
  assert (scores['modes_covered'], scores['modes']) == (3, 3)
  assert [scores[f'class_{name}'] for name in ('tv', 'js', 'emd')] == pytest.approx([0, 0, 0])
  assert scores['class_kl'] == pytest.approx(0, abs=1e-3)


def test_lost_modes():
  scores = class_histogram(_labelled(10, 10, 10, 10), _labelled(0, 30, 0, 0))
  assert (scores['modes_covered'], scores['modes']) == (1, 4)
  assert scores['class_tv'] == 0.75
  assert scores['class_kl'] == pytest.approx(np.log(4))
  assert scores['class_emd'] == pytest.approx(1)  # A quarter each by one, none, one and two.


def test_classes_that_no_real_sample_has():
  scores = class_histogram(_labelled(10, 0, 0), _labelled(0, 0, 10))
  assert (scores['modes_covered'], scores['modes']) == (1, 2)
  assert (scores['class_tv'], scores['class_emd']) == (1, 2)
  assert scores['class_js'] == pytest.approx(np.log(2))
  assert scores['class_kl'] == pytest.approx(np.log(11 / 0.5))


def test_one_sample_makes_a_mode():
  scores = class_histogram(_labelled(9, 1, 0, 0), _labelled(9, 0, 0, 1))
  assert (scores['modes_covered'], scores['modes']) == (2, 3)


def test_agrees_with_scipy():
  real, fake = (40, 3, 17, 0, 20), (1, 30, 9, 0, 10)
  p, q = np.divide(real, sum(real)), np.divide(fake, sum(fake))
  scores = class_histogram(_labelled(*real), _labelled(*fake))
  js = scipy.spatial.distance.jensenshannon(p, q) ** 2
  emd = scipy.stats.wasserstein_distance(range(5), range(5), p, q)
  smooth = np.array([40.5, 3.5, 17.5, 20.5])
  kl = scipy.stats.entropy(q[[0, 1, 2, 4]], smooth)
  assert scores['class_js'] == pytest.approx(js)
  assert scores['class_emd'] == pytest.approx(emd)
  assert scores['class_kl'] == pytest.approx(kl)
  assert scores['class_tv'] == pytest.approx(np.abs(p - q).sum() / 2)
  swapped = class_histogram(_labelled(*fake), _labelled(*real))
  assert swapped['class_js'] == pytest.approx(js)
  assert swapped['class_kl'] != pytest.approx(kl)


def test_what_was_asked_for_does_not_count():
  real = Features(np.zeros((4, 1)), np.eye(2)[[0, 0, 1, 1]], np.array([1, 0, 1, 0]))
  collapsed = Features(np.zeros((4, 1)), np.eye(2)[[0, 0, 0, 0]], np.array([0, 0, 1, 1]))
  assert class_histogram(real, collapsed)['modes_covered'] == 1
  # Labels count where the extractor sees no classes on one side.
  unseen = Features(real.pool, labels=real.labels)
  for sets in (unseen, collapsed), (collapsed, unseen):
    assert class_histogram(*sets)['class_tv'] == 0
  with pytest.raises(UsageError, match='classes are needed'):
    class_histogram(real, Features(np.zeros((4, 1))))
