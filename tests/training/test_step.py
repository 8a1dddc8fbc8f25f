"""Weights after training steps, against steps written out by hand with gradient tapes."""

import numpy as np
import pytest

from tests.conftest import checkpoint
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.media.images import to_float
from tfgan_pipeline.models.build import build_networks
from tfgan_pipeline.replicas import randomness

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

RATE, STEPS, BATCH, DECAY = 0.1, 3, 16, 0.15

CASES = {
  'joint': dict(),
  'sequential': dict(update='sequential'),
  'joint, three discriminator steps': dict(discriminator_steps=3),
  'sequential, two discriminator steps, clipping': dict(
    update='sequential', discriminator_steps=2, clip_weights=0.05, loss='wasserstein'
  ),
  'two discriminator steps, gradient penalty': dict(
    discriminator_steps=2, loss='wasserstein', penalties='wasserstein_gradient(weight=2)'
  ),
}


def losses(experiment, discriminator, real, generated, mix):
  """Returns the (generator, discriminator) losses of one batch."""
  on_real, on_generated = discriminator(real), discriminator(generated)
  if experiment.loss == 'wasserstein':
    critic = tf.reduce_mean(on_generated) - tf.reduce_mean(on_real)
    if experiment.penalties:
      between = real + mix * (generated - real)
      with tf.GradientTape() as tape:
        tape.watch(between)
        scores = discriminator(between)
      slopes = tf.norm(tf.reshape(tape.gradient(scores, between), [BATCH, -1]), axis=1)
      critic += 2 * tf.reduce_mean((slopes - 1) ** 2)
    return -tf.reduce_mean(on_generated), critic
  softplus = tf.nn.softplus
  return (
    tf.reduce_mean(softplus(-on_generated)),
    tf.reduce_mean(softplus(-on_real)) + tf.reduce_mean(softplus(on_generated)),
  )


def by_hand(experiment, dataset):
  """Returns weights of generator, discriminator and average after STEPS steps."""
  networks = build_networks(experiment, dataset.fields)
  generator, discriminator = networks['generator'], networks['discriminator']
  average = [weight.numpy() for weight in generator.trainable_variables]
  noise = registry.noise.build(experiment.noise)
  batches = iter(train_batches(dataset.split('train'), batch_size=BATCH, seed=experiment.seed))
  sequential = experiment.update == 'sequential'
  sub_steps = experiment.discriminator_steps + sequential
  for step in range(STEPS):
    for sub_step in range(sub_steps):
      real = to_float(next(batches)['image'])
      with randomness.scope(randomness.key(experiment.seed, 1, step, sub_step)):
        inputs, mix = noise.for_step(BATCH), randomness.uniform([BATCH, 1, 1, 1])
      with tf.GradientTape(persistent=True) as tape:
        values = losses(experiment, discriminator, real, generator(inputs), mix)
      last = sub_step == sub_steps - 1
      moves = {
        generator: tape.gradient(values[0], generator.trainable_variables) if last else None,
        discriminator: None
        if last and sequential
        else tape.gradient(values[1], discriminator.trainable_variables),
      }
      for network, gradients in moves.items():
        for weight, gradient in zip(network.trainable_variables, gradients or ()):
          weight.assign_sub(RATE * gradient)
          if network is discriminator and experiment.clip_weights:
            limit = experiment.clip_weights
            weight.assign(tf.clip_by_value(weight, -limit, limit))
    rate = 1 - min(DECAY, (1 + step) / (10 + step))
    average = [
      mean + rate * (weight.numpy() - mean)
      for mean, weight in zip(average, generator.trainable_variables)
    ]
  return {
    'generator': [weight.numpy() for weight in generator.trainable_variables],
    'discriminator': [weight.numpy() for weight in discriminator.trainable_variables],
    'generator_ema': average,
  }


@pytest.mark.parametrize('case', CASES)
def test_step_by_hand(tmp_path, case):
  experiment = Experiment(
    model_dir=str(tmp_path),
    dataset='digits(size=8)',
    networks='mlp_relu(units=16)',
    noise='normal(8)',
    batch_size=BATCH,
    generator_optimizer=f'sgd({RATE})',
    discriminator_optimizer=f'sgd({RATE})',
    max_steps=STEPS,
    ema_decay=DECAY,
    **CASES[case],
  )
  expected = by_hand(experiment, registry.dataset.build('digits(size=8)', DataOptions()))
  GANEstimator(experiment).train()
  values = checkpoint(tmp_path, STEPS)
  start = checkpoint(tmp_path, 0)
  for role, weights in expected.items():
    names = [
      f'{role}/layer_with_weights-{layer}/{part}/.ATTRIBUTES/VARIABLE_VALUE'
      for layer in range(2)
      for part in ('kernel', 'bias')
    ]
    assert len(names) == len(weights)
    for name, weight in zip(names, weights):
      np.testing.assert_allclose(values[name], weight, atol=1e-6, err_msg=name)
      # (The last bias of a Wasserstein critic has no gradient.)
      assert 'bias' in name or not np.allclose(start[name], weight, atol=1e-5), name
  if experiment.clip_weights:
    clipped = [value for name, value in values.items() if name.startswith('discriminator/')]
    assert max(np.abs(value).max() for value in clipped) <= np.float32(experiment.clip_weights)
