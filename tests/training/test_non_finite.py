"""Numbers that are not finite stop the run, say what happened, and are never saved."""

import json

import numpy as np
import pytest

from tests.conftest import TINY, checkpoint, run_binary, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import NonFiniteError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.losses.penalties import Penalty

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

DIVERGES = (
  *TINY,
  '--max_steps=50',
  '--generator_optimizer=sgd(1e38)',
  '--discriminator_optimizer=sgd(1e38)',
  '--log_every=50',
  '--save_every=50',
  '--loss=least_squares',
)


def test_diverging_run(tmp_path):
  process = run_binary('train', *DIVERGES, f'--model_dir={tmp_path}', code=1)
  last = process.stderr.splitlines()[-1]
  # The very step, though the device had been asked for ten.
  assert last.startswith(
    'not finite at step 2: generator and discriminator: gradient_norm/generator='
  )
  assert f'last good checkpoint: {tmp_path}/checkpoints/ckpt-000000' in last
  assert 'Traceback' not in process.stderr
  evidence = tmp_path / 'train/not_finite-000002.json'
  assert str(evidence) in last
  kept = json.loads(evidence.read_text())
  assert evidence.read_text() == json.dumps(kept, indent=2) + '\n'
  assert 'loss/discriminator' in kept['not_finite']
  assert not (tmp_path / 'TRAIN_DONE').exists()
  assert not (tmp_path / 'checkpoints/ckpt-000002.index').exists()


def test_rollback_gives_up_after_so_many_times(tmp_path):
  process = run_binary(
    'train', *DIVERGES, f'--model_dir={tmp_path}', '--on_nan=rollback(times=2)', code=1
  )
  lines = [line for line in process.stderr.splitlines() if 'not finite at step' in line]
  assert [line.rpartition(' ')[0].rpartition('; ')[2] for line in lines[:2]] == [
    'going back to it (1 of',
    'going back to it (2 of',
  ]
  assert len(lines) == 3 and 'Traceback' not in process.stderr


def experiment(model_dir, **values) -> Experiment:
  return tiny_experiment(model_dir, **{**dict(max_steps=8, sample_every=8), **values})


def unlucky(*, above: float = 0.0) -> Penalty:
  """A penalty that is NaN when the mean of the noise exceeds `above`, at steps drawn at random."""

  def penalty(model):
    mean = tf.reduce_mean(model.generator_inputs)
    return tf.where(mean > above, np.nan, 0.0) * tf.reduce_mean(model.discriminator_gen_outputs)

  return Penalty('discriminator', penalty)


def test_rollback_goes_on_with_other_random_numbers_and_resumes_exactly(tmp_path, register):
  register(registry.penalty, unlucky)
  values = dict(penalties='unlucky(0.07)', on_nan='rollback(times=30)', networks='mlp(units=8)')
  with pytest.raises(NonFiniteError, match='at step .*: discriminator: .*loss/discriminator=nan'):
    GANEstimator(experiment(tmp_path / 'stops', **{**values, 'on_nan': 'stop'})).train()
  GANEstimator(experiment(tmp_path / 'once', **values)).train()
  GANEstimator(experiment(tmp_path / 'parts', **values)).train(4)
  GANEstimator(experiment(tmp_path / 'parts', **values)).train()
  once, parts = (checkpoint(tmp_path / name, 8) for name in ('once', 'parts'))
  assert once['rollbacks/.ATTRIBUTES/VARIABLE_VALUE'] > 0
  for name, value in once.items():
    np.testing.assert_array_equal(parts[name], value, err_msg=name)
  curves = [(tmp_path / name / 'train/train.jsonl').read_text() for name in ('once', 'parts')]
  assert curves[0] == curves[1]
  assert [json.loads(line)['step'] for line in curves[0].splitlines()] == list(range(9))


class Rotting(keras.layers.Layer):
  """Identity layer with a weight that is infinite after four steps of training."""

  def build(self, shape):
    self.number = self.add_weight(name='number', shape=(), initializer='zeros', trainable=False)

  def call(self, values, training=None):
    if training:
      self.number.assign_add(1e38)
    return values


def rotting(spec):
  """A generator with such a layer, against a discriminator of one layer."""
  layers = keras.layers
  generator = [
    layers.InputLayer((spec.noise_size,)),
    layers.Dense(256, 'tanh'),
    Rotting(),
    layers.Reshape(spec.image_shape),
  ]
  discriminator = [layers.InputLayer(spec.image_shape), layers.Flatten(), layers.Dense(1)]
  return {
    'generator': keras.Sequential(generator),
    'discriminator': keras.Sequential(discriminator),
  }


def test_weights_that_a_finite_loss_has_ruined_are_not_saved(tmp_path, register):
  register(registry.network, rotting)
  message = 'at step 4: generator: weights/generator=nan, weights/generator_ema=nan;'
  with pytest.raises(NonFiniteError, match=message):
    GANEstimator(experiment(tmp_path, networks='rotting')).train()
  assert (tmp_path / 'checkpoints/ckpt-000002.index').exists()
  assert not (tmp_path / 'checkpoints/ckpt-000004.index').exists()
