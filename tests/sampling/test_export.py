"""Exported generators, asked by a program that knows TensorFlow alone."""

import json
import pathlib
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.arrays.in_memory import dataset_of
from tfgan_pipeline.estimator import GANEstimator

pytestmark = pytest.mark.usefixtures('graphs_as_traced')
NAMES = ('bird', 'cat, big', 'dog')
PROGRAM = """
import json, sys
import numpy as np
import tensorflow as tf
loaded = tf.saved_model.load(sys.argv[1])
facts = json.loads(loaded.about().numpy())
names, scalars = facts['classes'], dict(count=tf.constant(5), seed=tf.constant(3))
examples = np.load(f'{sys.argv[1]}/assets.extra/examples.npz')
np.savez(
  sys.argv[2],
  facts=json.dumps(facts),
  floats=loaded([examples['generate/noise'], examples['generate/label']]),
  expected_floats=examples['generate/output'],
  plain=loaded.generate(5, 3),
  numbers=loaded.generate(5, 3, [2, 0]),
  array=loaded.generate(5, 3, np.array([2, 0])),
  tensors=loaded.generate(tf.constant(5), tf.constant(3), labels=tf.constant([2, 0])),
  texts=loaded.generate(5, 3, [names[2], names[0]]),
  served=loaded.signatures['generate'](labels=tf.constant([2, 0]), **scalars)['image'],
  default=loaded.signatures['serving_default'](**scalars)['image'],
)
assert not [name for name in sys.modules if name.startswith('tfgan_pipeline')]
"""


@pytest.fixture(scope='module')
def estimator(tmp_path_factory, cache_dir):
  """A run with named classes, of which one step has scores of both kinds of weights."""
  from tfgan_pipeline.config.evaluation import EvaluationOptions

  pictures = np.random.RandomState(0).randint(0, 256, (60, 16, 16, 1)).astype(np.uint8)
  dataset = dataset_of(pictures, np.arange(60) % 3, classes=NAMES)
  folder = tmp_path_factory.mktemp('named') / 'run'
  estimator = GANEstimator(
    tiny_experiment(folder, dataset=dataset, model='conditional_gan', max_steps=2)
  )
  estimator.train()
  options = EvaluationOptions(
    extractor='random_projection', metrics='fid', num_samples=16, cache_dir=cache_dir
  )
  estimator.evaluate_variants(2, options, also=('raw',))
  estimator.evaluate(0, options)
  return estimator


@pytest.fixture(scope='module')
def exported(estimator, tmp_path_factory) -> str:
  return estimator.export_saved_model(str(tmp_path_factory.mktemp('exported') / 'generator'))


@pytest.fixture(scope='module')
def loaded(exported):
  return tf.saved_model.load(exported)


def test_another_program_asks_for_classes_and_facts(estimator, exported, tmp_path):
  command = [sys.executable, '-c', PROGRAM, exported, str(tmp_path / 'found.npz')]
  done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
  assert done.returncode == 0, done.stderr
  found = np.load(tmp_path / 'found.npz')
  for name in ('array', 'tensors', 'texts', 'served'):
    np.testing.assert_array_equal(found[name], found['numbers'])
  np.testing.assert_array_equal(found['default'], found['plain'])
  for name, labels in (('plain', ()), ('numbers', [2, 0])):
    expected = estimator.predict(5, seed=3, labels=labels).astype(int)
    assert np.abs(found[name] - expected).max() <= 1  # Another batch rounds differently.
  np.testing.assert_allclose(found['floats'], found['expected_floats'], atol=1e-5)
  facts = json.loads(str(found['facts']))
  assert facts == json.loads((pathlib.Path(exported) / 'assets.extra/about.json').read_text())
  assert facts['classes'] == list(NAMES)
  assert (facts['step'], facts['weights']) == (2, 'average')
  assert (facts['noise'], facts['noise_size']) == ('normal(size=8)', 8)
  assert facts['settings']['networks'].startswith('dcgan(')
  task = facts['tasks']['generate']
  assert task['shape'] == [16, 16, 1] and task['dtype'] == 'uint8' and task['takes_labels']
  assert task['reads'] == {'noise': [8], 'label': []}
  (scores,) = facts['scores']
  assert scores['scores']['fid[random_projection]'] > 0
  assert scores['definition']['weights'] == 'average'
  assert scores['score_ids'].keys() == scores['scores'].keys()


def test_facts_are_of_the_weights_that_are_exported(estimator, tmp_path):
  raw = tf.saved_model.load(estimator.export_saved_model(str(tmp_path / 'raw'), weights='raw'))
  facts = json.loads(raw.about().numpy())
  assert facts['weights'] == 'raw'
  assert [scores['definition']['weights'] for scores in facts['scores']] == ['raw']
  first = tf.saved_model.load(estimator.export_saved_model(str(tmp_path / 'first'), step=0))
  facts = json.loads(first.about().numpy())
  assert facts['step'] == 0 and len(facts['scores']) == 1


@pytest.mark.parametrize(
  'labels, message',
  [
    ([3], 'labels: there are classes 0 to 2: bird, cat, big, dog; not'),
    ([0, -1], 'labels: there are classes 0 to 2'),
    (['cow', 'dog'], 'labels: there are classes 0 to 2: bird, cat, big, dog; not] [cow]'),
    (tf.zeros([0], tf.int32), 'labels: name a class, or leave them out'),
    (tf.zeros([0], tf.string), 'labels: name a class, or leave them out'),
  ],
)
def test_wrong_classes_are_refused(loaded, labels, message):
  with pytest.raises(tf.errors.InvalidArgumentError) as caught:
    loaded.generate(4, 0, labels)
  assert message in str(caught.value)


@pytest.mark.parametrize(
  'model', ['gan', pytest.param('infogan(continuous=1)', marks=pytest.mark.heavy)]
)
def test_a_generator_that_is_told_no_class_refuses_any(tmp_path, model):
  estimator = GANEstimator(tiny_experiment(tmp_path / 'run', model=model, max_steps=1))
  estimator.train()
  loaded = tf.saved_model.load(estimator.export_saved_model(str(tmp_path / 'out')))
  for labels in ([0], ['zero']):
    with pytest.raises(tf.errors.InvalidArgumentError, match='labels: the generator is not told'):
      loaded.generate(4, 0, labels)
  assert loaded.generate(4, 0).shape == (4, 16, 16, 1)
  facts = json.loads(loaded.about().numpy())
  assert not facts['tasks']['generate']['takes_labels'] and facts['scores'] == []
