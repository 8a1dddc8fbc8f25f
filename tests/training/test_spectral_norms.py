"""The largest singular values of layers, against those of NumPy."""

import math

import numpy as np
import pytest

from tests.networks.small import spectral_norms
from tfgan_pipeline.compat import keras, tf

layers = keras.layers


def network(*made) -> keras.Model:
  model = keras.Sequential([layers.InputLayer((4, 4, 3)), *made])
  random = np.random.RandomState(0)
  for variable in model.variables:
    variable.assign(0.1 * random.randn(*variable.shape))
  return model


def test_every_kernel_that_is_a_matrix():
  """Convolutions, wide and tall matrices, and layers with a kernel of one axis or none."""

  class Scaled(layers.Dense):
    scale = 3.0

  class Vector(layers.Layer):
    def build(self, shape):
      self.kernel = self.add_weight(name='kernel', shape=shape[-1:])

    def call(self, values):
      return values * self.kernel

  made = [
    layers.Conv2D(5, 3),
    layers.Flatten(),
    layers.Dense(40),
    Vector(),
    layers.Dense(6),
    layers.Dense(6),
    Scaled(2),
  ]
  found = spectral_norms('critic', network(*made))
  kernels = [
    layer.kernel.numpy() for layer in made if isinstance(layer, (layers.Conv2D, layers.Dense))
  ]
  norms = [np.linalg.norm(kernel.reshape(-1, kernel.shape[-1]), 2) for kernel in kernels]
  names = ['0_Conv2D', '1_Dense', '2_Dense', '3_Dense', '4_Scaled']
  expected = dict(zip([f'spectral_norm/critic/{name}' for name in names], norms))
  expected['spectral_norm/critic/4_Scaled'] *= 3
  assert found == pytest.approx(expected, rel=1e-5)
  assert min(norms) < 1


@pytest.mark.parametrize('value, norm', [(0.0, 0.0), (math.nan, math.nan), (math.inf, math.nan)])
def test_kernels_of_nothing_and_of_no_numbers(value, norm):
  model = network(layers.Flatten(), layers.Dense(2))
  kernel = model.trainable_variables[0]
  kernel.assign(tf.fill(kernel.shape, value))
  assert spectral_norms('x', model) == pytest.approx({'spectral_norm/x/0_Dense': norm}, nan_ok=True)
