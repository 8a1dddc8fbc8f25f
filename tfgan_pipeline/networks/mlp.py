"""Generators and discriminators of dense layers, for small images."""

from __future__ import annotations

import math

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.networks import layers as own
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, require_positive

layers = keras.layers


@registry.network
def mlp(spec: NetworkSpec, *, units: int = 100, dropout: float = 0.5) -> Networks:
  """One hidden layer each, LeakyReLU, tanh: 81,184 and 78,601 parameters on MNIST with 20 noise."""
  require_positive(units=units)
  pixels = math.prod(spec.image_shape)
  generator = keras.Sequential(
    [
      layers.InputLayer((spec.noise_size,)),
      layers.Dense(units, use_bias=False),
      layers.LeakyReLU(),
      layers.Dense(pixels, activation='tanh', dtype='float32'),
      layers.Reshape(spec.image_shape, dtype='float32'),
    ],
    name='generator',
  )
  discriminator = keras.Sequential(
    [
      layers.InputLayer(spec.image_shape),
      layers.Flatten(),
      layers.Dense(units),
      layers.LeakyReLU(),
      own.Dropout(dropout),
      layers.Dense(1, dtype='float32'),
    ],
    name='discriminator',
  )
  return {'generator': generator, 'discriminator': discriminator}


@registry.network
def mlp_relu(spec: NetworkSpec, *, units: int = 128) -> Networks:
  """One hidden layer each, ReLU, sigmoid, Xavier: 114,064 and 100,609 on MNIST with 100 noise."""
  require_positive(units=units)
  pixels = math.prod(spec.image_shape)
  generator = keras.Sequential(
    [
      layers.InputLayer((spec.noise_size,)),
      layers.Dense(units, activation='relu', kernel_initializer='glorot_normal'),
      layers.Dense(
        pixels, activation='sigmoid', kernel_initializer='glorot_normal', dtype='float32'
      ),
      own.UnitToImageRange(dtype='float32'),
      layers.Reshape(spec.image_shape, dtype='float32'),
    ],
    name='generator',
  )
  discriminator = keras.Sequential(
    [
      layers.InputLayer(spec.image_shape),
      layers.Flatten(),
      layers.Dense(units, activation='relu', kernel_initializer='glorot_normal'),
      layers.Dense(1, kernel_initializer='glorot_normal', dtype='float32'),
    ],
    name='discriminator',
  )
  return {'generator': generator, 'discriminator': discriminator}
