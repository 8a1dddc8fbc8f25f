"""Test sets that keep their labels secret, as TFDS stores them: -1."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.extractors.base import ExtractorContext

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

tensorflow_datasets = pytest.importorskip('tensorflow_datasets')


@pytest.fixture(scope='module')
def root(tmp_path_factory, store_tfds):
  """`secret`: 64 labelled training images, 40 test images without; `all_secret`: no labels."""
  root = tmp_path_factory.mktemp('tensorflow_datasets')
  features = tensorflow_datasets.features
  described = {
    'image': features.Image(shape=(8, 8, 1)),
    'label': features.ClassLabel(names=['x', 'y', 'z']),
  }
  random = np.random.RandomState(0)

  def examples(count, hidden=False):
    return [
      {
        'image': random.randint(0, 256, (8, 8, 1), np.uint8),
        'label': -1 if hidden else index % 3,
      }
      for index in range(count)
    ]

  store_tfds(root, 'secret', described, train=examples(64), test=examples(40, hidden=True))
  store_tfds(root, 'all_secret', described, train=examples(20, hidden=True))
  return str(root)


def build(root, call='tfds(secret)', limit=1.0):
  return registry.dataset.build(call, DataOptions(root, limit))


@pytest.mark.parametrize('limit', [1.0, 0.0])
def test_are_found_whatever_holds_the_data(root, limit):
  dataset = build(root, limit=limit)
  assert dataset.num_classes == 3
  hidden = {name: split.hides_labels for name, split in dataset.splits.items()}
  assert hidden == {'train': False, 'test': True}
  without = build(root, 'tfds(all_secret)', limit)
  assert without.num_classes == 0 and without.label_names == ()
  with pytest.raises(UsageError, match='all_secret has no labels; self_supervised needs none'):
    registry.extractor.build('classifier', ExtractorContext(without, ''))


def test_images_without_labels_are_a_reference(root, tmp_path, caplog):
  logger = logging.getLogger('absl')
  propagate, logger.propagate = logger.propagate, True
  dataset = build(root)

  def score(reference_split, metrics, extractor='random_projection(4)'):
    options = EvaluationOptions(
      extractor=extractor,
      metrics=metrics,
      num_samples=30,
      reference_split=reference_split,
      cache_dir=str(tmp_path),
    )
    images = next(dataset.split('train').ordered(30))['image']
    scorer = Scorer(dataset, 'tfds(secret)', options)
    return scorer.score([images], labels=np.arange(30) % 3), scorer.definition

  try:
    for _ in range(2):  # The second time from the cache.
      caplog.clear()
      with caplog.at_level(logging.WARNING, 'absl'):
        scores, _ = score('test', 'fid')
      assert scores['fid[random_projection]'] > 0
      warnings = [record.message for record in caplog.records if 'hidden' in record.message]
      assert warnings == [
        'the labels of secret/test are hidden (-1): its images are used without labels'
      ]
  finally:
    logger.propagate = propagate
  assert score('train', 'intra_class_fid')[0]['intra_class_fid[random_projection]'] >= 0
  with pytest.raises(UsageError, match='--reference_split=test: .* hidden, .*intra_class_fid'):
    score('test', 'intra_class_fid')
  with pytest.raises(UsageError, match='--metrics=class_histogram: classes are needed'):
    score('test', 'class_histogram')
  scores, definition = score('test', 'class_histogram', 'classifier(steps=2)')
  assert scores['modes[classifier:secret]'] >= 1  # By what the classifier takes them for.
  assert definition['extractor']['accuracy_split'] == 'train'


def test_the_classifier_is_judged_on_labels_that_are_known(root, tmp_path):
  dataset = build(root, 'tfds(secret, validation=0.25)')
  context = ExtractorContext(dataset, str(tmp_path))
  found = registry.extractor.build('classifier(steps=2)', context).details
  assert found['accuracy_split'] == 'validation'


def test_health_does_not_tell_a_discriminator_labels_that_nobody_knows(root, tmp_path):
  for model, looked_at in (('gan', True), ('conditional_gan', False)):
    experiment = tiny_experiment(
      tmp_path / model,
      model=model,
      networks='mlp(units=8)',
      dataset='tfds(secret)',
      data_dir=root,
      max_steps=1,
      save_every=1,
      log_every=1,
      sample_every=1,
    )
    GANEstimator(experiment).train()
    events = b''.join(path.read_bytes() for path in (tmp_path / model).rglob('events*'))
    assert (b'discriminator_output_fixed/held_out' in events) == looked_at
    assert b'discriminator_output_fixed/train' in events
