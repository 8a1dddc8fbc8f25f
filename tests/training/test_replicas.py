"""One, two and four replicas make the same run: with SGD the weights agree to 1e-5.

Adam would hide a wrong scale of the gradients; SGD does not.
"""

import numpy as np
import pytest

from tests.conftest import checkpoint, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.training_lock import TrainingLock
from tfgan_pipeline.training.trainer import Trainer

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

STEPS = 5


def train(model_dir, replicas: int, until: int = STEPS, **values) -> dict[str, np.ndarray]:
  """Trains a few steps on some replicas and returns every tensor."""
  experiment = tiny_experiment(
    model_dir,
    **{
      'generator_optimizer': 'sgd(0.05)',
      'discriminator_optimizer': 'sgd(0.05)',
      **dict.fromkeys(('max_steps', 'log_every', 'save_every', 'sample_every'), STEPS),
      **values,
    },
  )
  strategy = strategies.mirrored_cpus(replicas) if replicas > 1 else tf.distribute.get_strategy()
  dataset = registry.dataset.build(experiment.dataset, DataOptions())
  trainer = Trainer(experiment, dataset, strategy)
  run = RunDirectory(experiment.model_dir)
  with TrainingLock(run.train) as lock:
    assert trainer.train(run, lock, StopRequest(), until) == until
  return checkpoint(model_dir, until)


def assert_close(one, other):
  assert one.keys() == other.keys()
  for name, value in one.items():
    np.testing.assert_allclose(other[name], value, atol=1e-5, rtol=1e-5, err_msg=name)


def assert_invariant(tmp_path, replicas=(2,), **values):
  one = train(tmp_path / '1', 1, **values)
  for count in replicas:
    assert_close(one, train(tmp_path / str(count), count, **values))


@pytest.mark.heavy
@pytest.mark.parametrize('loss', registry.loss.components())
def test_every_loss(tmp_path, loss):
  """Trains with each; tests/losses/test_on_replicas.py compares losses and gradients alone."""
  assert_invariant(tmp_path, loss=loss, networks='mlp(units=8)')


@pytest.mark.heavy
def test_penalties_on_batch_norm(tmp_path):
  """All others: test_every_game.py. At the other tests' learning rate weight 10 diverges."""
  assert_invariant(
    tmp_path,
    loss='wasserstein',
    penalties='wasserstein_gradient, r1(interval=2)',
    generator_optimizer='sgd(0.001)',
    discriminator_optimizer='sgd(0.001)',
  )


@pytest.mark.heavy
@pytest.mark.parametrize('noise', registry.noise.components())
def test_every_noise_on_four(tmp_path, noise):
  assert_invariant(tmp_path, replicas=(4,), noise=f'{noise}(8)', networks='mlp(units=8)')


@pytest.mark.heavy
def test_several_discriminator_steps_one_after_the_other_with_clipping(tmp_path):
  steps = dict(update='sequential', discriminator_steps=2, clip_weights=0.05)
  assert_invariant(tmp_path, networks='mlp(units=8)', **steps)


@pytest.mark.heavy
def test_spectral_norm_on_three(tmp_path):
  networks = 'dcgan(filters=4, discriminator_norm=spectral)'
  values = dict(dataset='digits(size=8)', batch_size=12)
  assert_invariant(tmp_path, replicas=(3,), networks=networks, **values)


def test_dropout_and_augmentation(tmp_path):
  assert_invariant(tmp_path, networks='mlp', augment='flip, shift(0.1)', noise='uniform(8)')


def test_the_comparison_can_fail(tmp_path):
  """Another seed is another run, so agreement above means something."""
  values = dict(networks='mlp(units=8)')
  one, other = train(tmp_path / '1', 1, **values), train(tmp_path / '2', 1, seed=1, **values)
  with pytest.raises(AssertionError):
    assert_close(one, other)
