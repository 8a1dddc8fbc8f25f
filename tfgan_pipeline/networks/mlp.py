"""Generators and discriminators of dense layers, for small images."""

from __future__ import annotations

import math

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.networks import layers as own
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, conditioned, require_positive

layers = keras.layers


@registry.network
def mlp(spec: NetworkSpec, *, units: int = 100, dropout: float = 0.5) -> Networks:
  """One hidden layer each, LeakyReLU, tanh: 81,184 and 78,601 parameters on MNIST with 20 noise."""
  require_positive(units=units)
  pixels = math.prod(spec.image_shape)
  generator = keras.Sequential(
    [
      layers.InputLayer(spec.input_shape('generator')),
      layers.Dense(units, use_bias=False),
      layers.LeakyReLU(),
      layers.Dense(pixels, activation='tanh', dtype='float32'),
      layers.Reshape(spec.image_shape, dtype='float32'),
    ],
    name='generator',
  )
  networks = {'generator': generator}
  for role, outputs in spec.outputs.items():
    networks[role] = keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        layers.Flatten(),
        layers.Dense(units),
        layers.LeakyReLU(),
        own.Dropout(dropout),
        layers.Dense(outputs, dtype='float32'),
      ],
      name=role,
    )
  return conditioned(spec, networks)


@registry.network
def mlp_relu(spec: NetworkSpec, *, units: int = 128) -> Networks:
  """One hidden layer each, ReLU, sigmoid, Xavier: 114,064 and 100,609 on MNIST with 100 noise."""
  require_positive(units=units)
  pixels = math.prod(spec.image_shape)
  generator = keras.Sequential(
    [
      layers.InputLayer(spec.input_shape('generator')),
      layers.Dense(units, activation='relu', kernel_initializer='glorot_normal'),
      layers.Dense(
        pixels, activation='sigmoid', kernel_initializer='glorot_normal', dtype='float32'
      ),
      own.UnitToImageRange(dtype='float32'),
      layers.Reshape(spec.image_shape, dtype='float32'),
    ],
    name='generator',
  )
  networks = {'generator': generator}
  for role, outputs in spec.outputs.items():
    networks[role] = keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        layers.Flatten(),
        layers.Dense(units, activation='relu', kernel_initializer='glorot_normal'),
        layers.Dense(outputs, kernel_initializer='glorot_normal', dtype='float32'),
      ],
      name=role,
    )
  return conditioned(spec, networks)


@registry.network
def mlp_softplus(spec: NetworkSpec, *, units: int = 500) -> Networks:
  """Two hidden layers each, softplus, sigmoid: the usual variational autoencoder of 28x28 images.

  With `--model=vae` and two latents 644,784 parameters in the generator and 645,004 in the encoder.
  """
  require_positive(units=units)

  def hidden() -> list[keras.layers.Layer]:
    return [layers.Dense(units, activation='softplus') for _ in range(2)]

  generator = keras.Sequential(
    [
      layers.InputLayer(spec.input_shape('generator')),
      *hidden(),
      layers.Dense(math.prod(spec.image_shape), activation='sigmoid', dtype='float32'),
      own.UnitToImageRange(dtype='float32'),
      layers.Reshape(spec.image_shape, dtype='float32'),
    ],
    name='generator',
  )
  networks = {'generator': generator}
  for role, outputs in spec.outputs.items():
    networks[role] = keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        layers.Flatten(),
        *hidden(),
        layers.Dense(outputs, dtype='float32'),
      ],
      name=role,
    )
  return conditioned(spec, networks)
