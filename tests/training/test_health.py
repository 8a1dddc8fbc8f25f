"""Health metrics: values by hand, lines of undisturbed runs, and warnings of mode collapse.

For every game, resumed and on two replicas: test_every_game.py.
"""

import json
import logging
import math

import numpy as np
import pytest
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator

from tests.conftest import tiny_experiment
from tests.training.test_replicas import train
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.losses.adversarial import AdversarialLoss
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.writers.groups import shown_as

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


def health_of(model_dir) -> list[dict[str, float]]:
  """Reads the lines of health.jsonl; checks that every value is a finite number."""
  lines = (model_dir / 'train/health.jsonl').read_text().splitlines()
  found = [json.loads(line) for line in lines]
  assert all(math.isfinite(value) for line in found for value in line.values())
  return found


def spread_of(split) -> tuple[np.ndarray, np.ndarray]:
  """Returns 128 examples at equal distances in the split."""
  places = [index * split.size // 128 for index in range(128)]
  return split.images[places], split.labels[places]


def variance(images, labels) -> float:
  """Returns the unbiased variance within classes, as a mean over pixels."""
  images, total = images.reshape(len(images), -1).astype(np.float64), 0.0
  for image, label in zip(images, labels):
    total += np.mean((image - images[labels == label].mean(axis=0)) ** 2)
  return total / (len(images) - len(set(labels)))


def matrix_of(kernel) -> np.ndarray:
  return kernel.numpy().reshape(-1, kernel.shape[-1])


def test_values_by_hand(tmp_path):
  experiment = tiny_experiment(
    tmp_path,
    model='conditional_gan',
    networks='dcgan(filters=4, discriminator_norm=spectral)',
    generator_optimizer='adam(5e-2)',
    discriminator_optimizer='adam(1e-2)',
    ema_decay=0.5,
  )
  estimator = GANEstimator(experiment)
  estimator.train()
  found, state = health_of(tmp_path)[-1], estimator._trainer.state
  generator, discriminator = (state.networks[role] for role in ('generator', 'discriminator'))
  expected = {}

  for role, network in state.networks.items():
    weights = np.concatenate([weight.numpy().ravel() for weight in network.trainable_variables])
    expected[f'weight_norm/{role}'] = np.linalg.norm(weights)
  kernels = [weight for weight in generator.trainable_variables if weight.shape.rank > 1]
  kinds = ['Dense', 'Conv2DTranspose', 'Conv2DTranspose']
  for place, (kind, kernel) in enumerate(zip(kinds, kernels, strict=True)):
    expected[f'spectral_norm/generator/{place}_{kind}'] = np.linalg.norm(matrix_of(kernel), 2)
  kernels = [weight for weight in discriminator.trainable_variables if weight.shape.rank > 1]
  vectors = [vector.numpy()[0] for vector in discriminator.non_trainable_variables]
  kinds = ['SpectralConv2D', 'SpectralConv2D', 'SpectralDense']
  for place, (kind, kernel, right) in enumerate(zip(kinds, kernels, vectors, strict=True)):
    matrix, name = matrix_of(kernel), f'discriminator/{place}_{kind}'
    left = matrix @ right / np.linalg.norm(matrix @ right)
    expected[f'spectral_norm_raw/{name}'] = np.linalg.norm(matrix, 2)
    expected[f'spectral_norm/{name}'] = np.linalg.norm(matrix / (left @ matrix @ right), 2)

  average = state.averages['generator']
  moved = [
    (mean - now).numpy().ravel()
    for mean, now in zip(average.trainable_variables, generator.trainable_variables)
  ]
  norm = np.linalg.norm(np.concatenate(moved))
  expected['moving_average/distance'] = norm / expected['weight_norm/generator']
  assert norm > 1e-3

  images, labels = spread_of(estimator.dataset.split('train'))
  sampler = estimator.sampler()
  sampler.restore()
  samples = sampler.images(range(60), 0)
  ratio = variance(samples, np.arange(60) % 10) / variance(images, labels)
  expected['samples/diversity'] = np.sqrt(ratio)
  assert ratio > 1e-3

  held_out = spread_of(estimator.dataset.split('validation'))
  noise, classes = state.game.inputs(GENERATE, range(60), 0)
  logits = {
    # Batch statistics; the discriminator has no batch norm.
    'generated': discriminator([generator([noise, classes], training=True), classes]).numpy(),
    'train': discriminator([images / np.float32(127.5) - 1, labels]).numpy(),
    'held_out': discriminator([held_out[0] / np.float32(127.5) - 1, held_out[1]]).numpy(),
  }
  for name, values in logits.items():
    right = values < 0 if name == 'generated' else values > 0
    expected[f'discriminator_output_fixed/{name}'] = values.mean()
    expected[f'discriminator_accuracy_fixed/{name}'] = right.mean()
  gap = logits['train'].mean() - logits['generated'].mean()
  assert gap > 0.01
  expected['overfitting/r_v'] = (logits['train'].mean() - logits['held_out'].mean()) / gap

  assert found.keys() == {'step', *expected}
  for tag, value in expected.items():
    # Power iteration comes near a norm from below, slowly where two singular values are close.
    tolerance = 1e-2 if tag.startswith('spectral') and 'discriminator' in tag else 1e-3
    np.testing.assert_allclose(found[tag], value, rtol=tolerance, atol=1e-5, err_msg=tag)
  events = EventAccumulator(f'{tmp_path}/train', tensor_size_guidance={'scalars': 0}).Reload()
  for tag, value in found.items():
    if tag != 'step':
      shown = [event for event in events.Tensors(shown_as(tag)) if event.step == 4]
      assert [tf.make_ndarray(event.tensor_proto) for event in shown] == [value]


def test_lines_of_a_lost_future_are_made_again(tmp_path):
  values = dict(networks='mlp(units=8)', sample_every=1, save_every=2)
  train(tmp_path / 'calm', 1, **values)
  calm = (tmp_path / 'calm/train/health.jsonl').read_text()
  assert [line['step'] for line in health_of(tmp_path / 'calm')] == [0, 1, 2, 3, 4, 5]
  train(tmp_path / 'lost', 1, until=4, **values)
  for lost, until in (('0000[24]', 4), ('00004', 5)):  # Again from step 0, and then from step 2.
    for path in (tmp_path / 'lost/checkpoints').glob(f'ckpt-0{lost}*'):
      path.unlink()
    (first,) = (tmp_path / 'lost/checkpoints').glob('ckpt-000000.index')
    before = first.stat()
    train(tmp_path / 'lost', 1, until=until, **values)
    # An evaluator may just be reading it.
    assert first.stat().st_mtime_ns == before.st_mtime_ns and first.stat().st_ino == before.st_ino
  assert (tmp_path / 'lost/train/health.jsonl').read_text() == calm
  curves = [(tmp_path / name / 'train/train.jsonl').read_text() for name in ('calm', 'lost')]
  assert curves[0] == curves[1]


def narrowing(*, weight: float = 1.0) -> AdversarialLoss:
  """A game without discriminator whose generator learns one image, or as many as it can."""

  def generator(model, **_):
    return weight * tf.reduce_mean(tf.math.reduce_variance(model.generated_data, axis=0))

  def discriminator(model, **_):
    return 0.0 * tf.reduce_mean(model.discriminator_gen_outputs)

  return AdversarialLoss(generator, discriminator)


@pytest.mark.parametrize('weight, collapses', [(1.0, True), (-1.0, False)])
def test_collapse_is_told_once(tmp_path, register, caplog, weight, collapses):
  register(registry.loss, narrowing)
  experiment = tiny_experiment(
    tmp_path,
    networks='mlp_relu(units=8)',
    loss=f'narrowing({weight})',
    generator_optimizer='sgd(10.0)',
    ema_decay=0.0,
    **dict.fromkeys(('max_steps', 'save_every', 'log_every'), 600),
    sample_every=100,
  )
  with caplog.at_level(logging.WARNING):
    GANEstimator(experiment).train()
  diversity = {line['step']: line['samples/diversity'] for line in health_of(tmp_path)}
  messages = [
    record.getMessage() for record in caplog.records if 'mode collapse' in record.getMessage()
  ]
  if collapses:
    assert diversity[0] > 0.1 > max(diversity[500], diversity[600])
    assert (
      len(messages) == 1 and f'step 500: samples are only {diversity[500]:.2g} t' in messages[0]
    )
  else:
    assert diversity[600] > 0.5 and not messages
