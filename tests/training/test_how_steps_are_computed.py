"""Steps with accumulation, XLA and 16-bit layers, close to plain steps as far as each can be."""

import numpy as np
import pytest

from tests.conftest import checkpoint, fields_of, tiny_experiment
from tests.networks.small import IMAGE_NETWORKS, smallest
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.models.build import build_networks
from tfgan_pipeline.models.noise import Noise
from tfgan_pipeline.replicas import strategies

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

STEPS = 5


def experiment(model_dir='', **values) -> Experiment:
  game = dict(
    generator_optimizer='sgd(0.01)',
    discriminator_optimizer='sgd(0.01)',
    discriminator_steps=2,
    update='sequential',
    loss='wasserstein',
    penalties='wasserstein_gradient(weight=1)',
    max_steps=STEPS,
    save_every=STEPS,
    log_every=STEPS,
    sample_every=STEPS,
  )
  return tiny_experiment(model_dir, **{**game, **values})


def train(model_dir, **values) -> dict[str, np.ndarray]:
  GANEstimator(experiment(model_dir, **values)).train()
  return checkpoint(model_dir, STEPS)


def largest_difference(one, other) -> float:
  assert one.keys() == other.keys()
  return max(
    np.max(np.abs(np.float64(value) - other[name]) / (1 + np.abs(value)))
    for name, value in one.items()
  )


def test_accumulated_parts_make_the_update_of_the_whole_batch(tmp_path):
  # Without batch norm, whose statistics are those of a part.
  values = dict(networks='mlp(units=8)', augment='shift(0.2)')
  whole = train(tmp_path / 'whole', **values)
  assert largest_difference(whole, train(tmp_path / 'parts', accumulate=2, **values)) < 1e-6
  assert largest_difference(whole, checkpoint(tmp_path / 'whole', 0)) > 1e-3


def sines(*, size: int = 8) -> Noise:
  """Returns fixed numbers in place of random ones, which XLA draws differently from TensorFlow."""

  def sampler(shape, seed):
    del seed
    return tf.sin(tf.reshape(tf.range(shape[0] * shape[1], dtype=tf.float32), shape))

  return Noise(size, sampler)


def test_compiled_by_xla(tmp_path, register):
  register(registry.noise, sines)
  values = dict(noise='sines', penalties='', dataset='digits(size=8)')
  plain = train(tmp_path / 'plain', **values)
  assert 0 < largest_difference(plain, train(tmp_path / 'xla', jit_compile='on', **values)) < 1e-5


@pytest.mark.parametrize(
  'devices, replicas, compiled',
  [([], 1, False), (['/device:GPU:0'], 1, True), (['/device:GPU:0', '/device:GPU:1'], 2, False)],
)
def test_by_default_for_one_gpu_and_tpus(monkeypatch, devices, replicas, compiled):
  monkeypatch.setattr(tf.config, 'get_visible_devices', lambda kind: devices)
  strategy = strategies.mirrored_cpus(replicas)
  assert strategies.compiles(Experiment(), strategy) is compiled
  assert strategies.compiles(Experiment(jit_compile='on'), strategy)
  # TPUStrategy compiles what it runs: a compiled function around that would be one too many.
  tpu = object.__new__(tf.distribute.TPUStrategy)
  assert not strategies.compiles(Experiment(jit_compile='on'), tpu)


@pytest.fixture(scope='module')
def plain(tmp_path_factory):
  """Returns every tensor after training in float32."""
  return train(tmp_path_factory.mktemp('plain'))


@pytest.mark.parametrize(
  'precision', [pytest.param('mixed_bfloat16', marks=pytest.mark.heavy), 'mixed_float16']
)
def test_16_bits(tmp_path, precision, plain):
  mixed = train(tmp_path / 'mixed', precision=precision)
  scales = {name: mixed.pop(name) for name in list(mixed) if 'loss_scale' in name}
  assert any(name.endswith('current_loss_scale/.ATTRIBUTES/VARIABLE_VALUE') for name in scales) == (
    precision == 'mixed_float16'
  )
  assert all(value.dtype != np.float16 for value in mixed.values())
  assert 1e-5 < largest_difference(plain, mixed) < 0.05
  start = checkpoint(tmp_path / 'mixed', 0)
  kernel = 'discriminator/layer_with_weights-0/kernel/.ATTRIBUTES/VARIABLE_VALUE'
  assert np.any(mixed[kernel] != start[kernel])  # Not every update has overflowed.
  # Samples are made in float32 whatever the training used: weights fit both.
  estimator = GANEstimator.of_run(str(tmp_path / 'mixed'))
  assert estimator.predict(2).shape == (2, 16, 16, 1)
  assert estimator.sampler().restored.networks['generator'].layers[0].compute_dtype == 'float32'


@pytest.mark.parametrize(
  'precision', ['mixed_float16', pytest.param('mixed_bfloat16', marks=pytest.mark.heavy)]
)
@pytest.mark.parametrize('name', IMAGE_NETWORKS)
def test_every_network_in_16_bits_has_float32_weights_and_ends(name, precision, monkeypatch):
  text, shape = smallest(name, monkeypatch)
  networks = build_networks(experiment(networks=text), fields_of(shape), precision=precision)
  for network in networks.values():
    assert network.output.dtype == tf.float32
    assert {variable.dtype for variable in network.variables} == {tf.float32}
    assert precision.removeprefix('mixed_') in {layer.compute_dtype for layer in network.layers}
  assert keras.mixed_precision.global_policy().name == 'float32'


def forgetful(spec):
  """Forgets that its last layers should be float32."""
  layers = keras.layers
  return {
    'generator': keras.Sequential(
      [
        layers.InputLayer((spec.noise_size,)),
        layers.Dense(256),
        layers.Reshape(spec.image_shape),
      ]
    ),
    'discriminator': keras.Sequential(
      [layers.InputLayer(spec.image_shape), layers.Flatten(), layers.Dense(1)]
    ),
  }


def test_network_that_ends_in_16_bits_is_refused(register):
  register(registry.network, forgetful)
  build_networks(experiment(networks='forgetful'), fields_of())
  with pytest.raises(
    UsageError, match="--precision=mixed_float16: the generator .*dtype='float32'"
  ):
    build_networks(experiment(networks='forgetful'), fields_of(), precision='mixed_float16')
