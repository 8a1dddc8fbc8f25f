"""Spectral normalisation against the singular value decomposition."""

import numpy as np
import pytest

from tfgan_pipeline.compat import tf
from tfgan_pipeline.networks.spectral_norm import SpectralConv2D, SpectralDense, normalised

LAYERS = {
  'dense': (lambda: SpectralDense(5, use_bias=False), [4, 7]),
  'convolution': (lambda: SpectralConv2D(5, 3, use_bias=False), [2, 6, 6, 3]),
}


def images(shape):
  return np.random.RandomState(0).randn(*shape).astype(np.float32)


@pytest.mark.parametrize('name', LAYERS)
def test_kernel_in_use_has_norm_one(name):
  make, shape = LAYERS[name]
  layer, inputs = make(), images(shape)
  for _ in range(100):
    outputs = layer(inputs, training=True)
  kernel = layer.kernel.numpy().reshape(-1, 5)
  largest = np.linalg.svd(kernel, compute_uv=False)[0]
  assert abs(largest - 1) > 0.01
  in_use = normalised(layer.kernel, layer.singular_vector, False).numpy().reshape(-1, 5)
  np.testing.assert_allclose(in_use, kernel / largest, rtol=1e-4)
  if name == 'dense':
    np.testing.assert_allclose(outputs, inputs @ kernel / largest, rtol=1e-3, atol=1e-4)


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
  """At the singular vectors: of W / s(W), where the derivative of s is left * right."""
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
