"""ROC, precision and recall, against scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn import metrics

from tfgan_pipeline.anomaly.curves import Curves
from tfgan_pipeline.errors import UsageError


@pytest.mark.parametrize('decimals', [9, 1, 0])
def test_areas_with_and_without_equal_scores(decimals):
  random = np.random.RandomState(decimals)
  truth = random.rand(300) < 0.3
  scores = np.round(random.randn(300) + truth, decimals)
  curves = Curves(scores, truth)
  assert curves.auroc == pytest.approx(metrics.roc_auc_score(truth, scores))
  assert curves.average_precision == pytest.approx(metrics.average_precision_score(truth, scores))
  alarms, hits, _ = metrics.roc_curve(truth, scores, drop_intermediate=False)
  np.testing.assert_allclose(curves.false_alarms, alarms)
  np.testing.assert_allclose(curves.hits, hits)


def test_intervals_are_those_of_resampled_pictures():
  random = np.random.RandomState(0)
  truth = np.arange(200) < 60
  scores = random.randn(200) + truth
  (low, high) = Curves(scores, truth).intervals(resamples=400)['auroc']
  by_hand = []
  for _ in range(400):
    rows = np.concatenate([random.randint(0, 60, 60), random.randint(60, 200, 140)])
    by_hand.append(metrics.roc_auc_score(truth[rows], scores[rows]))
  np.testing.assert_allclose([low, high], np.quantile(by_hand, [0.025, 0.975]), atol=0.015)


def test_separated_scores_have_no_width():
  curves = Curves(np.arange(10.0), np.arange(10) > 6)
  assert [curves.auroc, curves.average_precision] == pytest.approx([1, 1])
  for ends in curves.intervals(resamples=20).values():
    assert ends == pytest.approx((1, 1))
  assert Curves(-np.arange(10.0), np.arange(10) > 6).auroc == 0


@pytest.mark.parametrize('truth', [np.ones(3, bool), np.zeros(3, bool)])
def test_one_side_alone_has_no_curve(truth):
  with pytest.raises(UsageError, match='normal and anomalous'):
    Curves(np.arange(3.0), truth)
