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
BOTH = ('real', 'generated')

CASES = {
  'joint': dict(),
  'sequential': dict(update='sequential'),
  'separate, two discriminator steps': dict(update='separate', discriminator_steps=2),
  'separate, gradient penalty': dict(
    update='separate', loss='wasserstein', penalties='wasserstein_gradient(weight=2)'
  ),
  'joint, three discriminator steps': dict(discriminator_steps=3),
  'sequential, two discriminator steps, clipping': dict(
    update='sequential', discriminator_steps=2, clip_weights=0.05, loss='wasserstein'
  ),
  'joint, three generator steps': dict(generator_steps=3),
  'sequential, two generator steps': dict(update='sequential', generator_steps=2),
  'two discriminator steps, gradient penalty': dict(
    discriminator_steps=2, loss='wasserstein', penalties='wasserstein_gradient(weight=2)'
  ),
}


def losses(experiment, discriminator, real, generated, mix, kinds):
  """Returns the (generator, discriminator) losses of one batch, the latter's on some images."""
  on_real, on_generated = discriminator(real), discriminator(generated)
  is_real, is_generated = ('real' in kinds), ('generated' in kinds)
  if experiment.loss == 'wasserstein':
    critic = is_generated * tf.reduce_mean(on_generated) - is_real * tf.reduce_mean(on_real)
    if experiment.penalties and is_generated:
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
    is_real * tf.reduce_mean(softplus(-on_real))
    + is_generated * tf.reduce_mean(softplus(on_generated)),
  )


def by_hand(experiment, dataset):
  """Returns weights of generator, discriminator and average after STEPS steps."""
  networks = build_networks(experiment, dataset.fields)
  generator, discriminator = networks['generator'], networks['discriminator']
  average = [weight.numpy() for weight in generator.trainable_variables]
  noise = registry.noise.build(experiment.noise)
  batches = iter(train_batches(dataset.split('train'), batch_size=BATCH, seed=experiment.seed))
  sequential = experiment.update != 'joint'
  parts = [('real',), ('generated',)] if experiment.update == 'separate' else [BOTH]
  first = parts * experiment.discriminator_steps  # The last one is of both players if joint.
  moves_on = first + [BOTH] * (experiment.generator_steps - (not sequential))
  for step in range(STEPS):
    for sub_step, kinds in enumerate(moves_on):
      real = to_float(next(batches)['image'])
      with randomness.scope(randomness.key(experiment.seed, 1, step, sub_step)):
        inputs, mix = noise.for_step(BATCH), randomness.uniform([BATCH, 1, 1, 1])
      with tf.GradientTape(persistent=True) as tape:
        values = losses(experiment, discriminator, real, generator(inputs), mix, kinds)
      of_generator = sub_step >= len(first) - (not sequential)
      moves = {
        generator: tape.gradient(values[0], generator.trainable_variables)
        if of_generator
        else None,
        discriminator: tape.gradient(values[1], discriminator.trainable_variables)
        if sub_step < len(first)
        else None,
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


def test_real_and_generated_images_have_an_optimiser_each(tmp_path):
  experiment = Experiment(
    model_dir=str(tmp_path),
    dataset='digits(size=8)',
    networks='mlp_relu(units=16)',
    update='separate',
    discriminator_steps=2,
    discriminator_optimizer='sgd(0.1, momentum=0.9)',
    batch_size=BATCH,
    max_steps=STEPS,
    ema_decay=0.0,
  )
  GANEstimator(experiment).train()
  values = checkpoint(tmp_path, STEPS)
  names = ('discriminator_optimizer', 'discriminator_on_generated_optimizer')
  end = '.ATTRIBUTES/VARIABLE_VALUE'
  for number in range(1, 5):  # Momenta of two kernels and two biases.
    real, generated = (values[f'{name}/_variables/{number}/{end}'] for name in names)
    assert real.any() and generated.any() and not np.array_equal(real, generated)
  for name in names:
    assert values[f'{name}/_iterations/{end}'] == 2 * STEPS
