"""Games: their losses and what they show of them, by hand."""

import types

import numpy as np
import pytest

from tests.conftest import fields_of, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.models.build import build_networks, new_game
from tfgan_pipeline.models.image_game import Discriminator
from tfgan_pipeline.networks.spec import features_of
from tfgan_pipeline.replicas import randomness

BATCH = 12  # None of the sizes that there are besides: 16 pixels, 10 classes, 8 latents.
SMALL = dict(networks='mlp(units=8)', generator_optimizer='adam', max_steps=2)


def numbers_of(function):
  """Returns, as numpy, the results of a function that builds TF-GAN's graph."""
  with tf1_tensor_equality():
    return tf.nest.map_structure(np.asarray, tf.function(function, autograph=False)())


def game_of(text: str, **values):
  experiment = tiny_experiment('', **{**SMALL, 'model': text, **values})
  game = new_game(experiment, fields_of())
  game.networks = build_networks(experiment, fields_of())
  return game


def digits_of(split: str, count: int):
  """Returns the first `count` examples of a split, as stored."""
  return next(registry.dataset.build('digits(size=16)', DataOptions()).split(split).ordered(count))


def batch_of():
  return fields_of().to_device(tf.nest.map_structure(tf.constant, digits_of('train', BATCH)))


def results(game, loss='wasserstein'):
  """Returns the tuple's fields, losses and observations of a game for one batch."""
  batch = batch_of()

  def build():
    with randomness.scope(randomness.key(5)):
      model = game.gan_model(batch)
      fields = ('generator_inputs', 'generated_data', 'real_data')
      return (
        {name: getattr(model, name) for name in fields},
        game.gan_loss(model, registry.loss.build(loss)),
        game.observations(model),
      )

  return numbers_of(build)


def cross_entropy(logits, labels):
  shifted = logits - logits.max(axis=1, keepdims=True)
  return np.mean(np.log(np.exp(shifted).sum(1)) - shifted[np.arange(len(labels)), labels])


def test_acgan():
  game = game_of('acgan(generator_weight=0.5, discriminator_weight=2.0)')
  model, loss, observed = results(game)
  labels = batch_of()['label'].numpy()
  np.testing.assert_array_equal(model['generator_inputs'][1], labels)
  # The one Dropout layer draws after the noise: generated images first, then real ones.
  with randomness.scope(randomness.key(5)):
    game.noise.for_step(BATCH)
    discriminator = game.networks['discriminator']
    fake, real = (
      discriminator(model[name], training=True).numpy() for name in ('generated_data', 'real_data')
    )
  on_fake, on_real = cross_entropy(fake[:, 1:], labels), cross_entropy(real[:, 1:], labels)
  np.testing.assert_allclose(loss[0], -fake[:, 0].mean() + 0.5 * on_fake, rtol=1e-5)
  expected = fake[:, 0].mean() - real[:, 0].mean() + 2 * (on_fake + on_real)
  np.testing.assert_allclose(loss[1], expected, rtol=1e-5)
  right = np.mean(real[:, 1:].argmax(1) == labels)
  np.testing.assert_allclose(observed['class_accuracy/real'], right)
  right = np.mean(fake[:, 1:].argmax(1) == labels)
  np.testing.assert_allclose(observed['class_accuracy/generated'], right)
  on_fake, on_real = fake[:, 0], real[:, 0]
  expected = {
    'discriminator_output/gap': on_real.mean() - on_fake.mean(),
    'discriminator_accuracy/real': np.mean(on_real > 0),
    'discriminator_accuracy/generated': np.mean(on_fake < 0),
    'overfitting/r_t': np.mean(on_real > 0) - np.mean(on_real < 0),
  }
  for tag, value in expected.items():
    np.testing.assert_allclose(observed[tag], value, rtol=1e-4, err_msg=tag)
  assert 0 < expected['discriminator_accuracy/real'] < 1


