"""The trainer: batches that do not fit, and losses exactly at their floors."""

import json

import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.losses.adversarial import AdversarialLoss
from tfgan_pipeline.networks.layers.minibatch import MinibatchStdDev
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.training.trainer import Trainer


def grouped(spec):
  """A discriminator that compares 16 images with each other."""
  layers = keras.layers
  generator = [
    layers.InputLayer((spec.noise_size,)),
    layers.Dense(256),
    layers.Reshape(spec.image_shape),
  ]
  discriminator = [
    layers.InputLayer(spec.image_shape),
    layers.Flatten(),
    MinibatchStdDev(16),
    layers.Dense(1),
  ]
  return {
    'generator': keras.Sequential(generator),
    'discriminator': keras.Sequential(discriminator),
  }


@pytest.mark.parametrize(
  'replicas, accumulate, left',
  [(1, 1, 32), (2, 1, 16), (1, 2, 16), (1, 4, 8), (4, 1, 8), (2, 2, 8)],
)
def test_groups_that_a_share_of_the_batch_cannot_fill_are_refused(
  register, replicas, accumulate, left
):
  register(registry.network, grouped)
  experiment = tiny_experiment(
    '', networks='grouped', batch_size=32, accumulate=accumulate, ema_decay=0.0
  )
  dataset = registry.dataset.build(experiment.dataset, DataOptions())
  strategy = strategies.mirrored_cpus(replicas) if replicas > 1 else tf.distribute.get_strategy()
  if left >= 16:
    assert Trainer(experiment, dataset, strategy).is_fresh
  else:
    with pytest.raises(UsageError, match=f'groups of 16 .* divide, not {left}$'):
      Trainer(experiment, dataset, strategy)


def steady() -> AdversarialLoss:
  """Losses that are always one half and one quarter."""

  def generator(model, **_):
    return 0.5 + 0.0 * tf.reduce_mean(model.discriminator_gen_outputs)

  def discriminator(model, **_):
    return 0.25 + 0.0 * tf.reduce_mean(model.discriminator_real_outputs)

  return AdversarialLoss(generator, discriminator)


def test_a_player_rests_at_its_floor_too(tmp_path, register):
  register(registry.loss, steady)
  floors = dict(generator_loss_floor=0.5, discriminator_loss_floor=0.24)
  experiment = tiny_experiment(
    tmp_path, networks='mlp(units=4)', loss='steady', ema_decay=0.0, max_steps=1, **floors
  )
  GANEstimator(experiment).train()
  line = json.loads((tmp_path / 'train/train.jsonl').read_text().splitlines()[-1])
  assert (line['loss/generator'], line['updated/generator']) == (0.5, 0)
  assert (line['loss/discriminator'], line['updated/discriminator']) == (0.25, 1)
