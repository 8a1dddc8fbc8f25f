"""Layers of a line or two: biases, gains, epsilons and how weights start, against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers import basic, minibatch
from tfgan_pipeline.networks.layers.attention import SelfAttention
from tfgan_pipeline.networks.layers.conditional_batch_norm import ConditionalBatchNorm
from tfgan_pipeline.networks.layers.projection import ProjectionHead
from tfgan_pipeline.networks.layers.spectral_norm import SpectralConv2D, SpectralDense
from tfgan_pipeline.networks.points_mlp import ImagesToPoints, PointsToImages
from tfgan_pipeline.networks.r3gan import Basis, GroupedConv2D
from tfgan_pipeline.networks.stylegan2 import (
  EqualizedConv2D,
  EqualizedDense,
  ModulatedConv2D,
  PixelNoise,
  ScaledAdd,
  ScaledLeakyReLU,
  Start,
  UnitRms,
)
from tfgan_pipeline.replicas import randomness, strategies

layers = keras.layers


def normal(*shape: int, seed: int = 0) -> np.ndarray:
  return np.random.RandomState(seed).randn(*shape).astype(np.float32)


MAPS, FEATURES = normal(4, 5, 6, 3), normal(4, 7)


def with_bias(layer, inputs):
  """Builds a layer on inputs, gives it a bias that is not zero, and returns it."""
  layer(inputs)
  layer.bias.assign(normal(*layer.bias.shape, seed=1))
  return layer


def test_biases_are_added():
  bias = with_bias(basic.Bias(), MAPS)
  np.testing.assert_allclose(bias(MAPS), MAPS + bias.bias.numpy(), rtol=1e-6)
  for make, inputs in (
    (lambda **kwargs: EqualizedDense(2, **kwargs), FEATURES),
    (lambda **kwargs: EqualizedDense(2, rate=0.01, **kwargs), FEATURES),
    (lambda **kwargs: SpectralDense(2, **kwargs), FEATURES),
    (lambda **kwargs: EqualizedConv2D(2, 3, **kwargs), MAPS),
    (lambda **kwargs: SpectralConv2D(2, 3, **kwargs), MAPS),
  ):
    layer, plain = with_bias(make(), inputs), make(use_bias=False)
    plain(inputs)
    assert len(plain.trainable_variables) == 1
    plain.kernel.assign(layer.kernel)
    if hasattr(layer, 'singular_vector'):
      plain.singular_vector.assign(layer.singular_vector)
    added = layer.bias.numpy() * getattr(layer, 'rate', 1)
    np.testing.assert_allclose(layer(inputs), plain(inputs) + added, rtol=1e-4, atol=1e-5)
    active = make(activation='tanh') if hasattr(layer, 'singular_vector') else None
    if active:
      active(inputs)
      active.set_weights(layer.get_weights())
      np.testing.assert_allclose(active(inputs), np.tanh(layer(inputs)), rtol=1e-4, atol=1e-5)


def test_biases_of_scaled_layers_start_as_told_and_learn_at_the_rate():
  for rate in (1.0, 0.01):
    layer = EqualizedDense(3, rate=rate, bias=2.0)
    expected = FEATURES @ layer_kernel(layer, FEATURES) * rate / 7**0.5 + 2
    np.testing.assert_allclose(layer(FEATURES), expected, rtol=1e-3, atol=1e-4)
  assert EqualizedDense(3).rate == 1.0
  layer = EqualizedDense(3)
  layer(FEATURES)
  assert not layer.bias.numpy().any()


def layer_kernel(layer, inputs) -> np.ndarray:
  layer(inputs)
  return layer.kernel.numpy()


@pytest.mark.parametrize(
  'make, inputs, weight',
  [
    (lambda: Basis((4, 4)), normal(1, 4000), 'basis'),
    (lambda: Start((4, 4, 4000)), FEATURES, 'maps'),
    (PixelNoise, normal(1, 200, 200, 1), 'constant'),
    (lambda: ModulatedConv2D(200, 3), [normal(1, 4, 4, 40), FEATURES[:1]], 'kernel'),
    (lambda: EqualizedConv2D(200, 3), normal(1, 4, 4, 40), 'kernel'),
    (lambda: EqualizedDense(200), normal(1, 300), 'kernel'),
    (lambda: minibatch.MinibatchDiscrimination(200, 5), normal(1, 60), 'kernel'),
  ],
)
def test_weights_start_as_normal_numbers(make, inputs, weight):
  """Checks mean and standard deviation, which is 1 but for minibatch discrimination's 0.05."""
  layer = make()
  layer(inputs)
  values = getattr(layer, weight).numpy()
  deviation = 0.05 if isinstance(layer, minibatch.MinibatchDiscrimination) else 1
  assert values.std() == pytest.approx(deviation, rel=0.03)
  assert abs(values.mean()) < 0.03 * deviation


