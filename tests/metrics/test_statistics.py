"""Statistics in the place of reference features."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.statistics import Statistics


def statistics(features: Features, *, ddof: int = 1, known: bool = True) -> Statistics:
  covariance = np.cov(features.pool, rowvar=False, ddof=ddof)
  return Statistics(features.pool.mean(0), covariance, len(features) if known else None, ddof)


@pytest.mark.parametrize('n', [4, 50], ids=['fewer samples than features', 'more'])
def test_fid_is_that_of_the_samples(sample, n):
  reference, generated = sample(0, n), sample(1, 40, law=1)
  for ddof in (0, 1):
    text = f'fid(ddof={ddof})'
    expected = registry.metric.build(text, reference, generated)
    for stored in (0, 1):
      scores = registry.metric.build(text, statistics(reference, ddof=stored), generated)
      assert scores == pytest.approx(expected, rel=1e-7), (ddof, stored)


def test_without_their_number_there_is_no_floor(sample):
  unknown, generated = statistics(sample(0, 50), known=False), sample(1, 40)
  scores = registry.metric.build('fid', unknown, generated)
  expected = registry.metric.build('fid', sample(0, 50), generated)['fid']
  assert scores == pytest.approx({'fid': expected}, rel=1e-7)
  with pytest.raises(UsageError, match='ddof=0: the statistics have ddof=1, and do not say of how'):
    registry.metric.build('fid(ddof=0)', unknown, generated)


@pytest.mark.parametrize('name', [name for name in registry.metric.components() if name != 'fid'])
def test_other_metrics_refuse_them_unless_the_reference_plays_no_part(name, sample, chosen):
  reference, generated = sample(0, 50), chosen(sample(1, 40))
  try:
    scores = registry.metric.build(name, statistics(reference), generated)
  except UsageError as error:
    assert str(error).startswith('needs samples, and reference statistics hold none')
  else:
    assert scores == registry.metric.build(name, sample(2, 30, shift=9.0), generated)


def test_a_covariance_is_unbiased_unless_said_otherwise(sample):
  one = statistics(sample(0, 50))
  assert Statistics(one.mean, one.covariance, 50).covariance_with(0) == pytest.approx(
    one.covariance * 49 / 50
  )


@pytest.mark.parametrize(
  'larger, smaller, taken',
  [
    (100.0, 100.0 * (1 - 0.9e-3), True),
    (100.0, 100.0 * (1 - 1.2e-3), False),
    (0.9e-4, 0.0, True),
    (1.2e-4, 0.0, False),
  ],
)
def test_how_far_from_symmetric_a_covariance_may_be(larger, smaller, taken):
  """Asserts a difference below a thousandth of the value, or a millionth of the largest, 100."""
  covariance = np.array([[100.0, larger], [smaller, 100.0]])
  if taken:
    Statistics(np.zeros(2), covariance)
  else:
    with pytest.raises(UsageError, match='symmetric'):
      Statistics(np.zeros(2), covariance)


def test_width(sample):
  with pytest.raises(UsageError, match='features of width 6 and 5 cannot be compared'):
    registry.metric.build('fid', statistics(sample(0, 50)), sample(0, 50, width=5))


def test_it_is_an_ordinary_object_otherwise(sample):
  one = statistics(sample(0, 50))
  assert not hasattr(one, 'nonsense')
  for other in (copy.deepcopy(one), pickle.loads(pickle.dumps(one))):
    np.testing.assert_array_equal(other.covariance, one.covariance)


@pytest.mark.parametrize(
  'mean, covariance, message',
  [
    (np.zeros(3), np.eye(2), r'a mean \(3,\) and a covariance \(2, 2\) do not agree'),
    (np.zeros((1, 2)), np.eye(2), 'do not agree'),
    (np.zeros(2), np.full((2, 2), np.nan), '4 of 4 values in the covariance are NaN'),
    (np.array([0.0, np.inf]), np.eye(2), '1 of 2 values in the mean are NaN'),
    (np.zeros(2), np.array([[1.0, 0.5], [0.0, 1.0]]), 'a covariance should be symmetric'),
    (np.zeros(2), np.eye(2, dtype=int), 'should be float32 or float64, got int64'),
  ],
)
def test_refusals(mean, covariance, message):
  with pytest.raises(UsageError, match=message):
    Statistics(mean, covariance)
