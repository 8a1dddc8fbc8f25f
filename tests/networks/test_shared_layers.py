"""Layers of several networks: against plain NumPy, and on any number of replicas."""

import numpy as np
import pytest

from tests.conftest import tiny_experiment
from tests.training.test_replicas import assert_invariant
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.networks.layers.attention import SelfAttention
from tfgan_pipeline.networks.layers.basic import (
  BatchNorm,
  NearestUpsample2x,
  batch_norms,
  batch_statistics,
)
from tfgan_pipeline.networks.layers.conditional_batch_norm import ConditionalBatchNorm, OneHot
from tfgan_pipeline.networks.layers.minibatch import MinibatchDiscrimination, MinibatchStdDev
from tfgan_pipeline.networks.layers.projection import ProjectionHead
from tfgan_pipeline.networks.spec import NetworkSpec
from tfgan_pipeline.replicas import strategies

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

layers = keras.layers


def random(*shape, seed=0):
  return np.random.RandomState(seed).randn(*shape).astype(np.float32)


MAPS = random(8, 4, 6, 16)
LAYERS = {
  'attention': (SelfAttention, MAPS),
  'conditional batch norm': (ConditionalBatchNorm, [MAPS, random(8, 5)]),
  'projection': (ProjectionHead, [random(8, 6), random(8, 5)]),
  'standard deviation': (MinibatchStdDev, MAPS),
  'discrimination': (MinibatchDiscrimination, random(8, 6)),
}


@pytest.mark.parametrize('name', LAYERS)
def test_inference_changes_no_weight(name):
  make, inputs = LAYERS[name]
  layer = make()
  layer(inputs, training=True)
  before = layer.get_weights()
  first = layer(inputs, training=False)
  np.testing.assert_array_equal(layer(inputs), first)
  for one, other in zip(before, layer.get_weights()):
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize('name', LAYERS)
def test_16_bits(name):
  make, inputs = LAYERS[name]
  layer = make(dtype=keras.mixed_precision.Policy('mixed_bfloat16'))
  outputs = layer(inputs, training=True)
  assert outputs.dtype == tf.bfloat16
  assert {weight.dtype for weight in layer.weights} <= {tf.float32}
  assert np.isfinite(tf.cast(outputs, tf.float32)).all()


def test_doubled_is_what_keras_does_and_has_a_gradient_in_xla():
  images = tf.constant(np.random.RandomState(0).rand(3, 4, 6, 2), tf.float32)
  np.testing.assert_array_equal(NearestUpsample2x()(images), keras.layers.UpSampling2D()(images))

  @tf.function(jit_compile=True)
  def gradient(images):
    return tf.gradients(tf.reduce_sum(NearestUpsample2x()(images) ** 2), images)[0]

  np.testing.assert_allclose(gradient(images), 8 * images, rtol=1e-6)


def test_attention_starts_as_the_identity_and_agrees_with_numpy():
  layer = SelfAttention(spectral=False)
  np.testing.assert_array_equal(layer(MAPS), MAPS)
  layer.gain.assign(0.7)
  query, key, value, output = (
    conv.kernel.numpy()[0, 0] for conv in (layer.query, layer.key, layer.value, layer.output_conv)
  )
  assert query.shape == key.shape == (16, 2) and value.shape == (16, 8)

  def pooled(maps):
    return maps.reshape(8, 2, 2, 3, 2, -1).max((2, 4)).reshape(8, 6, -1)

  scores = (MAPS @ query).reshape(8, 24, 2) @ pooled(MAPS @ key).transpose(0, 2, 1)
  weights = np.exp(scores) / np.exp(scores).sum(-1, keepdims=True)
  found = (weights @ pooled(MAPS @ value)).reshape(8, 4, 6, 8) @ output
  np.testing.assert_allclose(layer(MAPS), MAPS + 0.7 * found, rtol=1e-4, atol=1e-5)


