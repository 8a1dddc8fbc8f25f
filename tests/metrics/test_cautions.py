"""Warnings about few samples and about duplicates, beside scores."""

from __future__ import annotations

import numpy as np
import pytest

from tests.metrics.kinds import METRICS
from tfgan_pipeline import registry
from tfgan_pipeline.metrics.cautions import caution
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.neighbours.memorised import memorised


def say(text: str, reference: Features, generated: Features) -> str:
  return caution(registry.metric.parse(text), reference, generated)


@pytest.fixture
def pair(sample, chosen):
  return chosen(sample(0, 500)), chosen(sample(1, 600))


@pytest.mark.parametrize('name', METRICS)
def test_plenty_of_different_samples_need_no_caution(name, pair):
  text = {'kid': 'kid(subset_size=100)'}.get(name, name)
  assert say(text, *pair) == ''


def test_an_inception_score_of_small_splits(sample):
  x = sample(0, 30, classes=4)
  few = sample(1, 12, classes=4)
  assert 'splits of 1 samples, which cannot score above 1' in say('inception_score', x, few)
  assert 'splits of 12 samples' in say('inception_score(splits=1)', x, few)
  scores = {
    splits: registry.metric.build(f'inception_score(splits={splits})', x, few)['inception_score']
    for splits in (1, 6, 12)
  }
  assert scores[12] == pytest.approx(1, abs=1e-12) and scores[6] <= 2 and scores[1] > scores[6]
  assert say('inception_score', x, sample(1, 400, classes=4)) == ''
  assert say('inception_score', x, sample(1, 10_000, classes=300)) == ''


def test_subsets_smaller_than_asked_for(sample):
  whole = say('kid', sample(0, 40), sample(1, 40))
  assert 'subsets have 40 samples, not the 1000 asked for, and each is a whole set' in whole
  part = say('kid', sample(0, 50), sample(1, 40))
  assert 'subsets have 40 samples' in part and 'whole' not in part
  assert say('kid(kernel=rbf)', sample(0, 40), sample(1, 40)) == ''


@pytest.mark.parametrize('text', ['precision_recall(k=2)', 'prdc(k=2)'])
def test_neighbourhoods_of_radius_zero(text, sample):
  x, y = sample(0, 30).pool, sample(1, 20).pool
  x[:3] = x[0]  # Each has two duplicates.
  assert '3 real samples have 2 or more duplicates' in say(text, Features(x), Features(y))
  y[:4] = y[0]
  found = say(text, Features(x), Features(y))
  assert '3 real and 4 generated samples have 2 or more duplicates' in found
  copy = Features(np.repeat(x[:1], 5, axis=0))
  scores = registry.metric.build(text, Features(x), copy)
  is_closed = text.startswith('precision_recall')
  inside = scores.get('precision', scores.get('prdc_precision'))
  assert inside == (1 if is_closed else 0)


def test_copies_of_duplicates_are_counted_apart(sample):
  x = sample(0, 30).pool
  x[:2] = x[0]
  y = np.concatenate([x[[0, 0, 5]], sample(1, 7).pool + 50])
  found = memorised(Features(x), Features(y))
  assert found['memorised'] == 0.1 and found['memorised_duplicates'] == 0.2
  assert found['auth_pct'] == 90
  assert 'memorised_duplicates' not in memorised(sample(0, 30), Features(y))
  assert '2 of 30 training images have a duplicate' in say('memorised', Features(x), Features(y))


def test_auth_pct_is_100_for_what_is_far_and_0_for_copies(sample):
  x = sample(0, 30)
  assert memorised(x, Features(x.pool + 1e3))['auth_pct'] == 100
  assert memorised(x, Features(x.pool[:9] + 1e-9))['auth_pct'] == 0
