"""Requirements of each game: arguments, networks and their modes, data."""

import dataclasses
import math

import numpy as np
import pytest

from tests.conftest import fields_of, tiny_experiment
from tests.models.kinds import IMAGE_GAMES, pictures_of
from tests.models.test_games import SMALL, batch_of, game_of
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf, tf1_tensor_equality
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.networks.spec import NetworkSpec, conditioned
from tfgan_pipeline.replicas import randomness

GAMES = {name: registry.model.components()[name] for name in IMAGE_GAMES}
# What is recorded of a run leaves these out, so they never change.
DEFAULTS = {
  'gan': {},
  'conditional_gan': {},
  'acgan': dict(generator_weight=1.0, discriminator_weight=1.0),
  'infogan': dict(categorical=(10,), continuous=2, weight=1.0),
  'autoencoder': dict(reconstruction='squared_error'),
  'denoising_autoencoder': dict(stddev=0.5, reconstruction='squared_error'),
  'noise_guided_gan': dict(levels=(0.5, 0.25)),
  'vae': dict(reconstruction='bernoulli', beta=1.0),
  'vaegan': dict(gamma=1e-3, beta=1.0),
}
NUMBERS = [
  (name, parameter.name)
  for name, component in GAMES.items()
  for parameter in component.parameters
  if type(parameter.default) is float
]
ABOVE = {'gamma'}  # The bound itself would divide by 0.
# Samples in a row, real pictures wanted, a pool; for ten classes and two latents.
FACTS = {
  'gan': (0, 0, True),
  'conditional_gan': (10, 0, True),
  'acgan': (10, 0, False),
  'infogan': (10, 0, False),
  'autoencoder': (0, 32, False),
  'denoising_autoencoder': (0, 32, False),
  'noise_guided_gan': (0, 0, True),
  'vae': (0, 1000, False),
  'vaegan': (0, 1000, False),
}
OUTPUTS = {
  'gan': {'discriminator': 1},
  'conditional_gan': {'discriminator': 1},
  'acgan': {'discriminator': 11},
  'infogan': {'discriminator': 13},
  'autoencoder': {'encoder': 2},
  'denoising_autoencoder': {'encoder': 2},
  'noise_guided_gan': {'discriminator': 1},
  'vae': {'encoder': 4},
  'vaegan': {'discriminator': 1, 'encoder': 4},
}


def test_defaults():
  assert set(GAMES) == set(DEFAULTS)
  for name, component in GAMES.items():
    found = {parameter.name: parameter.default for parameter in component.parameters}
    assert found == DEFAULTS[name], name


@pytest.mark.parametrize('model, name', NUMBERS)
def test_numbers_are_refused_below_0_and_no_earlier(model, name):
  noise = registry.noise.build('normal(2)')
  least = 1e-9 if name in ABOVE else 0.0
  registry.model.build(f'{model}({name}={least})', noise, fields_of())
  for refused in ('-1e-9', '-1.0', '1e999', *(['0.0'] if name in ABOVE else [])):
    with pytest.raises(UsageError, match=name):
      registry.model.build(f'{model}({name}={refused})', noise, fields_of())


def test_codes_of_infogan_are_refused_below_what_means_something():
  noise = registry.noise.build('normal(2)')
  for accepted in ('categorical=(2, 2), continuous=0', 'categorical=(), continuous=1'):
    registry.model.build(f'infogan({accepted})', noise, fields_of())
  for refused in ('categorical=(2, 1)', 'categorical=(2.5,)', 'continuous=-1'):
    with pytest.raises(UsageError, match='at least 2 categories'):
      registry.model.build(f'infogan({refused})', noise, fields_of())
  with pytest.raises(UsageError, match='has no code'):
    registry.model.build('infogan(categorical=(), continuous=0)', noise, fields_of())


@pytest.mark.parametrize('model', GAMES)
def test_what_is_shown_and_what_readers_say(model):
  game = registry.model.build(model, registry.noise.build('normal(2)'), fields_of())
  pooled = bool(game.pool_examples())
  assert (game.columns(GENERATE), game.shown_examples, pooled) == FACTS[model]
  assert game.outputs == OUTPUTS[model]
  assert game.noise_size == (14 if model == 'infogan' else 2)


def test_more_latents_are_no_scatter_plot_and_codes_may_have_no_categories():
  three = registry.noise.build('normal(3)')
  assert registry.model.build('vae', three, fields_of()).shown_examples == 32
  for codes, columns in (('()', 0), ('(4, 3)', 4)):
    game = registry.model.build(f'infogan(categorical={codes})', three, fields_of())
    assert game.columns(GENERATE) == columns