def test_conditional_batch_norm_starts_as_batch_norm_and_adds_to_a_gain_of_1():
  labels = np.arange(8) % 3
  condition = OneHot(3)(labels)
  layer = ConditionalBatchNorm()
  plain = BatchNorm(center=False, scale=False, epsilon=1e-5)(MAPS, training=True).numpy()
  np.testing.assert_allclose(layer([MAPS, condition], training=True), plain, atol=1e-6)
  gain, shift = random(3, 16), random(3, 16, seed=1)
  layer.gain.kernel.assign(gain)
  layer.shift.kernel.assign(shift)
  expected = plain * (1 + gain[labels][:, None, None]) + shift[labels][:, None, None]
  outputs = layer([MAPS, condition], training=True)
  np.testing.assert_allclose(outputs, expected, rtol=1e-4, atol=1e-5)
  # Its own statistics follow the switch of sampling, and standing statistics find them.
  with batch_statistics():
    np.testing.assert_allclose(layer([MAPS, condition]), expected, rtol=1e-4, atol=1e-5)
  inputs = layers.Input((4, 6, 16)), layers.Input(3)
  assert batch_norms(keras.Model(inputs, layer(inputs))) == [layer.norm]
  # A gain and a shift of the condition, and none beside them.
  assert [tuple(variable.shape) for variable in layer.trainable_variables] == [(3, 16)] * 2


