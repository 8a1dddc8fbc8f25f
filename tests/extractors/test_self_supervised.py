"""The extractor that learns without labels, and when a training ends."""

import logging

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors import trained
from tfgan_pipeline.extractors.base import ExtractorContext

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

TEXT = 'self_supervised(steps=3)'


def unlabelled(shape=(12, 12, 1), count=40, **splits) -> Dataset:
  """Random pictures under the name 'mine'; `splits` are further ones."""
  images = np.random.RandomState(0).randint(0, 256, (count, *shape)).astype(np.uint8)
  splits = {'train': MemorySplit({'image': images}), **splits}
  return Dataset.of_images('mine', shape, (), splits)


def build(dataset, cache_dir, text=TEXT):
  return registry.extractor.build(text, ExtractorContext(dataset, str(cache_dir)))


@pytest.mark.parametrize(
  'shape, count',
  [
    ((1, 2, 1), 1),
    pytest.param((70, 20, 4), 12, marks=pytest.mark.heavy),
    pytest.param((1, 1, 3), 2, marks=pytest.mark.heavy),
    pytest.param((16, 30, 3), 300, marks=pytest.mark.heavy),
    pytest.param((90, 90, 1), 20, marks=pytest.mark.heavy),
  ],
  ids=str,
)
def test_pictures_of_any_size_and_number(shape, count, tmp_path):
  extractor = build(unlabelled(shape, count), tmp_path)
  details = extractor.details
  assert details['pictures'] == (count if count < 11 else count - -(-count // 10))
  assert 0 <= details['twins_found'] <= 1
  images = np.random.RandomState(1).randint(0, 256, (5, *shape)).astype(np.uint8)
  features = extractor.features([images])
  assert features.pool.shape == (5, 128) and features.logits is None
  assert len(np.unique(features.pool, axis=0)) == 5
  slightly_darker = extractor.of_floats(np.maximum(images.astype(np.float32) - 0.2, 0))
  assert 0 < np.abs(slightly_darker - features.pool).max() < 0.1


def test_the_train_split_and_the_seed_alone_decide(tmp_path, caplog):
  caplog.set_level(logging.INFO, 'tfgan_pipeline')
  first = build(unlabelled(), tmp_path / 'one')
  assert build(unlabelled(), tmp_path / 'two').fingerprint == first.fingerprint
  assert caplog.text.count('training the self-supervised network of mine') == 2
  test_split = MemorySplit({'image': np.zeros((30, 12, 12, 1), np.uint8)})
  with_test = build(unlabelled(test=test_split), tmp_path / 'one')
  assert (with_test.fingerprint, with_test.details) == (first.fingerprint, first.details)
  assert caplog.text.count('training the self-supervised network of mine') == 2
  others = (unlabelled(), 'self_supervised(steps=3, seed=1)'), (unlabelled(count=45), TEXT)
  for dataset, text in others:
    assert build(dataset, tmp_path / 'one', text).fingerprint != first.fingerprint


@pytest.mark.heavy
def test_of_many_pictures_some_from_all_over_are_learnt(tmp_path):
  images = np.zeros((30_000, 2, 2, 1), np.uint8)
  images[15_001:] = 255
  dataset = Dataset.of_images('many', (2, 2, 1), (), {'train': MemorySplit({'image': images})})
  assert build(dataset, tmp_path).details['pictures'] == 15_000 - 256


def test_what_cannot_be_learnt_is_refused(tmp_path):
  dataset = unlabelled()
  only_test = Dataset.of_images('mine', (12, 12, 1), (), {'test': dataset.split('train')})
  for data, text, message in (
    (only_test, TEXT, 'mine has no train split to learn from; name the training data'),
    (dataset, 'self_supervised(steps=0)', 'steps=0 should be at least 1'),
    (dataset, 'self_supervised(seed=-1)', 'seed=-1 should be at least 0'),
  ):
    with pytest.raises(UsageError, match=f'^--extractor=self_supervised: {message}'):
      build(data, tmp_path, text)
  assert not list(tmp_path.iterdir())


def test_a_training_ends_when_its_accuracy_no_longer_rises(caplog):
  caplog.set_level(logging.INFO, 'tfgan_pipeline')
  model = keras.Sequential([keras.layers.InputLayer((1,)), keras.layers.Dense(2)])
  batches = tf.data.Dataset.from_tensors((tf.ones([2, 1]), tf.constant([0, 1]))).repeat()
  assert trained.fit('a line', model, batches, 120) == 120
  assert 'learnt' not in caplog.text
  rising = iter([0.1, 0.5, 0.502, 0.503, 0.504, 0.9])
  assert trained.fit('a line', model, batches, 1000, lambda: next(rising)) == 500
  assert 'a line: learnt in 500 of 1000 steps' in caplog.text


@pytest.mark.heavy
def test_a_classifier_stops_when_asked(tmp_path):
  digits = registry.dataset.build('digits(size=8)', DataOptions())
  every = build(digits, tmp_path, 'classifier(steps=700)')
  early = build(digits, tmp_path, 'classifier(steps=700, stop_early=True)')
  assert every.details['steps'] == 700 and 'stop_early' not in every.details
  assert early.details['steps'] < 700 and early.details['stop_early']
  assert early.details['accuracy'] > 0.9 and early.fingerprint != every.fingerprint
