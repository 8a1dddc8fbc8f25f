"""Spectral normalisation against the singular value decomposition."""

import numpy as np
import pytest

from tests.networks.small import smallest, spectral_norms
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.spectral_norm import SpectralConv2D, SpectralDense, normalised
from tfgan_pipeline.networks.spec import NetworkSpec
from tfgan_pipeline.replicas import strategies

LAYERS = {
  'dense': (lambda: SpectralDense(5, use_bias=False), [4, 7]),
  'wide dense': (lambda: SpectralDense(256, use_bias=False), [4, 512]),
  'convolution': (lambda: SpectralConv2D(5, 3, use_bias=False), [2, 6, 6, 3]),
}


def images(shape):
  return np.random.RandomState(0).randn(*shape).astype(np.float32)


@pytest.mark.parametrize('name', LAYERS)
@pytest.mark.parametrize('calls, precision', [(0, 0.1), (1, 0.1), (100, 1e-3)])
def test_kernel_in_use_has_norm_one(name, calls, precision):
  """Checks spectral norms after 0, 1 and 100 training calls; 0 is inference alone."""
  # How fast power iteration comes near depends on the two largest singular values of the kernel:
  # after 100 calls one random wide kernel of ten is still off by more than 0.001.
  keras.utils.set_random_seed(0)
  make, shape = LAYERS[name]
  layer, inputs = make(), images(shape)
  outputs = layer(inputs)
  for _ in range(calls):
    outputs = layer(inputs, training=True)
  kernel = layer.kernel.numpy().reshape(-1, layer.kernel.shape[-1])
  largest = np.linalg.svd(kernel, compute_uv=False)[0]
  assert abs(largest - 1) > 0.01
  in_use = normalised(layer.kernel, layer.singular_vector, False).numpy().reshape(kernel.shape)
  np.testing.assert_allclose(in_use, kernel / largest, rtol=precision)
  if 'dense' in name:
    found = np.linalg.norm(outputs) / np.linalg.norm(inputs @ kernel)
    assert found == pytest.approx(1 / largest, rel=precision)


@pytest.mark.parametrize('name', ['sngan', 'sagan', 'biggan', 'dcgan'])
def test_a_new_network_is_as_its_exact_norms_make_it(name, monkeypatch):
  """Checks all spectral layers: convolutions, attention, conditional batch norm, embeddings."""
  text, shape = smallest(name, monkeypatch)
  told = frozenset({'generator', 'discriminator'})
  spec = NetworkSpec.of_images(shape, 10, 20, labelled=told if name == 'biggan' else frozenset())
  if name == 'dcgan':
    text = 'dcgan(filters=4, discriminator_norm=spectral)'
  inputs = {
    'generator': images([4, 20]),
    'discriminator': images([4, *shape]),
  }
  for role, network in registry.network.build(text, spec).items():
    layers = [layer for layer in network._flatten_layers() if hasattr(layer, 'singular_vector')]
    assert bool(layers) == (role == 'discriminator' or name in ('sagan', 'biggan')), role
    norms = spectral_norms(role, network)
    normed = [
      norms[tag.replace('_raw', '')] for tag in norms if tag.startswith('spectral_norm_raw')
    ]
    assert len(normed) == len(layers) and all(0.9 < norm < 1.1 for norm in normed), norms
    given = [inputs[role], np.arange(4)] if name == 'biggan' else inputs[role]
    outputs = network(given).numpy()
    for layer in layers:
      kernel = layer.kernel.numpy().reshape(-1, layer.kernel.shape[-1])
      layer.singular_vector.assign(np.linalg.svd(kernel)[2][:1])
    exact = network(given).numpy()
    assert np.linalg.norm(outputs - exact) < 0.2 * np.linalg.norm(exact), role


def test_norms_are_one_on_replicas_and_in_16_bits():
  with strategies.mirrored_cpus(2).scope():
    layer = SpectralDense(256, dtype=keras.mixed_precision.Policy('mixed_float16'))
    layer(images([4, 512]))
  largest = np.linalg.norm(layer.kernel.numpy(), 2)
  for vector in layer.singular_vector.values:
    assert np.linalg.norm(vector) == pytest.approx(1, rel=1e-5)
    assert 0.9 < np.linalg.norm(layer.kernel.numpy() @ vector.numpy().T) / largest <= 1


@pytest.mark.parametrize('name', LAYERS)
def test_inference_changes_nothing(name):
  make, shape = LAYERS[name]
  layer = make()
  layer(images(shape), training=True)
  before = layer.get_weights()
  first = layer(images(shape), training=False)
  np.testing.assert_array_equal(layer(images(shape)), first)
  for one, other in zip(before, layer.get_weights()):
    np.testing.assert_array_equal(one, other)


def test_gradient_is_that_of_the_quotient():
  """Compares with the gradient of W / s(W) at the exact singular vectors.

  There the derivative of s is the outer product of the left and the right vector.
  """
  kernel = tf.Variable(images([7, 5]))
  left, values, right = np.linalg.svd(kernel.numpy(), full_matrices=False)
  vector = tf.Variable(right[:1])
  slope = images([7, 5]) + 1
  with tf.GradientTape() as tape:
    total = tf.reduce_sum(normalised(kernel, vector, True) * slope)
  expected = (slope - np.sum(slope * kernel) / values[0] * np.outer(left[:, 0], right[0])) / values[
    0
  ]
  np.testing.assert_allclose(tape.gradient(total, kernel), expected, rtol=1e-3, atol=1e-4)
