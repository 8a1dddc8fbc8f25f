"""Residual networks: published sizes, their two equalities, and what conditions them."""

import functools

import numpy as np
import pytest

from tests.conftest import tiny_experiment
from tests.networks.small import smallest
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf, tf1_tensor_equality
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.blocks.residual import Blocks
from tfgan_pipeline.networks.layers.attention import SelfAttention
from tfgan_pipeline.networks.spec import NetworkSpec
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.training.state import TrainState

layers = keras.layers
TOLD = frozenset({'generator', 'discriminator'})


def build(text, side, noise=20, classes=10, labelled=frozenset(), channels=3):
  spec = NetworkSpec.of_images((side, side, channels), classes, noise, labelled=labelled)
  return registry.network.build(text, spec)


def large(*values):
  """Returns a case that takes seconds, marked heavy.

  Ordinary runs test the layers of its network in test_layer_tables.py, widths in test_blocks.py.
  """
  return pytest.param(*values, marks=pytest.mark.heavy)


# Trained parameters. Those of stylegan2 are what its authors' code prints. Those of the others are
# what these networks have, since no published number could be looked up: they detect a change, such
# as a layer that goes missing, and say nothing about whether the network is the paper's.
@pytest.mark.parametrize(
  'text, side, noise, classes, generator, discriminator',
  [
    ('sngan', 32, 128, 0, 4_276_739, 1_053_825),
    large('biggan', 128, 120, 1000, 70_433_988, 87_982_370),
    large('biggan_deep', 128, 128, 1000, 50_244_484, 34_590_210),
    ('r3gan', 32, 64, 0, 20_732_160, 20_683_777),
    large('stylegan2', 1024, 512, 0, 30_370_060, 29_012_513),
    ('dcgan_celeba', 28, 100, 0, 4_314_627, 1_042_561),
  ],
)
def test_parameter_counts(text, side, noise, classes, generator, discriminator, monkeypatch):
  def zeros(self, shape, dtype=None, **_):
    return tf.zeros(shape, dtype)

  # Decomposing hundreds of millions of numbers takes a minute, and adds none.
  monkeypatch.setattr(keras.initializers.Orthogonal, '__call__', zeros)
  networks = build(text, side, noise, classes, TOLD if classes else frozenset())
  for role, count in (('generator', generator), ('discriminator', discriminator)):
    trained = networks[role].trainable_variables
    assert sum(variable.shape.num_elements() for variable in trained) == count, role


@pytest.mark.parametrize(
  'text, side',
  [
    ('sngan(filters=1)', 48),
    ('biggan(filters=1)', 128),
  ],
)
def test_other_sides(text, side):
  """Builds networks of two sides; test_blocks.py checks the widths of all."""
  networks = build(text, side, 420)
  assert networks['generator'].output_shape == (None, side, side, 3)
  assert networks['discriminator'].output_shape == (None, 1)
  attends = [layer for layer in networks['generator'].layers if isinstance(layer, SelfAttention)]
  assert len(attends) == (text[:3] == 'big')


@pytest.mark.parametrize(
  'text, side, noise, message',
  [
    ('sngan', 28, 8, '--networks=sngan: the shorter side of images should be one of 32, 48, 64,'),
    ('sndcgan', 28, 8, '--networks=sndcgan: sides of images should be multiples of 8, not 28x28'),
    ('biggan', 32, 18, '--noise: the 18 numbers that the generator reads, codes included, should'),
    ('r3gan', 28, 8, '--networks=r3gan: the shorter side of images should be 4 times a power of'),
    ('r3gan(filters=1, group=1)', 128, 8, '--networks=r3gan: filters=1 should be at least 4 at'),
    ('r3gan(filters=20)', 32, 8, '--networks=r3gan: group=16 should divide 40'),
    ('r3gan(16, expansion=1)', 64, 8, '--networks=r3gan: group=16 should divide 8'),
    ('dcgan_celeba', 32, 8, '--networks=dcgan_celeba: images should be 28x28, not 32x32'),
    ('sngan(minibatch=mean)', 32, 8, "--networks: minibatch='mean' should be '', std or discrimi"),
  ],
)
def test_what_does_not_fit_is_refused(text, side, noise, message):
  with pytest.raises(UsageError) as raised:
    build(text, side, noise)
  assert str(raised.value).startswith(message)


