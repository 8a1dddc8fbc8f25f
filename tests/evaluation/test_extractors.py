"""Extractors and the cache of reference features."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.memory_split import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.extractor import ExtractorContext, digest
from tfgan_pipeline.evaluation.reference import reference_features

EXTRACTORS = {'classifier': 'classifier(steps=5)', 'random_projection': 'random_projection'}


@pytest.fixture(scope='module')
def dataset() -> Dataset:
  return registry.dataset.build('digits(size=12)', DataOptions())


def test_all_extractors_are_here():
  assert set(registry.extractor.components()) == set(EXTRACTORS)


@pytest.mark.parametrize('text', EXTRACTORS.values())
def test_contract(text, dataset, tmp_path):
  context = ExtractorContext(dataset, str(tmp_path))
  extractor = registry.extractor.build(text, context)
  images = np.concatenate([images for images, _ in dataset.split('test').ordered(64)])
  whole = extractor.features([images])
  assert whole.pool.shape[0] == len(images) and whole.pool.dtype == np.float32
  in_parts = extractor.features(np.array_split(images, 7))
  np.testing.assert_allclose(in_parts.pool, whole.pool, atol=1e-5)
  again = registry.extractor.build(text, context)
  assert again.fingerprint == extractor.fingerprint and again.details == extractor.details
  np.testing.assert_array_equal(again.features([images]).pool, whole.pool)


def test_another_seed_is_another_extractor(dataset, tmp_path):
  context = ExtractorContext(dataset, str(tmp_path))
  one, other = (
    registry.extractor.build(f'random_projection(seed={seed})', context) for seed in (0, 1)
  )
  assert one.fingerprint != other.fingerprint


def test_classifier_needs_labels(tmp_path):
  images = np.zeros((4, 8, 8, 1), np.uint8)
  unlabelled = Dataset('mine', (8, 8, 1), 0, (), {'train': MemorySplit(images)})
  with pytest.raises(UsageError, match='--extractor=classifier: mine has no labels'):
    registry.extractor.build('classifier', ExtractorContext(unlabelled, str(tmp_path)))


def test_reference_cache_follows_the_content_of_the_data(tmp_path):
  images = np.random.RandomState(0).randint(0, 256, (20, 8, 8, 1)).astype(np.uint8)

  def features(pixels):
    data = Dataset('mine', (8, 8, 1), 0, (), {'train': MemorySplit(pixels)})
    extractor = registry.extractor.build('random_projection', ExtractorContext(data, ''))
    return reference_features(data, 'train', extractor, str(tmp_path))

  first = features(images)
  np.testing.assert_array_equal(features(images).pool, first.pool)
  assert len(list((tmp_path / 'reference').iterdir())) == 1
  changed = images.copy()
  changed[3, 2, 1] ^= 1
  assert not np.array_equal(features(changed).pool, first.pool)
  assert len(list((tmp_path / 'reference').iterdir())) == 2


def test_digest_sees_shape_dtype_and_values():
  array = np.arange(6, dtype=np.float32)
  digests = {
    digest(array),
    digest(array.reshape(2, 3)),
    digest(array.astype(np.float64)),
    digest(array + 1),
    digest('a', array),
    digest('b', array),
  }
  assert len(digests) == 6
