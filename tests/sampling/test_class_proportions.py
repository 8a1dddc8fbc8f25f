"""Classes of samples in the proportions of the data."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.sampling.class_proportions import ClassTurns

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


def test_equal_counts_go_by_turns():
  turns = ClassTurns([7, 7, 7])
  np.testing.assert_array_equal(turns[range(100)], np.arange(100) % 3)
  assert turns.are_uniform and not ClassTurns([7, 7, 6]).are_uniform


@pytest.mark.parametrize('counts', [[90, 10], [1, 0, 5], [5421, 6742, 5851], [3] * 9 + [2]])
def test_every_beginning_has_the_proportions(counts):
  turns, counts = ClassTurns(counts), np.array(counts)
  classes = turns[range(counts.sum())]
  np.testing.assert_array_equal(np.bincount(classes, minlength=len(counts)), counts)
  for size in (1, 2, 3, 5, 10, counts.sum() // 2):
    found = np.bincount(turns[range(size)], minlength=len(counts))
    assert np.abs(found - size * counts / counts.sum()).max() <= 1
  np.testing.assert_array_equal(ClassTurns(counts)[[4, 0, 4]], classes[[4, 0, 4]])


def data_of(register, name, share):
  """Registers a data set of 100 grey images, of which one in `share` is of class 1."""

  def made(options):
    """Two brightnesses."""
    label = np.arange(100) % share == share - 1
    image = np.where(label, 250, 5)[:, None, None, None] * np.ones((1, 16, 16, 1))
    split = MemorySplit({'image': image.astype(np.uint8), 'label': label.astype(np.int32)})
    return Dataset.of_images(name, (16, 16, 1), ('dark', 'light'), {'train': split})

  made.__name__ = name
  register(registry.dataset, made)


@pytest.fixture(scope='module')
def conditional(tmp_path_factory, register_in_module):
  """An estimator of a run whose generator reads the class; nine in ten images are of class 0."""
  data_of(register_in_module, 'uneven', 10)
  path = tmp_path_factory.mktemp('conditional') / 'run'
  estimator = GANEstimator(tiny_experiment(path, dataset='uneven', model='conditional_gan'))
  estimator.train()
  return estimator


def test_a_generator_is_asked_for_the_classes_of_the_reference(conditional, options, register):
  seen = []

  def look(reference, generated) -> dict[str, float]:
    """Looks."""
    seen.append((generated.labels, generated.pool))
    return {'look': 0.0}

  register(registry.metric, look)
  for value in ('data', 'uniform'):
    chosen = dataclasses.replace(options, metrics='look, fid', label_proportions=value)
    conditional.evaluate(options=chosen)
  (labels, pool), (uniform_labels, uniform_pool) = seen[-3], seen[-1]  # Metrics are tried first.
  np.testing.assert_array_equal(labels, ClassTurns([90, 10])[range(64)])
  np.testing.assert_array_equal(uniform_labels, np.arange(64) % 2)
  same = labels == uniform_labels
  assert 20 < same.sum() < 50
  np.testing.assert_allclose(pool[same], uniform_pool[same], atol=1e-5)
  assert (np.abs(pool - uniform_pool)[~same].max(axis=1) > 1e-3).all()


def test_the_definition_says_so_and_the_former_one_can_be_asked_for(conditional, options):
  definitions = {
    value: conditional.evaluator(dataclasses.replace(options, label_proportions=value)).definition
    for value in ('data', 'uniform')
  }
  former = {**definitions['uniform']}
  assert former.pop('labels') == 'of sample i: i modulo the number of classes'
  assert definitions['data'] == {**former, 'label_proportions': 'of the reference'}
  assert definitions['uniform'] != definitions['data']


def test_where_classes_are_equal_or_not_chosen_nothing_is_new(
  options, register, tmp_path, tiny_run
):
  data_of(register, 'even', 2)
  estimator = GANEstimator(tiny_experiment(tmp_path, dataset='even', model='conditional_gan'))
  estimator.train()
  for one in (estimator, GANEstimator.of_run(str(tiny_run))):
    found = [
      one.evaluator(dataclasses.replace(options, label_proportions=value)).definition
      for value in ('data', 'uniform')
    ]
    assert found[0] == found[1] and 'label_proportions' not in found[0]
