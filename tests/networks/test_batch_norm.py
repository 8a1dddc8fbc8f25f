"""Batch normalisation: its values, and that its second derivatives are right."""

import numpy as np

from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.networks.layers.basic import BatchNorm

IMAGES = np.random.RandomState(0).randn(8, 4, 4, 3).astype(np.float32) * 3 + 5


def test_normalises_and_moves_without_bessel_correction():
  layer = BatchNorm(momentum=0.0, epsilon=0.0)
  outputs = layer(IMAGES, training=True).numpy()
  np.testing.assert_allclose(outputs.mean((0, 1, 2)), 0, atol=1e-5)
  np.testing.assert_allclose(outputs.std((0, 1, 2)), 1, atol=1e-5)
  np.testing.assert_allclose(layer.moving_mean, IMAGES.mean((0, 1, 2)), rtol=1e-5)
  np.testing.assert_allclose(layer.moving_variance, IMAGES.var((0, 1, 2)), rtol=1e-5)
  np.testing.assert_allclose(layer(IMAGES, training=False), outputs, atol=1e-4)


def test_agrees_with_keras_on_one_device():
  ours, theirs = BatchNorm(), keras.layers.BatchNormalization(fused=False)
  np.testing.assert_allclose(ours(IMAGES, training=True), theirs(IMAGES, training=True), atol=1e-5)


def derivative_of_slopes(layer, dtype) -> np.ndarray:
  """Returns the gradient of a gradient penalty on a critic with the layer, by its weights."""
  inputs = tf.constant(np.random.RandomState(1).randn(6, 3) * 0.01 + 0.3, dtype)
  weights = tf.Variable(tf.constant([0.5, 1.5, -1.0], dtype))
  with tf.GradientTape() as outer:
    with tf.GradientTape() as inner:
      inner.watch(inputs)
      scores = tf.reduce_sum(tf.tanh(layer(inputs * weights, training=True)) ** 2)
    penalty = tf.reduce_sum(inner.gradient(scores, inputs) ** 2)
  return outer.gradient(penalty, weights).numpy()


def test_second_derivatives_are_as_exact_as_float32_allows():
  """Images of little contrast: Keras' two ways of computing a variance fail this bound."""
  exact = derivative_of_slopes(
    keras.layers.BatchNormalization(fused=False, dtype='float64'), tf.float64
  )
  np.testing.assert_allclose(derivative_of_slopes(BatchNorm(), tf.float32), exact, rtol=4e-6)