class Watch(keras.layers.Layer):
  """Layer that returns its inputs and records the training mode of each call."""

  modes: list[tuple[str, bool]] = []

  def call(self, values, training=None):
    self.modes.append((self.name, training))
    return values


def watched(spec):
  """Builds networks of one dense layer each, behind a Watch layer."""
  layers, networks = keras.layers, {}
  for role, outputs in {'generator': math.prod(spec.image_shape), **spec.outputs}.items():
    shape = spec.image_shape if role == 'generator' else (outputs,)
    networks[role] = keras.Sequential(
      [
        layers.InputLayer(spec.input_shape(role)),
        layers.Flatten(),
        Watch(name=role),
        layers.Dense(outputs, 'tanh'),
        layers.Reshape(shape),
      ]
    )
  return conditioned(spec, networks)


@pytest.mark.parametrize('model', GAMES)
def test_losses_are_of_networks_in_training_and_pictures_of_networks_at_rest(
  model, register, monkeypatch
):
  register(registry.network, watched)
  game = game_of(model, networks='watched', noise='normal(2)')
  batch = batch_of()

  def trains():
    with randomness.scope(randomness.key(0)):
      made = game.gan_model(batch)
      game.observations(made)
      return game.gan_loss(made, registry.loss.build('modified'))

  monkeypatch.setattr(Watch, 'modes', [])
  with tf1_tensor_equality():
    graph = tf.function(trains, autograph=False).get_concrete_function().graph
  assert set(Watch.modes) == {(role, True) for role in game.networks}
  # TF-GAN would write curves of its own, which no one reads.
  assert not [operation for operation in graph.get_operations() if 'Summary' in operation.type]

  Watch.modes.clear()
  examples = {'image': np.zeros((8, 16, 16, 1), np.uint8), 'label': np.zeros(8, np.int32)}
  pictures_of(game, examples)
  game.run(GENERATE, game.networks, game.inputs(GENERATE, [0, 1], 0))
  if 'discriminator' in game.networks:
    game.logits(batch['image'], batch['label'])
  assert set(Watch.modes) == {(role, False) for role in game.networks}


@pytest.mark.parametrize(
  'values, message',
  [
    (dict(model='conditional_gan', dataset='unlabelled'), '--model=conditional_gan: needs labels'),
    (dict(model='acgan', dataset='unlabelled'), '--model=acgan.*: needs labels'),
    (dict(model='acgan(generator_weight=-1.0)'), 'generator_weight=-1.0 should be at least 0'),
    (dict(model='infogan(categorical=(1,))'), 'at least 2 categories'),
    (dict(model='infogan(categorical=(), continuous=0)'), 'has no code'),
    (dict(model='vae', noise='uniform(2)'), '--noise: the prior of --model=vae is normal'),
    (dict(model='vaegan(gamma=0.0)'), 'gamma=0.0'),
    (dict(model='vae(reconstruction=l3)'), "--model=vae.*: unknown reconstruction 'l3'"),
    (dict(model='autoencoder', update='sequential'), '--update=sequential: needs a discriminator'),
    (dict(model='autoencoder', discriminator_steps=2), '--discriminator_steps=2: '),
  ],
)
def test_refused_before_anything_is_written(tmp_path, register, values, message):
  def unlabelled(options):
    digits = registry.dataset.build('digits(size=16)', options)
    return dataclasses.replace(digits, fields=fields_of(num_classes=0))

  register(registry.dataset, unlabelled)
  with pytest.raises(UsageError, match=message):
    GANEstimator(tiny_experiment(tmp_path / 'run', **{**SMALL, **values})).train()
  assert not (tmp_path / 'run').exists()


def test_a_game_without_what_it_needs(register):
  """Networks that only know one role are named, with what is missing."""

  def forgetful(spec):
    networks = registry.network.build('mlp(units=4)', spec)
    return {role: networks[role] for role in networks if role != 'encoder'}

  def not_told(spec):
    plain = NetworkSpec.of_images(spec.image_shape, 0, spec.noise_size)
    return registry.network.build('mlp(units=4)', plain)

  def too_small(spec):
    small = NetworkSpec.of_images((8, 8, 1), 0, spec.noise_size)
    return registry.network.build('mlp(units=4)', small)

  for network in (forgetful, not_told, too_small):
    register(registry.network, network)
  for model, networks, message in (
    ('vae', 'forgetful', 'has no encoder of 16 outputs, which --model=vae'),
    ('conditional_gan', 'not_told', 'its generator has 1 inputs, .* it reads noise and label'),
    ('gan', 'too_small', 'its generator makes 8x8x1, and --model=gan needs 16x16x1'),
  ):
    with pytest.raises(UsageError, match=f'--networks={networks}: {message}'):
      game_of(model, networks=networks)