def test_infogan():
  game = game_of('infogan(categorical=(4, 3), continuous=2, weight=0.5)')
  assert game.noise_size == 8 + 4 + 3 + 2 and game.outputs == {'discriminator': 10}
  model, loss, observed = results(game)
  noise, first, second, continuous = model['generator_inputs']
  assert noise.shape == (BATCH, 8) and continuous.shape == (BATCH, 2)
  assert set(first.argmax(1)) == {0, 1, 2, 3} and (second.sum(1) == 1).all()
  with randomness.scope(randomness.key(5)):
    for _ in range(4):
      randomness.uniform([BATCH])
    fake, real = (
      game.networks['discriminator'](model[name], training=True).numpy()
      for name in ('generated_data', 'real_data')
    )
  normal = 0.5 * (continuous - fake[:, 8:]) ** 2 + 0.5 * np.log(2 * np.pi)
  information = np.mean(
    [
      cross_entropy(fake[:, 1:5], first.argmax(1)),
      cross_entropy(fake[:, 5:8], second.argmax(1)),
      normal.mean(),
    ]
  )
  np.testing.assert_allclose(observed['mutual_information_loss'], information, rtol=1e-5)
  np.testing.assert_allclose(loss[0], -fake[:, 0].mean() + 0.5 * information, rtol=1e-5)
  critic = fake[:, 0].mean() - real[:, 0].mean()
  np.testing.assert_allclose(loss[1], critic + 0.5 * information, rtol=1e-5)


RECONSTRUCTION = {
  'bernoulli': lambda x, y: (
    -np.sum((x + 1) / 2 * np.log((y + 1) / 2) + (1 - x) / 2 * np.log((1 - y) / 2), axis=(1, 2, 3))
  ),
  'squared_error': lambda x, y: np.sum((x - y) ** 2, axis=(1, 2, 3)) / 2,
  'absolute_error': lambda x, y: np.sum(np.abs(x - y), axis=(1, 2, 3)),
}


def test_every_reconstruction_has_expected_values():
  assert set(registry.reconstruction.components()) == set(RECONSTRUCTION)


@pytest.mark.parametrize('name', RECONSTRUCTION)
def test_lower_bound(name):
  game = game_of(f'vae(reconstruction={name}, beta=2.0)', networks='mlp_relu(units=8)')
  model, loss, observed = results(game)
  mean, log_variance = np.split(model['generator_inputs'].astype(np.float64), 2, axis=1)
  with randomness.scope(randomness.key(5)):
    latents = mean + np.exp(log_variance / 2) * randomness.normal([BATCH, 8]).numpy()
  decoded = game.networks['generator'](latents.astype(np.float32)).numpy()
  np.testing.assert_allclose(model['generated_data'], decoded, atol=1e-5)
  divergence = 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1).mean()
  np.testing.assert_allclose(observed['divergence'], divergence, rtol=1e-4)
  error = RECONSTRUCTION[name](model['real_data'], decoded).mean()
  np.testing.assert_allclose(loss[0], error + 2 * divergence, rtol=1e-4)


def test_vaegan_moves_each_network_by_its_own_loss():
  """Algorithm 1 of the paper, the encoder's, generator's and discriminator's gradients apart."""
  game = game_of('vaegan(gamma=0.25, beta=2.0)', networks='mlp_relu(units=8)')
  game.augment = lambda images: images[:, ::-1]  # What the discriminator is shown, alone.
  generator, encoder, discriminator = (
    game.networks[role] for role in ('generator', 'encoder', 'discriminator')
  )
  batch = batch_of()

  def gradients():
    with randomness.scope(randomness.key(5)):
      loss = game.gan_loss(game.gan_model(batch), registry.loss.build('wasserstein'))
      return [
        tf.gradients(loss.generator_loss, encoder.trainable_variables),
        tf.gradients(loss.generator_loss, generator.trainable_variables),
        tf.gradients(loss.discriminator_loss, discriminator.trainable_variables[:-1]),
      ]

  found = numbers_of(gradients)
  features = features_of(discriminator)
  with tf.GradientTape(persistent=True) as tape, randomness.scope(randomness.key(5)):
    samples = generator(game.noise.for_step(BATCH))
    mean, log_variance = tf.split(encoder(batch['image']), 2, axis=1)
    made = generator(mean + tf.exp(log_variance / 2) * randomness.normal([BATCH, 8]))
    change = tf.reduce_sum((features(batch['image']) - features(made)) ** 2, axis=1)
    error = tf.reduce_mean(change) / 2
    divergence = tf.reduce_sum(mean**2 + tf.exp(log_variance) - 1 - log_variance, axis=1) / 2
    on_samples, on_made, on_real = (
      tf.reduce_mean(discriminator(images[:, ::-1])) for images in (samples, made, batch['image'])
    )
    on_fakes = (on_samples + on_made) / 2
    critic = on_fakes - on_real
    losses = [error + 2 * tf.reduce_mean(divergence), 0.25 * error - on_fakes, critic]
  networks = (encoder, generator, discriminator)
  for loss, network, values in zip(losses, networks, found):
    expected = tape.gradient(loss, network.trainable_variables[: len(values)])
    for value, gradient in zip(values, expected):
      np.testing.assert_allclose(value, gradient, atol=1e-5, rtol=1e-3)
      assert np.abs(value).max() > 1e-6


