"""What makes two scores the same measurement."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.evaluation.options import EvaluationOptions
from tfgan_pipeline.evaluation.records import score_ids
from tfgan_pipeline.evaluation.scorer import Scorer

IMAGES = np.random.RandomState(0).randint(0, 256, (60, 8, 8, 1)).astype(np.uint8)


@pytest.fixture(scope='module')
def ids(cache_dir):
  """A function: options -> the ids of the scores made with them, by name without extractor."""
  dataset = registry.dataset.build('digits(size=8)', DataOptions())

  def ids(**values) -> dict[str, str]:
    values = {'extractor': 'random_projection', 'metrics': 'fid', 'num_samples': 60, **values}
    scorer = Scorer(dataset, 'digits(size=8)', EvaluationOptions(**values, cache_dir=cache_dir))
    scores = scorer.score([IMAGES])
    found = score_ids(scorer.definition, scorer.metric_of)
    assert set(found) == set(scores)
    return {name.split('[')[0]: value for name, value in found.items()}

  return ids


def test_another_metric_beside_it_or_another_seed_is_the_same_measurement(ids):
  alone = ids()
  assert set(alone) == {'fid', 'fid_floor', 'fid_above_floor'} and len(set(alone.values())) == 3
  both = ids(metrics='kid(subsets=3), fid()', sample_seed=5)
  assert both.items() > alone.items() and both['kid'] not in alone.values()


def test_whatever_changes_the_score_changes_its_id(ids):
  others = [
    {},
    {'metrics': 'fid(ddof=0)'},
    {'num_samples': 50},
    {'reference_split': 'test'},
    {'extractor': 'random_projection(seed=1)'},
  ]
  assert len({ids(**values)['fid'] for values in others}) == len(others)
