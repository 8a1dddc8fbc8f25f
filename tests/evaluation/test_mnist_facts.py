"""Scores of sets of real MNIST images, against the known quality of the sets."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.metrics.features import Features

pytestmark = pytest.mark.heavy


@pytest.fixture(scope='module')
def features(data_dir, tmp_path_factory):
  """A function: the name of a split -> its features by the classifier."""
  dataset = registry.dataset.build('tfds(mnist)', DataOptions(data_dir))
  context = ExtractorContext(dataset, str(tmp_path_factory.mktemp('cache')))
  extractor = registry.extractor.build('classifier', context)
  assert extractor.details['accuracy'] > 0.98
  return lambda split: extractor.features(
    batch['image'] for batch in dataset.split(split).ordered(1024)
  )


@pytest.fixture(scope='module')
def train(features):
  return features('train')


def rows(features: Features, chosen) -> Features:
  return Features(features.pool[chosen], features.logits[chosen])


def scores(reference, generated) -> dict[str, float]:
  names = 'fid, precision_recall, prdc, class_histogram, memorised'
  found = registry.metric.build_all(names, reference, generated)
  return {name: value for result in found for name, value in result.items()}


def test_known_sets(features, train):
  order = np.random.Generator(np.random.PCG64(0)).permutation(len(train))
  half, other = rows(train, order[:30_000]), rows(train, order[30_000:])
  fid = registry.metric.build('fid', half, other)
  print(f'halves: FID {fid["fid"]:.4f}, floor {fid["fid_floor"]:.4f}')
  assert fid['fid'] == pytest.approx(fid['fid_floor'], rel=0.1)

  reference, fresh = rows(train, order[:10_000]), features('test')
  good = scores(reference, fresh)
  collapsed = scores(reference, rows(train, order[10_000:][train.classes()[order[10_000:]] == 3]))
  copied = scores(reference, rows(train, order[:5_000]))
  for name, found in {'fresh': good, 'one class': collapsed, 'copied': copied}.items():
    print(name, {key: round(value, 3) for key, value in found.items()})
  assert collapsed['modes_covered'] == 1 and collapsed['modes'] == 10
  assert collapsed['recall'] < 0.2 and collapsed['coverage'] < 0.2
  assert collapsed['precision'] > 0.8 * good['precision']
  assert good['modes_covered'] == 10 and good['recall'] > 0.8 and good['coverage'] > 0.9
  assert copied['auth_pct'] < 1 and good['auth_pct'] > 40