def test_learned_pictures():
  basis, start = Basis((4, 6)), Start((4, 6, 3))
  pictures = basis(FEATURES).numpy()
  assert basis.basis.shape == (4, 6, 7) and start(FEATURES).shape == (4, 4, 6, 3)
  expected = FEATURES[:, None, None] * basis.basis.numpy()
  np.testing.assert_allclose(pictures, expected, rtol=1e-6)
  np.testing.assert_array_equal(start(FEATURES), np.stack([start.maps.numpy()] * 4))


def test_kernels_in_groups_are_those_of_keras_without_its_bias():
  layer, plain = (make(4, 3, groups=1, use_bias=False) for make in (GroupedConv2D, layers.Conv2D))
  layer(MAPS), plain(MAPS)
  plain.kernel.assign(layer.kernel)
  np.testing.assert_allclose(layer(MAPS), plain(MAPS), rtol=1e-5)


def test_gains_that_keep_sizes():
  one, other = normal(3, 4), normal(3, 4, seed=1)
  np.testing.assert_allclose(
    ScaledAdd()([one, other]), (one + other) / 2**0.5, rtol=1e-5, atol=1e-6
  )
  scaled = np.where(one > 0, one, 0.2 * one) * 2**0.5
  np.testing.assert_allclose(ScaledLeakyReLU()(one), scaled, rtol=1e-5)
  rows = one / np.sqrt(np.mean(one**2, axis=1, keepdims=True))
  np.testing.assert_allclose(UnitRms()(one), rows, rtol=1e-5)
  np.testing.assert_array_equal(basic.UnitToImageRange()(tf.constant([0.0, 0.5, 1.0])), [-1, 0, 1])


def test_epsilons():
  """Epsilons show at inputs as small as their square roots."""
  small = np.full((1, 4), 1e-4, np.float32)
  np.testing.assert_allclose(UnitRms()(small), small / 2e-8**0.5, rtol=1e-4)
  layer = ModulatedConv2D(1, 1)
  layer([np.ones((1, 1, 1, 1), np.float32), np.zeros((1, 2), np.float32)])  # The style scales by 1.
  layer.kernel.assign(np.full((1, 1, 1, 1), 1e-4))
  found = layer([np.ones((1, 1, 1, 1), np.float32), np.zeros((1, 2), np.float32)])
  np.testing.assert_allclose(found, np.full((1, 1, 1, 1), 1e-4 / 2e-8**0.5), rtol=1e-4)
  same = np.ones((4, 2, 2, 3), np.float32)
  np.testing.assert_allclose(minibatch.MinibatchStdDev()(same)[..., 3], 1e-4, rtol=1e-4)
  # Without a variance a batch norm divides by the root of its epsilon.
  plain, conditional = basic.BatchNorm(), ConditionalBatchNorm()
  condition = np.zeros((4, 2), np.float32)
  plain(same), conditional([same, condition])
  for norm in (plain, conditional.norm):
    norm.moving_variance.assign(np.zeros(3))
  np.testing.assert_allclose(plain(same), same / 1e-3**0.5, rtol=1e-5)
  np.testing.assert_allclose(conditional([same, condition]), same / 1e-5**0.5, rtol=1e-5)


def test_sizes_by_default():
  assert minibatch.MinibatchStdDev().group == 4
  layer = minibatch.MinibatchDiscrimination()
  assert (layer.kernels, layer.dims) == (16, 5)
  assert layer(FEATURES).shape == (4, 7 + 16)
  for kwargs in (dict(kernels=0), dict(dims=0)):
    with pytest.raises(ValueError, match='=0 should be at least 1'):
      minibatch.MinibatchDiscrimination(**kwargs)
  assert minibatch.MinibatchDiscrimination(1, 1)(FEATURES).shape == (4, 8)
  head = ProjectionHead()
  assert (head.units, head.product) == (1, 1.0)
  assert head(FEATURES).shape == (4, 1)
  assert ModulatedConv2D(2, 3).demodulate


@pytest.mark.parametrize('shape', [(7,), (5, 6, 3)])
def test_labels_lie_beside_values_as_one_hot(shape):
  values, labels = normal(4, *shape), np.array([2, 0, 1, 2])
  found = basic.LabelBeside(3)([values, labels]).numpy()
  np.testing.assert_array_equal(found[..., : shape[-1]], values)
  beside = np.eye(3)[labels].reshape(4, *[1] * (len(shape) - 1), 3)
  np.testing.assert_array_equal(
    found[..., shape[-1] :], np.broadcast_to(beside, (4, *shape[:-1], 3))
  )


def test_attention_has_an_eighth_and_a_half_of_the_channels_and_at_least_one():
  for channels, narrow, half in ((1, 1, 1), (2, 1, 1), (7, 1, 3), (16, 2, 8), (24, 3, 12)):
    layer = SelfAttention()
    assert layer(normal(1, 2, 4, channels)).shape == (1, 2, 4, channels)
    made = (layer.query, layer.key, layer.value, layer.output_conv)
    assert [conv.filters for conv in made] == [narrow, narrow, half, channels]
    assert all(hasattr(conv, 'singular_vector') for conv in made)


