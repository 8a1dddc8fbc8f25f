"""Ids of scores: equal for scores of one measurement."""

from __future__ import annotations

import resource

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import WriteError
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.runs.score_records import Records, score_ids

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


def test_full_disk_is_told_in_one_line_and_keeps_what_was_there(tmp_path):
  records = Records(str(tmp_path))
  first, second = ({'step': step, 'definition': {}, 'definition_id': 'a'} for step in (1, 2))
  records.add(first)
  path = tmp_path / 'scores.jsonl'
  unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)
  resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 10, unlimited[1]))
  try:
    with pytest.raises(WriteError, match=f'^{path}: cannot be written'):
      records.add(second)
  finally:
    resource.setrlimit(resource.RLIMIT_FSIZE, unlimited)
  assert records.read() == [first] and path.read_text().count('\n') == 1  # And half a line.
  records.add(second)
  assert records.read() == [first, second]
