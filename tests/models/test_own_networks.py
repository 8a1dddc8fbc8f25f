"""Networks of users that do not fit their roles: each is refused in a line that says what fits."""

from __future__ import annotations

import math

import pytest

from tests.conftest import fields_of
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.build import build_networks
from tfgan_pipeline.networks.spec import fill

layers = keras.layers


def mine(spec, *, noise: int = 64, image: tuple = (8, 8, 1), made: int = 8, is_model: bool = True):
  """Networks that need not be as they are asked for."""

  def generator(role):
    latents = keras.Input((noise,))
    pixels = layers.Dense(made * 8, 'tanh', dtype='float32')(latents)
    return keras.Model(latents, layers.Reshape((made, 8, 1), dtype='float32')(pixels), name=role)

  def reader(role, outputs):
    pictures = keras.Input(image)
    numbers = layers.Flatten()(pictures)
    return keras.Model(pictures, layers.Dense(outputs, dtype='float32')(numbers), name=role)

  return fill(spec, generator, reader if is_model else lambda role, outputs: math.pi)


@pytest.mark.parametrize(
  'text, message',
  [
    ('mine(noise=3)', 'its generator reads noise of 3, and --model=gan gives it 64'),
    ('mine(image=(5, 8, 1))', 'its discriminator reads image of 5x8x1, and --model=gan gives it 8'),
    ('mine(image=(8, 8, 3))', 'its discriminator reads image of 8x8x3, and --model=gan gives it 8'),
    ('mine(made=9)', 'its generator makes 9x8x1, and --model=gan needs 8x8x1'),
    ('mine(is_model=False)', 'its discriminator is of float, and no model of Keras 2'),
  ],
)
def test_networks_that_do_not_fit_are_refused_in_a_line(register, text, message):
  register(registry.network, mine)
  with pytest.raises(UsageError) as raised:
    build_networks(Experiment(networks=text), fields_of((8, 8, 1)))
  assert f': {message}' in str(raised.value) and '\n' not in str(raised.value)


def test_networks_that_fit_are_built(register):
  register(registry.network, mine)
  networks = build_networks(Experiment(networks='mine'), fields_of((8, 8, 1)))
  assert set(networks) == {'generator', 'discriminator'}
