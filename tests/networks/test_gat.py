"""The transformer: rates by width, attention by NumPy, images of several depths, refusals."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.networks.gat import Attention, RMSNorm, ScaledDense
from tfgan_pipeline.networks.spec import NetworkSpec


@pytest.mark.parametrize('multiple', [1.0, 0.25])
def test_a_step_of_adam_moves_a_kernel_by_the_rate_times_the_multiple(multiple):
  layer = ScaledDense(3, multiple)
  inputs = np.random.RandomState(0).rand(5, 2, 4).astype(np.float32)
  layer(inputs)
  before = layer.kernel * multiple
  np.testing.assert_allclose(layer(inputs), inputs @ before.numpy(), rtol=1e-5)
  optimizer = registry.optimizer.build('adam(1e-2)')
  with tf.GradientTape() as tape:
    loss = tf.reduce_sum(layer(inputs))
  optimizer.apply_gradients(zip(tape.gradient(loss, layer.variables), layer.variables))
  np.testing.assert_allclose(layer.kernel * multiple - before, -1e-2 * multiple, rtol=1e-3)
  np.testing.assert_allclose(layer.bias, -1e-2, rtol=1e-3)


def test_kernels_start_alike_whatever_the_multiple():
  deviations = []
  for multiple in (1.0, 0.25):
    layer = ScaledDense(200, multiple)
    layer.build((None, 300))
    deviations.append(np.std(layer.kernel * multiple))
  np.testing.assert_allclose(deviations, (2 / 500) ** 0.5, rtol=0.02)


def test_attention_by_hand():
  values = np.random.RandomState(0).normal(size=(2, 5, 3 * 6)).astype(np.float32)
  queries, keys, kept = np.split(values, 3, axis=-1)
  expected = []
  for head in (slice(0, 3), slice(3, 6)):
    products = np.exp(queries[..., head] @ keys[..., head].transpose(0, 2, 1) / 3**0.5)
    expected.append(products / products.sum(-1, keepdims=True) @ kept[..., head])
  np.testing.assert_allclose(Attention(2)(values), np.concatenate(expected, -1), rtol=1e-4)


def test_norms_by_hand():
  values = np.random.RandomState(0).normal(size=(2, 5, 6)).astype(np.float32)
  expected = values / np.sqrt(np.square(values).mean(-1, keepdims=True))
  np.testing.assert_allclose(RMSNorm()(values), expected, rtol=1e-4)
  layer = RMSNorm(gain=True)
  layer(values)
  layer.gain.assign(np.arange(6.0))
  np.testing.assert_allclose(layer(values), expected * np.arange(6), rtol=1e-4)
  assert np.isfinite(RMSNorm()(np.zeros((1, 1, 4), np.float32))).all()


def networks(call: str, shape=(8, 8, 3)):
  return registry.network.build(call, NetworkSpec.of_images(shape, 0, 4))


def test_an_image_of_a_depth_is_made_by_the_blocks_up_to_it():
  generator = networks('gat(width=8, depth=4, heads=2, outputs=3)')['generator']
  noise = tf.constant(np.random.RandomState(0).normal(size=(2, 4)), tf.float32)
  before = generator(noise).numpy()
  gains = [layer for layer in generator.layers if type(layer).__name__ == 'Gain']
  assert len(gains) == 8
  for block, changed in ((3, [2]), (1, [1, 2]), (0, [0, 1, 2])):  # Images after blocks 1, 2 and 4.
    kept = gains[2 * block].gain.numpy()
    gains[2 * block].gain.assign(kept + 1)
    differs = [
      not np.allclose(before[..., level], generator(noise)[..., level]) for level in range(3)
    ]
    assert [level for level in range(3) if differs[level]] == changed
    gains[2 * block].gain.assign(kept)


def test_patches_lie_where_they_belong():
  """Zeroes all tokens but one, whose patch alone then differs from the others."""
  generator = networks('gat(width=8, depth=1, heads=1)', (8, 12, 3))['generator']
  for layer in generator.layers:
    if type(layer).__name__ == 'Gain':
      layer.gain.assign(tf.zeros_like(layer.gain))
    if type(layer).__name__ == 'Places':
      layer.places.assign(tf.one_hot([0, 0, 0, 0, 1, 0], 8) * 9)
  pixels = generator(np.zeros((1, 4), np.float32)).numpy()[0]
  patches = pixels.reshape(2, 4, 3, 4, 3).transpose(0, 2, 1, 3, 4)
  differs = [[not np.allclose(patches[y, x], patches[0, 0]) for x in range(3)] for y in range(2)]
  assert differs == [[False, False, False], [False, True, False]]


def test_the_discriminator_reads_every_patch():
  reader = networks('gat(width=8, depth=1, heads=1)')['discriminator']
  images = tf.zeros([1, 8, 8, 3])
  with tf.GradientTape() as tape:
    tape.watch(images)
    output = reader(images)
  slopes = np.abs(tape.gradient(output, images)[0]).sum(-1).reshape(2, 4, 2, 4).sum((1, 3))
  assert isinstance(reader, keras.Model) and (slopes > 0).all()


@pytest.mark.parametrize(
  'call, message',
  [
    ('gat(patch=3)', 'images should be a multiple of patch=3, not 8x8'),
    ('gat(width=10, heads=4)', 'heads=4 should divide width=10'),
    ('gat(width=8, outputs=2)', 'outputs=2 should be at most depth=6, and divide the 3 channels'),
    ('gat(width=8, depth=2, outputs=3)', 'outputs=3 should be at most depth=2'),
  ],
)
def test_sizes_that_do_not_fit_are_refused(call, message):
  with pytest.raises(UsageError, match=message):
    networks(call)
