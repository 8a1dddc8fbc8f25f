"""Generators and discriminators of dense layers, for small images."""

from __future__ import annotations

from collections.abc import Callable, Sequence
import math
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.errors import require
from tfgan_pipeline.networks.layers import basic as own
from tfgan_pipeline.networks.spec import Networks, NetworkSpec, conditioned, fill

layers = keras.layers


@registry.network
def mlp(spec: NetworkSpec, *, units: int = 100, dropout: float = 0.5) -> Networks:
  """One hidden layer each, LeakyReLU, tanh: 81,184 and 78,601 parameters on MNIST with 20 noise."""
  require('--networks', at_least=1, units=units)
  return _networks(
    spec,
    generator=[layers.Dense(units, use_bias=False), layers.LeakyReLU()],
    reader=lambda: [layers.Dense(units), layers.LeakyReLU(), own.Dropout(dropout)],
    activation='tanh',
  )


@registry.network
def mlp_relu(spec: NetworkSpec, *, units: int = 128) -> Networks:
  """One hidden layer each, ReLU, sigmoid, Xavier: 114,064 and 100,609 on MNIST with 100 noise."""
  require('--networks', at_least=1, units=units)

  def hidden() -> list[keras.layers.Layer]:
    return [layers.Dense(units, activation='relu', kernel_initializer='glorot_normal')]

  return _networks(spec, hidden(), hidden, 'sigmoid', kernel_initializer='glorot_normal')


@registry.network
def mlp_softplus(spec: NetworkSpec, *, units: int = 500) -> Networks:
  """Two hidden layers each, softplus, sigmoid: the usual variational autoencoder of 28x28 images.

  With `--model=vae` and two latents 644,784 parameters in the generator and 645,004 in the encoder.
  """
  require('--networks', at_least=1, units=units)

  def hidden() -> list[keras.layers.Layer]:
    return [layers.Dense(units, activation='softplus') for _ in range(2)]

  return _networks(spec, hidden(), hidden, 'sigmoid')


def _networks(
  spec: NetworkSpec,
  generator: Sequence[keras.layers.Layer],
  reader: Callable[[], Sequence[keras.layers.Layer]],
  activation: str,
  **last: Any,
) -> Networks:
  """Networks with these hidden layers.

  Args:
    spec: The sizes to fit.
    generator: The generator's.
    reader: Makes those of a network that reads images.
    activation: Of the images: 'tanh', or 'sigmoid', which is then brought to [-1, 1].
    last: Keyword arguments of the last dense layers.
  """
  pixels = math.prod(spec.image_shape)
  to_range = [own.UnitToImageRange(dtype='float32')] if activation == 'sigmoid' else []

  def make_generator(role: str) -> keras.Model:
    return keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        *generator,
        layers.Dense(pixels, activation=activation, dtype='float32', **last),
        *to_range,
        layers.Reshape(spec.image_shape, dtype='float32'),
      ],
      name=role,
    )

  def make_reader(role: str, outputs: int) -> keras.Model:
    return keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        layers.Flatten(),
        *reader(),
        layers.Dense(outputs, dtype='float32', **last),
      ],
      name=role,
    )

  return conditioned(spec, fill(spec, make_generator, make_reader))