def test_points_and_pictures_of_two_bytes():
  exact = np.random.RandomState(0).uniform(-1, 1, (3000, 2)).astype(np.float32)
  exact[:2] = [[-1, 1], [0, 0.999]]
  steps = (exact.astype(np.float64) + 1) * 65535 / 2
  high = np.floor(steps / 256)
  pictures = np.stack([high, np.minimum(steps - 256 * high, 255)], axis=-1) / 127.5 - 1
  with tf.GradientTape() as tape:
    inputs = tf.constant(exact)
    tape.watch(inputs)
    written = PointsToImages()(inputs)
    read = ImagesToPoints()(written)
  # A step of float32 may fall on the other side of a stair.
  near = np.abs(written.numpy()[..., 0] - pictures).max((1, 2)) < 1e-3
  assert written.shape == (3000, 2, 2, 1) and near.mean() > 0.999
  np.testing.assert_allclose(tape.gradient(read, inputs), 1, rtol=1e-5)
  found = (256 * pictures[..., 0] + pictures[..., 1]) / 257
  np.testing.assert_allclose(ImagesToPoints()(pictures[..., None]), found, atol=1e-6)
  labelled = np.concatenate([pictures[..., None], np.full((3000, 2, 2, 1), 3.0)], axis=-1)
  np.testing.assert_allclose(ImagesToPoints()(labelled)[:, :2], found, atol=1e-6)
  np.testing.assert_allclose(ImagesToPoints()(labelled)[:, 2:], 3, rtol=1e-6)


def test_one_replica_normalises_by_the_fused_kernel_and_several_do_not():
  alone = basic.BatchNorm()
  alone(MAPS)
  with strategies.mirrored_cpus(2).scope():
    shared = basic.BatchNorm()
    shared(MAPS)
  assert alone.fused and not shared.fused
  # Moving averages are mirrored as weights are, and not averaged on being read.
  assert len({type(weight) for weight in shared.weights}) == 1
  for weight in shared.weights:
    assert weight.synchronization != tf.VariableSynchronization.ON_READ, weight.name


def test_dropout_keeps_what_draws_its_rate_or_more(monkeypatch):
  drawn = np.array([[0.0, 0.249, 0.25, 0.999]], np.float32)
  monkeypatch.setattr(randomness, 'uniform', lambda shape: tf.constant(drawn))
  found = basic.Dropout(0.25)(np.full((1, 4), 3.0, np.float32), training=True)
  np.testing.assert_allclose(found, [[0, 0, 4, 4]], rtol=1e-6)
  whole = basic.Dropout(0)(drawn, training=True)
  np.testing.assert_array_equal(whole, drawn)
  for rate in (-0.01, 1.0):
    with pytest.raises(ValueError, match=f'dropout={rate} should be at least 0 and less than 1'):
      basic.Dropout(rate)


def test_moving_averages_become_those_of_the_batches_that_are_shared_in():
  layer, batches = basic.BatchNorm(), [normal(8, 3), 2 * normal(8, 3, seed=1) + 1]
  layer(batches[0])
  before = layer.get_weights()
  with basic.batch_statistics():
    found = layer(batches[1]).numpy()
  for weight, value in zip(layer.get_weights(), before):
    np.testing.assert_array_equal(weight, value)
  batch = batches[1]
  expected = (batch - batch.mean(0)) / np.sqrt(batch.var(0) + 1e-3)
  np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
  layer.moving_mean.assign(np.zeros(3)), layer.moving_variance.assign(np.zeros(3))
  for batch in batches:
    with basic.batch_statistics(share=0.5):
      layer(batch)
  mean, variance = (np.mean([getattr(b, name)(0) for b in batches], 0) for name in ('mean', 'var'))
  np.testing.assert_allclose(layer.moving_mean, mean, rtol=1e-4)
  np.testing.assert_allclose(layer.moving_variance, variance, rtol=1e-4)
  layer.moving_mean.assign(np.zeros(3)), layer.moving_variance.assign(np.ones(3))
  np.testing.assert_allclose(layer(batches[0]), batches[0] / np.sqrt(1 + 1e-3), rtol=1e-4)


def test_a_new_kernel_has_seen_fifteen_rounds_of_power_iteration(monkeypatch):
  """Starts at (1, 1): n rounds with singular values 0.9 and 1 leave a ratio of 0.9 ** 2n."""
  truncated = keras.initializers.TruncatedNormal
  monkeypatch.setattr(truncated, '__call__', lambda self, shape, **_: tf.fill(shape, self.stddev))
  layer = SpectralDense(2, kernel_initializer=lambda shape, **_: tf.constant([[0.9, 0], [0, 1.0]]))
  layer(normal(1, 2))
  first, second = layer.singular_vector.numpy()[0]
  assert first / second == pytest.approx(0.9**30, rel=1e-3)
