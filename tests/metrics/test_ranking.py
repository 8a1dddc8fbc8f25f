"""Declared directions, checked against what metrics return and where they point."""

from __future__ import annotations

import pytest

from tests.metrics.kinds import METRICS
from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.ranking import better, declared, lower_is_better


def test_every_declared_score_is_one_that_its_metric_returns(sample, chosen):
  for name in METRICS:
    directions = getattr(registry.metric.function(name), 'better', {})
    assert set(directions.values()) <= {'lower', 'higher'}, name
    if directions:
      scores = registry.metric.build(name, sample(0, 60), chosen(sample(1, 60)))
      other = {'kid': {'cmmd'}}.get(name, set())  # A score of the metric with another kernel.
      assert set(directions) - other <= set(scores), name


def test_a_better_generator_ranks_first(sample):
  reference, good, bad = sample(0, 100), sample(1, 100), sample(2, 100, law=1, shift=3.0)
  good, bad = Features(good.pool, 3 * good.logits), Features(bad.pool, 0.1 * bad.logits)
  for score in ('fid', 'kid', 'inception_score'):
    first, second = (
      registry.metric.build(score, reference, generated)[score] for generated in (good, bad)
    )
    assert (first < second) == (better(f'{score}[inception]') == 'lower'), score


def test_a_score_without_direction(register):
  with pytest.raises(UsageError, match='kid_std: no score that ranks; there are auth_pct, '):
    better('kid_std[inception]')

  @lower_is_better('mine')
  def mine(reference, generated):
    """Mine."""

  register(registry.metric, mine)
  assert better('mine') == 'lower' and 'mine' in declared()


def test_the_score_of_no_registry():
  assert better('perceptual_path_length[classifier:digits]') == 'lower'