def test_projection_adds_the_inner_product_to_the_first_output():
  features, condition = LAYERS['projection'][1]
  head = ProjectionHead(3, dense=layers.Dense, product=0.5)
  head([features, condition])
  embedding = condition @ head.embedding.kernel.numpy()
  expected = features @ head.linear.kernel.numpy()
  expected[:, 0] += 0.5 * np.sum(features * embedding, axis=1)
  np.testing.assert_allclose(head([features, condition]), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize('inputs', [MAPS, MAPS.reshape(8, -1)], ids=['maps', 'features'])
def test_standard_deviation_within_groups_of_neighbours(inputs):
  outputs = MinibatchStdDev(4)(inputs, training=True).numpy()
  assert outputs.shape == (*inputs.shape[:-1], inputs.shape[-1] + 1)
  np.testing.assert_array_equal(outputs[..., :-1], inputs)
  for group in (slice(0, 4), slice(4, 8)):
    expected = inputs[group].std(axis=0).mean()
    np.testing.assert_allclose(outputs[group][..., -1], expected, rtol=1e-4)


def test_groups_that_do_not_fit():
  layer = MinibatchStdDev(4)
  with pytest.raises(UsageError, match='groups of 4 needs batches .* not 6'):
    layer(MAPS[:6], training=True)
  np.testing.assert_array_equal(layer(MAPS[:6]), MinibatchStdDev(2)(MAPS[:6]))
  with pytest.raises(UsageError, match='group=1 should be at least 2'):
    MinibatchStdDev(1)


def test_discriminators_are_told_of_the_batch(tmp_path):
  """Checks that, with `minibatch`, an image's logit depends on its batch; encoders never do."""

  def networks_of(text, **outputs):
    return registry.network.build(text, NetworkSpec.of_images((16, 16, 1), 0, 8, outputs=outputs))

  keras.utils.set_random_seed(0)
  images = random(8, 16, 16, 1)
  others = np.concatenate([images[:1], 3 * images[1:]])
  for name in ('dcgan(filters=4, discriminator_norm=none', 'sndcgan(filters=2'):
    for word, told in (("''", False), ('std', True), ('discrimination', True)):
      networks = networks_of(f'{name}, minibatch={word})', discriminator=1, encoder=2)
      for role, expected in (('discriminator', told), ('encoder', False)):
        outputs, told_others = (networks[role](batch).numpy() for batch in (images, others))
        moved = np.abs(told_others[0] - outputs[0]).max() / np.ptp(outputs)
        assert (moved > 1e-5) == expected, (name, word, role, moved)
  for word, message in (
    ('mean', "minibatch='mean' should be '', std or discrimination"),
    ('std', 'minibatch=std needs a discriminator, which --model has not'),
  ):
    with pytest.raises(UsageError, match=f'--networks: {message}'):
      networks_of(f'dcgan(minibatch={word})', encoder=2)
  # In a training batches have to fit, which is known before anything is written.
  estimator = GANEstimator(
    tiny_experiment(tmp_path / 'run', networks='dcgan(filters=4, minibatch=std)', batch_size=6)
  )
  with pytest.raises(UsageError, match='groups of 4 needs batches .* not 6'):
    estimator.train()
  assert not (tmp_path / 'run').exists()


def test_discrimination_agrees_with_numpy():
  layer = MinibatchDiscrimination(3, 2)
  features = random(8, 6) * 3
  outputs = layer(features, training=True).numpy()
  matrix = (features @ layer.kernel.numpy()).reshape(8, 3, 2)
  distances = np.abs(matrix[:, None] - matrix[None]).sum(3)
  np.testing.assert_allclose(outputs[:, 6:], np.exp(-distances).sum(1) - 1, rtol=1e-4)


@pytest.mark.parametrize('name', ['standard deviation', 'discrimination'])
def test_one_two_and_four_replicas_see_the_same_others(name):
  """Compares outputs, and gradients through the images of other replicas."""
  make, inputs = LAYERS[name]
  inputs = np.concatenate([inputs, 2 * inputs])
  weights = random(16, *make()(inputs[:4], training=True).shape[1:], seed=3)

  def run(count):
    strategy = strategies.mirrored_cpus(count) if count > 1 else tf.distribute.get_strategy()
    rows = 16 // count
    with strategy.scope():
      layer = make()
      layer(inputs[:4], training=True)
    for weight in layer.weights:
      weight.assign(random(*weight.shape, seed=2))

    def on_replica():
      place = tf.distribute.get_replica_context().replica_id_in_sync_group
      mine, scale = (
        tf.slice(all, [place * rows] + [0] * (all.ndim - 1), [rows, *all.shape[1:]])
        for all in (inputs, weights)
      )
      outputs = layer(mine, training=True)
      return outputs, tf.gradients(tf.reduce_sum(outputs * scale), mine)[0]

    parts = tf.function(lambda: strategy.run(on_replica), autograph=False)()
    return [np.concatenate(strategy.experimental_local_results(part)) for part in parts]

  one = run(1)
  for count in (2, 4):
    for expected, found in zip(one, run(count)):
      np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def with_every_layer(spec):
  """Builds a small generator and discriminator that have every layer of this file."""
  noise = layers.Input([spec.noise_size])
  maps = layers.Reshape((4, 4, 16))(layers.Dense(256)(noise))
  maps = layers.ReLU()(
    ConditionalBatchNorm(kernel_initializer=keras.initializers.RandomNormal)([maps, noise])
  )
  maps = layers.UpSampling2D(4)(SelfAttention()(maps))
  generator = keras.Model(noise, layers.Conv2D(1, 3, padding='same', activation='tanh')(maps))
  images = layers.Input(spec.image_shape)
  maps = layers.LeakyReLU(0.2)(layers.Conv2D(16, 4, 4)(images))
  maps = layers.LeakyReLU(0.2)(layers.Conv2D(16, 3)(MinibatchStdDev()(maps)))
  features = MinibatchDiscrimination(4, 3)(layers.Flatten()(maps))
  logits = ProjectionHead()([features, layers.Dense(3, activation='softmax')(features)])
  return {'generator': generator, 'discriminator': keras.Model(images, logits)}


@pytest.mark.parametrize('replicas', [2, pytest.param(4, marks=pytest.mark.heavy)])
def test_replicas_make_the_same_run(tmp_path, register, replicas):
  """Compares weights, after a gradient penalty with its second derivatives."""
  register(registry.network, with_every_layer)
  assert_invariant(
    tmp_path,
    replicas=(replicas,),
    ema_decay=0.0,
    networks='with_every_layer',
    penalties='wasserstein_gradient(weight=0.1)',
    generator_optimizer='sgd(0.01)',
    discriminator_optimizer='sgd(0.01)',
  )
