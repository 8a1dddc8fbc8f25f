"""Games: their losses by hand, the classes of their samples, and what they refuse."""

import dataclasses
import json

import numpy as np
import pytest

from tests.conftest import run_binary, tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.media.images import to_float
from tfgan_pipeline.models.build import build_game, build_networks
from tfgan_pipeline.networks.spec import features_of
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.sampling.sampler import GeneratorSampler

BATCH = 16
SMALL = dict(networks='mlp(units=8)', generator_optimizer='adam', max_steps=2)


def numbers_of(function):
  """What a function that builds TF-GAN's graph returns, as numpy."""
  with tf1_tensor_equality():
    return tf.nest.map_structure(np.asarray, tf.function(function, autograph=False)())


def game_of(text: str, **values):
  experiment = tiny_experiment('', **{**SMALL, 'model': text, **values})
  networks = build_networks(experiment, (16, 16, 1), 10)
  return build_game(experiment, networks, 10)


def batch_of():
  pictures, labels = next(
    registry.dataset.build('digits(size=16)', DataOptions()).split('train').ordered(BATCH)
  )
  return {'image': to_float(pictures), 'label': tf.constant(labels)}


def results(game, loss='wasserstein'):
  """Tuple, losses and observations of one batch, and the random numbers after the first draws."""
  batch = batch_of()

  def build():
    with randomness.scope(randomness.key(5)):
      model = game.gan_model(batch)
      fields = ('generator_inputs', 'generated_data', 'real_data')
      return (
        {name: getattr(model, name) for name in fields},
        game.losses(model, registry.loss.build(loss)),
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


def test_codes_of_infogan_samples_take_turns():
  game = game_of('infogan(categorical=(4, 3), continuous=1)')
  inputs = game.inputs(range(24), 3).numpy()
  np.testing.assert_array_equal(inputs[:, 8:12].argmax(1), np.arange(24) % 4)
  np.testing.assert_array_equal(inputs[:, 12:15].argmax(1), np.arange(24) // 4 % 3)
  np.testing.assert_array_equal(game.codes(range(24)), np.arange(24) % 4)
  assert game_of('infogan(categorical=())').codes(range(24)) is None
  np.testing.assert_array_equal(game.inputs([7], 3)[0], inputs[7])
  assert len(np.unique(inputs[:, 15])) == 24 and np.abs(inputs[:, 15]).max() < 1
  rows = game.traversal(0, 5).numpy().reshape(3, 5, -1)
  assert (np.ptp(rows[:, :, :8], axis=1) == 0).all()
  np.testing.assert_array_equal(rows[0, :, 8:12].argmax(1), [0, 1, 2, 3, 0])
  np.testing.assert_allclose(rows[2, :, 15], [-2, -1, 0, 1, 2])


def test_codes_along_a_path_between_infogan_samples():
  game = game_of('infogan(categorical=(4, 3), continuous=1)')
  start, end = game.inputs([5, 6], 3).numpy()
  row = game.interpolation(5, 3, 7).numpy()
  np.testing.assert_array_equal(row[0], start)
  np.testing.assert_array_equal(row[-1, :8], end[:8])
  np.testing.assert_array_equal(row[:, 8:15], np.tile(start[8:15], (7, 1)))
  np.testing.assert_allclose(row[:, 15], np.linspace(start[15], end[15], 7), atol=1e-6)


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
  generator, encoder, discriminator = (
    game.networks[role] for role in ('generator', 'encoder', 'discriminator')
  )
  batch = batch_of()

  def gradients():
    with randomness.scope(randomness.key(5)):
      loss = game.losses(game.gan_model(batch), registry.loss.build('wasserstein'))
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
    on_fakes = tf.reduce_mean(discriminator(samples)) / 2 + tf.reduce_mean(discriminator(made)) / 2
    critic = on_fakes - tf.reduce_mean(discriminator(batch['image']))
    losses = [error + 2 * tf.reduce_mean(divergence), 0.25 * error - on_fakes, critic]
  networks = (encoder, generator, discriminator)
  for loss, network, values in zip(losses, networks, found):
    expected = tape.gradient(loss, network.trainable_variables[: len(values)])
    for value, gradient in zip(values, expected):
      np.testing.assert_allclose(value, gradient, atol=1e-5, rtol=1e-3)
      assert np.abs(value).max() > 1e-6


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


def test_pictures_of_a_vae():
  game = game_of('vae', noise='normal(2)')
  pictures, labels = next(
    registry.dataset.build('digits(size=16)', DataOptions()).split('test').ordered(100)
  )
  found = game.pictures(game.networks['generator'], pictures, labels)
  assert found['reconstructions'].shape == (8 * 18 + 2, 8 * 18 + 2, 1)
  np.testing.assert_array_equal(found['reconstructions'][2:18, 2:18], pictures[0])
  assert found['manifold'].shape == (320, 320, 1)
  middle = game.generate(game.networks['generator'], np.zeros((1, 2), np.float32)).numpy()[0]
  near = found['manifold'][9 * 16 : 10 * 16, 9 * 16 : 10 * 16] / 127.5 - 1
  assert np.abs(near - middle).mean() < 0.1
  assert found['latents'].shape == (480, 480, 3)
  colours = {tuple(colour) for colour in found['latents'].reshape(-1, 3)}
  assert len(colours) >= 10  # Background, axes, and most classes.


@pytest.fixture(scope='module')
def conditional_run(tmp_path_factory):
  model_dir = tmp_path_factory.mktemp('conditional') / 'run'
  estimator = GANEstimator(tiny_experiment(model_dir, **SMALL, model='conditional_gan'))
  estimator.train()
  return estimator


def test_classes_of_samples(conditional_run, tmp_path):
  sampler = GeneratorSampler(conditional_run.run, conditional_run.experiment)
  sampler.restore()
  labels = sampler.labels(range(23))
  assert labels.dtype == np.int32
  np.testing.assert_array_equal(labels, np.arange(23) % 10)
  pictures = sampler.images(range(23), 1)
  np.testing.assert_array_equal(sampler.images([22, 4], 1), pictures[[22, 4]])
  np.testing.assert_array_equal(sampler.images(range(23), 1, list(labels)), pictures)
  others = sampler.images(range(23), 1, [(label + 1) % 10 for label in labels])
  assert all(not np.array_equal(one, other) for one, other in zip(pictures, others))
  for wrong in ([10], [-1]):
    with pytest.raises(UsageError, match='--labels: there are classes 0 to 9'):
      sampler.images([0], 1, wrong)
  loaded = tf.saved_model.load(sampler.export(str(tmp_path / 'saved')))
  np.testing.assert_array_equal(loaded.generate(23, 1), pictures)
  noise = tf.zeros([2, 8])
  one, other = loaded([noise, tf.constant([3, 5])]).numpy()
  assert not np.array_equal(one, other)


def test_scores_about_what_was_asked_for(conditional_run, cache_dir, tmp_path):
  options = dict(num_samples=50, cache_dir=str(cache_dir), extractor='classifier(steps=50)')
  asked = conditional_run.evaluator(EvaluationOptions(metrics='label_agreement', **options))
  scores = asked.evaluate()['scores']
  assert 0 <= scores['label_agreement[classifier:digits]'] <= 0.5  # After two steps.
  infogan = GANEstimator(tiny_experiment(tmp_path / 'run', **SMALL, model='infogan'))
  infogan.train()
  coded = infogan.evaluator(EvaluationOptions(metrics='code_purity', **options))
  assert 0.1 <= coded.evaluate()['scores']['code_purity[classifier:digits]'] <= 1


def test_training_shows_classes_in_columns(conditional_run):
  path = f'{conditional_run.run.samples}/fakes-000002.png'
  picture = tf.io.decode_png(tf.io.read_file(path)).numpy()
  factor = picture.shape[1] // (10 * 18 + 2)
  assert picture[::factor, ::factor].shape == (6 * 18 + 2, 10 * 18 + 2, 1)
  sampler = conditional_run.sampler()
  sampler.restore()
  third = sampler.images([2], 0, [2])[0]
  np.testing.assert_array_equal(picture[::factor, ::factor][2:18, 2 + 36 : 18 + 36], third)


def test_sample_binary_shows_classes_and_axes(conditional_run, tmp_path):
  common = (f'--model_dir={conditional_run.experiment.model_dir}', f'--output={tmp_path}/x.png')
  sampler = conditional_run.sampler()
  sampler.restore()
  result = json.loads(run_binary('sample', *common, '--labels=2-3,7').stdout)
  assert result['count'] == 24
  picture = tf.io.decode_png((tmp_path / 'x.png').read_bytes()).numpy()
  factor = picture.shape[1] // (3 * 18 + 2)
  picture = picture[::factor, ::factor]
  assert picture.shape == (8 * 18 + 2, 3 * 18 + 2, 1)
  expected = sampler.images([0, 1, 2], 0, [2, 3, 7])
  np.testing.assert_array_equal(picture[2:18, 20:36], expected[1])
  result = json.loads(run_binary('sample', *common, '--traverse=5').stdout)
  assert result['count'] == 8 * 5  # A row per component of the noise.
  result = json.loads(run_binary('sample', *common, '--interpolate=5', '--labels=7,2').stdout)
  assert result['count'] == 2 * 5
  picture = tf.io.decode_png((tmp_path / 'x.png').read_bytes()).numpy()
  factor = picture.shape[1] // (5 * 18 + 2)
  picture = picture[::factor, ::factor]
  assert picture.shape == (2 * 18 + 2, 5 * 18 + 2, 1)
  rows = sampler.interpolation(0, 3, 5, [7, 2, 7]).reshape(3, 5, 16, 16, 1)
  for row, label in enumerate((7, 2)):
    np.testing.assert_array_equal(picture[row * 18 + 2 :][:16, 4 * 18 + 2 :][:, :16], rows[row, 4])
    ends = sampler.images([row, row + 1], 0, [label] * 2)
    np.testing.assert_allclose(rows[row, [0, -1]].astype(int), ends, atol=1)
    assert (rows[row, 2] != ends).any(axis=(1, 2, 3)).all()
  # By default the classes are those of the samples that rows begin with.
  by_default = sampler.interpolation(0, 2, 5)
  np.testing.assert_array_equal(by_default, sampler.interpolation(0, 2, 5, [0, 1]))


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
    return dataclasses.replace(registry.dataset.build('digits(size=16)', options), num_classes=0)

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
    return registry.network.build('mlp(units=4)', dataclasses.replace(spec, labelled=frozenset()))

  def too_small(spec):
    return registry.network.build('mlp(units=4)', dataclasses.replace(spec, image_shape=(8, 8, 1)))

  for network in (forgetful, not_told, too_small):
    register(registry.network, network)
  for model, networks, message in (
    ('vae', 'forgetful', 'has no encoder of 16 outputs, which --model=vae'),
    (
      'conditional_gan',
      'not_told',
      'its generator has 1 inputs, and --model=conditional_gan tells',
    ),
    ('gan', 'too_small', 'has no generator of 16x16x1 outputs'),
  ):
    with pytest.raises(UsageError, match=f'--networks={networks}: {message}'):
      game_of(model, networks=networks)