def test_what_a_vaegan_shows():
  game = game_of('vaegan', networks='mlp_relu(units=8)')
  batch = batch_of()

  def build():
    with randomness.scope(randomness.key(5)):
      model = game.gan_model(batch)
      return game.observations(model), model.codes, model.reconstructed_data

  observed, codes, made = numbers_of(build)
  error = 127.5 * np.abs(batch['image'] - made).mean()
  np.testing.assert_allclose(observed['pixel_error'], error, rtol=1e-5)
  mean, log_variance = np.split(codes.astype(np.float64), 2, axis=1)
  divergence = 0.5 * np.sum(mean**2 + np.exp(log_variance) - 1 - log_variance, axis=1).mean()
  np.testing.assert_allclose(observed['divergence'], divergence, rtol=1e-5)
  assert 'discriminator_output/gap' in observed


def test_a_logit_of_0_says_neither():
  outputs = ([[-1.0], [0.0], [2.0], [3.0]], [[0.0], [0.5], [-2.0], [-4.0]])
  model = types.SimpleNamespace(
    **dict(
      zip(('discriminator_real_outputs', 'discriminator_gen_outputs'), map(tf.constant, outputs))
    )
  )
  found = {tag: float(value) for tag, value in game_of('gan').observations(model).items()}
  sigmoid = [1 / (1 + np.exp(-np.array(logits))) for logits in outputs]
  assert found == pytest.approx(
    {
      'discriminator_output/real': 1.0,
      'discriminator_output/generated': -1.375,
      'discriminator_output/gap': 2.375,
      'discriminator_accuracy/real': 0.5,
      'discriminator_accuracy/generated': 0.5,
      'discriminator_probability/real': sigmoid[0].mean(),
      'discriminator_probability/generated': sigmoid[1].mean(),
      'overfitting/r_t': 0.25,
    }
  )


@pytest.mark.parametrize('model', ['gan', 'acgan', 'infogan'])
def test_penalties_are_given_features_of_augmented_images_and_one_logit(model):
  game = game_of(model, networks='mlp(units=8, dropout=0.0)')
  game.augment = lambda images: images[:, ::-1]
  read, batch = features_of(game.networks['discriminator']), batch_of()
  inputs = [batch['label'], batch['label']]

  def build():
    with randomness.scope(randomness.key(5)):
      function = Discriminator(game) if model == 'acgan' else game.gan_model(batch).discriminator_fn
      return (
        function(batch['image'], inputs),
        function.features(batch['image'], inputs),
        function.features(batch['image'], inputs, augment=False),
      )

  logits, augmented, plain = numbers_of(build)
  flipped = game.networks['discriminator'](batch['image'][:, ::-1])
  if model != 'acgan':
    np.testing.assert_allclose(logits, flipped[:, :1], rtol=1e-5)
  np.testing.assert_allclose(augmented, read(batch['image'][:, ::-1]), rtol=1e-5)
  np.testing.assert_allclose(plain, read(batch['image']), rtol=1e-5)
  assert augmented.shape == (BATCH, 8)


def test_autoencoders():
  _, loss, observed = results(game_of('autoencoder', networks='mlp_relu(units=8)'))
  model, noisy, _ = results(
    game_of('denoising_autoencoder(stddev=0.5)', networks='mlp_relu(units=8)')
  )
  game = game_of('autoencoder', networks='mlp_relu(units=8)')
  with randomness.scope(randomness.key(5)):
    seen = model['real_data'] + 0.5 * randomness.normal(model['real_data'].shape).numpy()
  for images, value in ((model['real_data'], loss), (seen, noisy)):
    decoded = game.networks['generator'](game.networks['encoder'](images)).numpy()
    error = RECONSTRUCTION['squared_error'](model['real_data'], decoded).mean()
    np.testing.assert_allclose(value[0], error, rtol=1e-4)
  clean = game.networks['generator'](game.networks['encoder'](model['real_data'])).numpy()
  error = np.abs(clean - model['real_data']).mean() * 127.5
  np.testing.assert_allclose(observed['pixel_error'], error, rtol=1e-4)
