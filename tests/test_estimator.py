"""GANEstimator: training, evaluation, both together, prediction and export."""

import dataclasses

import numpy as np
import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator, train_and_evaluate
from tfgan_pipeline.replicas import strategies

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


@pytest.fixture
def experiment(tmp_path) -> Experiment:
  return tiny_experiment(tmp_path / 'run', log_every=2, networks='mlp(units=4)')


@pytest.fixture
def options(cache_dir) -> EvaluationOptions:
  return EvaluationOptions(
    extractor='random_projection', metrics='fid', num_samples=300, cache_dir=cache_dir
  )


def test_train_evaluate_predict_export(experiment, options, tmp_path):
  experiment = dataclasses.replace(experiment, networks='dcgan(filters=4)')
  estimator = GANEstimator(experiment)
  assert estimator.train(max_steps=2) == 2
  assert not estimator.run.is_done()
  assert estimator.train() == 4
  assert estimator.run.is_done()
  record = estimator.evaluate(options=options)
  assert record['step'] == 4 and record['scores']['fid[random_projection]'] > 0

  pictures = estimator.predict(300, seed=5)
  assert pictures.shape == (300, 16, 16, 1) and pictures.dtype == np.uint8
  np.testing.assert_array_equal(estimator.predict(3, seed=5), pictures[:3])
  assert not np.array_equal(estimator.predict(3, seed=6), pictures[:3])

  loaded = tf.saved_model.load(estimator.export_saved_model(str(tmp_path / 'exported')))
  exported = loaded.generate(300, 5).numpy().astype(int)
  # Another batch size may round a sum differently; nothing else may differ.
  assert exported.shape == pictures.shape and np.abs(exported - pictures).max() <= 1
  assert loaded(tf.zeros([2, 8])).shape == (2, 16, 16, 1)

  again = GANEstimator.of_run(experiment.model_dir)
  assert again.experiment == experiment
  np.testing.assert_array_equal(again.predict(3, seed=5), pictures[:3])


def test_train_and_evaluate_equals_training_alone(experiment, options, tmp_path):
  seen = []
  records = train_and_evaluate(GANEstimator(experiment), options, on_record=seen.append)
  assert [record['step'] for record in records] == [0, 2, 4] and seen == records
  alone = GANEstimator(dataclasses.replace(experiment, model_dir=str(tmp_path / 'alone')))
  alone.train()
  np.testing.assert_array_equal(alone.predict(8), GANEstimator(experiment).predict(8))
  # Done already: nothing is trained or scored again.
  assert train_and_evaluate(GANEstimator(experiment), options) == records


def test_all_replicas_generate_what_is_scored(experiment, options, tmp_path, register, monkeypatch):
  """Checks that scoring generates samples on all replicas of the training strategy."""
  traced = []

  class Noticing(keras.layers.Layer):
    def call(self, inputs, training=None):
      if not training and inputs.shape[0] == 64 and not tf.executing_eagerly():
        traced.append(tf.identity(inputs).name)  # A sampler makes 64 at a time; so do pictures.
      return inputs

  def noticed(spec):
    networks = registry.network.build('mlp(units=8)', spec)
    noise = keras.Input([spec.noise_size])
    return {**networks, 'generator': keras.Model(noise, networks['generator'](Noticing()(noise)))}

  register(registry.network, noticed)
  monkeypatch.setattr(strategies, 'start', lambda experiment: strategies.mirrored_cpus(2))
  train_and_evaluate(
    GANEstimator(dataclasses.replace(experiment, networks='noticed', max_steps=1)), options
  )
  assert {name.startswith('replica_1/') for name in traced} == {False, True}


def test_a_run_is_extended(experiment, options):
  GANEstimator(experiment).train()
  longer = GANEstimator(dataclasses.replace(experiment, max_steps=7))
  assert longer.train(max_steps=5) == 5
  assert not longer.run.is_done() and longer.sampler().steps() == [0, 2, 4, 5]
  assert longer.train() == 7
  assert longer.run.is_done() and longer.sampler().steps() == [0, 2, 4, 5, 6, 7]
  assert [s['first_step'] for s in longer.run.read_record()['sessions']] == [0, 4]
  # A shorter one has nothing to do, and leaves what it finds.
  assert GANEstimator(experiment).train() == 7
  assert longer.run.read_experiment().max_steps == 7


def test_a_record_cut_short_by_a_crash(experiment, options):
  estimator = GANEstimator(experiment)
  estimator.train()
  first = estimator.evaluate(step=2, options=options)
  path = f'{estimator.run.evaluation(options.directory_name)}/scores.jsonl'
  with open(path, 'a') as file:
    file.write('{"step": 4, "sco')
  last = estimator.evaluate(step=4, options=options)
  records = estimator.evaluator(options)
  assert records.evaluate(2) == first and records.evaluate(4) == last


def test_no_moving_average(experiment, options):
  plain = dataclasses.replace(experiment, ema_decay=0.0)
  estimator = GANEstimator(plain)
  estimator.train()
  assert estimator.evaluate(options=options)['definition']['weights'] == 'raw'


def test_data_that_changed_is_refused(experiment):
  import json

  estimator = GANEstimator(experiment)
  estimator.train(max_steps=2)
  path = estimator.run.experiment_json
  record = json.load(open(path))
  record['dataset']['fingerprint'] = 'another'
  json.dump(record, open(path, 'w'))
  with pytest.raises(UsageError, match='was trained on another'):
    GANEstimator(experiment).train()


def test_estimator_refuses_another_experiment(experiment):
  GANEstimator(experiment).train(max_steps=2)
  changed = dataclasses.replace(experiment, loss='minimax')
  with pytest.raises(UsageError, match='--loss=minimax'):
    GANEstimator(changed)