def test_kernels_beside_resizing_are_where_the_papers_have_them():
  """Checks that 1x1 kernels are applied at the smaller of both sides, which changes no number."""
  blocks = Blocks(lambda kernel: keras.initializers.GlorotUniform(), spectral=False)
  maps = np.random.RandomState(0).randn(2, 6, 6, 4).astype(np.float32)
  inputs = layers.Input((6, 6, 4))
  kernel = layers.Conv2D(8, 1)
  pooled, enlarged = layers.AveragePooling2D(), layers.UpSampling2D()
  for resize in (pooled, enlarged):
    np.testing.assert_allclose(kernel(resize(maps)), resize(kernel(maps)), atol=1e-5)
  for block, side in ((blocks.down, 3), (blocks.up, 12)):
    model = keras.Model(inputs, block(inputs, 8))
    assert model(maps).shape == (2, side, side, 8)
    kernels = [layer for layer in model.layers if isinstance(layer, layers.Conv2D)]
    assert [layer.input_shape[1] for layer in kernels if layer.kernel_size == (1, 1)] == [
      min(side, 6)
    ]


@pytest.mark.parametrize('name', ['biggan', 'biggan_deep'])
def test_each_level_reads_the_class_and_its_noise(name, monkeypatch):
  text, shape = smallest(name, monkeypatch)
  generator = build(text, shape[0], labelled=TOLD, channels=shape[2])['generator']
  noise = np.random.RandomState(0).randn(1, 20).astype(np.float32)
  label = np.zeros(1, np.int32)
  images = generator([noise, label])
  assert not np.allclose(images, generator([noise, label + 1]), atol=1e-4)
  for part in range(4):
    moved = noise.copy()
    moved[:, 5 * part : 5 * part + 5] += 1
    assert not np.allclose(images, generator([moved, label]), atol=1e-4), part


def test_r3gan_starts_with_blocks_that_add_nothing():
  discriminator = build('r3gan(filters=16, blocks=3, group=8)', 16)['discriminator']
  images = np.random.RandomState(0).randn(2, 16, 16, 3).astype(np.float32)
  added = [layer.input[1] for layer in discriminator.layers if isinstance(layer, layers.Add)]
  assert len(added) == 9
  for value in keras.Model(discriminator.input, added)(images):
    assert not value.numpy().any()


@pytest.fixture
def float64(monkeypatch):
  """Makes this package compute in float64 what it computes in float32."""
  set_policy = keras.layers.Layer._set_dtype_policy
  monkeypatch.setattr(
    keras.layers.Layer, '_set_dtype_policy', lambda self, _: set_policy(self, 'float64')
  )
  monkeypatch.setattr(tf, 'float32', tf.float64)
  # TF-GAN adds a float32 zero where no layer has such a loss.
  monkeypatch.setattr(tf.compat.v1.losses, 'get_regularization_loss', lambda scope: 0.0)


@pytest.mark.heavy
@pytest.mark.parametrize('name', ['sngan', 'sagan', 'biggan', 'biggan_deep', 'r3gan', 'stylegan2'])
def test_two_replicas_make_the_same_updates(name, monkeypatch, float64):
  """Checks that replicas agree to 1e-9 of each value's size, in float64.

  In float32 it would be 1 %, on one device too: so many ReLU find a place that rounding moves
  across zero.
  """
  text, shape = smallest(name, monkeypatch)
  if name == 'r3gan':  # On CPUs there is no float64 gradient of more than one group.
    text = 'r3gan(filters=16, blocks=1, group=32)'
  sgd = dict.fromkeys(('generator_optimizer', 'discriminator_optimizer'), 'sgd(0.001)')
  experiment = tiny_experiment(
    '', networks=text, dataset=f'digits(size={shape[0]})', ema_decay=0.0, **sgd
  )
  dataset = registry.dataset.build(experiment.dataset, DataOptions())
  examples = dataset.split('train').spread(32)

  def weights_of(replicas: int) -> list[dict[str, np.ndarray]]:
    """Returns the weights of each role before and after two steps, as one vector each."""
    strategy = strategies.mirrored_cpus(replicas)
    state = TrainState.build(experiment, dataset, strategy)
    step = tf.function(lambda batch: strategy.run(state.step_fn, args=([batch],)), autograph=False)

    def share(context, first):
      rows = 16 // replicas
      part = slice(first + rows * context.replica_id_in_sync_group, None)
      return {name: tf.constant(values[part][:rows]) for name, values in examples.items()}

    def weights():
      return {
        role: np.concatenate([variable.numpy().ravel() for variable in network.variables])
        for role, network in state.networks.items()
      }

    found = [weights()]
    for first in (0, 16):
      batch = strategy.experimental_distribute_values_from_function(
        functools.partial(share, first=first)
      )
      with tf1_tensor_equality():
        step(batch)
    return [*found, weights()]

  (start, one), (_, two) = weights_of(1), weights_of(2)
  for role in start:
    update = np.linalg.norm(one[role] - start[role])
    assert one[role].dtype == np.float64 and update > 0
    assert np.linalg.norm(two[role] - one[role]) < 1e-9 * update, role
