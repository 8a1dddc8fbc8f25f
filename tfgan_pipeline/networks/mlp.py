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
  """Networks of one dense hidden layer each, with LeakyReLU, dropout and tanh, for small images.

  On MNIST with noise of size 20, the generator has 81,184 parameters and the discriminator 78,601.

  Args:
    spec: Networks to build, and sizes of images and noise.
    units: Width of the hidden layers.
    dropout: Rate after the discriminator's hidden layer.
  """
  require('--networks', at_least=1, units=units)
  return _networks(
    spec,
    # LeakyReLU has Keras' default slope, 0.3.
    generator=[layers.Dense(units, use_bias=False), layers.LeakyReLU()],
    reader=lambda: [layers.Dense(units), layers.LeakyReLU(), own.Dropout(dropout)],
    activation='tanh',
  )


@registry.network
def mlp_relu(spec: NetworkSpec, *, units: int = 128) -> Networks:
  """Networks of one dense hidden layer each, with ReLU, sigmoid and Xavier's initialisation.

  On MNIST with noise of size 100, the generator has 114,064 parameters and the discriminator
  100,609.

  Args:
    spec: Networks to build, and sizes of images and noise.
    units: Width of the hidden layers.
  """
  require('--networks', at_least=1, units=units)

  def hidden() -> list[keras.layers.Layer]:
    return [layers.Dense(units, activation='relu', kernel_initializer='glorot_normal')]

  return _networks(spec, hidden(), hidden, 'sigmoid', kernel_initializer='glorot_normal')


@registry.network
def mlp_softplus(spec: NetworkSpec, *, units: int = 500) -> Networks:
  """Networks of two dense softplus layers each, as usual for variational autoencoders of 28x28.

  With `--model=vae` and two latents, the generator has 644,784 parameters and the encoder 645,004.

  Args:
    spec: Networks to build, and sizes of images and noise.
    units: Width of the hidden layers.
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
  """Builds dense networks from their hidden layers.

  Args:
    spec: Networks to build, and sizes of images and noise.
    generator: Hidden layers of the generator.
    reader: Makes the hidden layers of a network that reads images.
    activation: Activation of the images: 'tanh', or 'sigmoid', which is then scaled to [-1, 1].
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
