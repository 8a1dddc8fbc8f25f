"""Intervals of scores against resamples drawn and scored one by one."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special

from tests.metrics import brute_force
from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.intervals import frechet_interval, interval_of_terms
from tfgan_pipeline.metrics.score_intervals import intervals

RESAMPLES = 40


def _interval(text: str, reference: Features, generated: Features) -> tuple[dict, dict]:
  call = registry.metric.parse(text)
  scores = registry.metric.build(text, reference, generated)
  return intervals(call, reference, generated, scores, resamples=RESAMPLES), scores


def _times(count: int) -> list[np.ndarray]:
  """Counts of each sample in each resample, int [resamples, samples]."""
  random = np.random.Generator(np.random.PCG64(0))
  return [random.multinomial(count, np.full(count, 1 / count)) for _ in range(RESAMPLES)]


def _percentiles(values: list[float]) -> list[float]:
  """Percentiles 2.5 and 97.5, by linear interpolation."""
  places = np.array([0.025, 0.975]) * (len(values) - 1)
  return list(np.interp(places, np.arange(len(values)), np.sort(values)))


@pytest.fixture
def pair(sample):
  """Generated samples among the real ones and apart, some of them copies."""
  real, fake = sample(0, 40), sample(1, 30, shift=0.5)
  pool = np.concatenate([fake.pool[:20], real.pool[:5] + 1e-3, fake.pool[25:] + 9])
  return real, Features(pool, fake.logits)


def test_inception_score(pair):
  """Resamples are scored as one split by entropies, and moved as the mean over splits is."""
  p = scipy.special.softmax(pair[1].logits, axis=1)
  entropy = scipy.special.entr(p).sum(axis=1)

  def score(times):
    return np.exp(scipy.special.entr(times @ p / 30).sum() - times @ entropy / 30)

  found, scores = _interval('inception_score(splits=3)', *pair)
  shift = scores['inception_score'] - score(np.ones(30))
  expected = _percentiles([score(times) + shift for times in _times(30)])
  assert list(found) == ['inception_score_low', 'inception_score_high']
  assert list(found.values()) == pytest.approx(expected, rel=1e-9)


def test_a_class_that_no_sample_can_be_of_leaves_the_interval_finite():
  logits = 1e4 * np.eye(3)[np.arange(8) % 2]
  samples = Features(np.zeros((8, 1)), logits)
  found, _ = _interval('inception_score(splits=1)', samples, samples)
  assert 1 <= found['inception_score_low'] <= found['inception_score_high'] <= 2


@pytest.mark.parametrize('metric, closed', [('precision_recall', True), ('prdc', False)])
def test_precision(metric, closed):
  """Points lie on a lattice: many distances are equal, so borders of neighbourhoods matter."""
  random = np.random.default_rng(0)
  real, fake = random.integers(0, 12, (25, 2)) * 1.0, random.integers(0, 16, (30, 2)) * 1.0
  between, radii = brute_force.squared_distances(real, fake), brute_force.kth_other(real, 2)
  inside = between <= radii[:, None] if closed else between < radii[:, None]
  share = inside.any(axis=0)
  score = 'precision' if closed else 'prdc_precision'
  found, scores = _interval(f'{metric}(k=2)', Features(real), Features(fake))
  assert scores[score] == share.mean() and 0.1 < share.mean() < 0.9
  expected = _percentiles([times @ share / 30 for times in _times(30)])
  assert found == pytest.approx(dict(zip((f'{score}_low', f'{score}_high'), expected)))


def test_memorised(pair):
  found, scores = _interval('memorised', *pair)
  own, between = (
    brute_force.kth_other(pair[0].pool, 1),
    brute_force.squared_distances(pair[0].pool, pair[1].pool),
  )
  copies = between.min(axis=0) < own[between.argmin(axis=0)]
  assert scores['memorised'] == copies.mean() > 0
  expected = _percentiles([times @ copies / 30 for times in _times(30)])
  assert list(found.values()) == pytest.approx(expected)


@pytest.mark.parametrize('ddof', [0, 1])
def test_fid(sample, ddof):
  sets = sample(0, 60), sample(1, 50)
  found, _ = _interval(f'fid(ddof={ddof})', *sets)
  low, high = frechet_interval(*sets, resamples=RESAMPLES, ddof=ddof)
  assert found == {'fid_low': low, 'fid_high': high}


def test_a_metric_without_interval(pair):
  assert _interval('kid(subsets=2)', *pair)[0] == {}


def test_what_is_taken_unless_given(sample):
  sets = sample(0, 60), sample(1, 50)
  given = dict(blocks=20, resamples=200, seed=0, level=0.95, ddof=1)
  assert frechet_interval(*sets) == frechet_interval(*sets, **given)
  terms = sets[0].pool[:, 0]
  given = dict(resamples=1000, seed=0, level=0.95)
  assert interval_of_terms(terms) == interval_of_terms(terms, **given)


@pytest.mark.parametrize('level', [0.5, 0.95])
def test_terms_of_their_own_mean(level):
  terms = np.random.default_rng(0).exponential(size=15)
  means = np.sort([times @ terms / 15 for times in _times(15)])
  expected = np.interp(
    np.array([1 - level, 1 + level]) / 2 * (RESAMPLES - 1), np.arange(RESAMPLES), means
  )
  assert interval_of_terms(terms, resamples=RESAMPLES, level=level) == pytest.approx(expected)
