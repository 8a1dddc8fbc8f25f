"""Samples of games: their classes and codes, rows between and along them, and pictures."""

import json
import statistics

import numpy as np
import pytest

from tests.conftest import run_binary, tiny_experiment
from tests.models.kinds import pictures_of
from tests.models.test_games import SMALL, digits_of, game_of
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.media.images import scatter, to_float, to_uint8
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.sampling.latent import paths
from tfgan_pipeline.sampling.sampler import GeneratorSampler

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


@pytest.mark.parametrize('noise, reach', [('normal(18)', 2), ('uniform(18)', 1)])
@pytest.mark.parametrize('model', ['gan', 'conditional_gan'])
def test_sample_0_moves_along_the_first_16_latents(model, noise, reach):
  game = game_of(model, noise=noise)
  first = game.inputs(GENERATE, [0], 3)
  rows = game.traversal(3, 5)
  if model == 'conditional_gan':
    np.testing.assert_array_equal(rows[1], np.zeros(16 * 5))
    first, rows = first[0], rows[0]
  rows = rows.numpy().reshape(16, 5, 18)
  for axis, row in enumerate(rows):
    np.testing.assert_allclose(row[:, axis], reach * np.array([-1, -0.5, 0, 0.5, 1]))
    others = [column for column in range(18) if column != axis]
    np.testing.assert_array_equal(row[:, others], np.tile(first.numpy()[:, others], (5, 1)))


def test_classes_take_turns_or_are_chosen():
  game = game_of('conditional_gan')
  noise, classes = game.inputs(GENERATE, range(12), 3)
  np.testing.assert_array_equal(noise, game.noise.numbered(range(12), 3))
  np.testing.assert_array_equal(classes, np.arange(12) % 10)
  np.testing.assert_array_equal(game.inputs(GENERATE, [4, 5], 3, {'label': [7, 1]})[1], [7, 1])
  for label, expected in ((None, 3), (8, 8)):
    noise, classes = game.interpolation(13, 3, 5, label)
    np.testing.assert_array_equal(noise, game.noise.path(13, 3, 5))
    np.testing.assert_array_equal(classes, [expected] * 5)
  assert game_of('gan').labels(range(12)) is None


def test_codes_of_infogan_samples_take_turns():
  game = game_of('infogan(categorical=(4, 3), continuous=1)')
  inputs = game.inputs(GENERATE, range(24), 3).numpy()
  np.testing.assert_array_equal(inputs[:, 8:12].argmax(1), np.arange(24) % 4)
  np.testing.assert_array_equal(inputs[:, 12:15].argmax(1), np.arange(24) // 4 % 3)
  np.testing.assert_array_equal(game.codes(range(24)), np.arange(24) % 4)
  assert game_of('infogan(categorical=())').codes(range(24)) is None
  np.testing.assert_array_equal(game.inputs(GENERATE, [7], 3)[0], inputs[7])
  codes = registry.noise.build('uniform(1)').numbered(range(24), 3, 1)  # Keys of their own.
  np.testing.assert_array_equal(inputs[:, 15:], codes)
  assert len(np.unique(inputs[:, 15])) == 24 and np.abs(inputs[:, 15]).max() < 1
  rows = game.traversal(0, 5).numpy().reshape(3, 5, -1)
  assert (np.ptp(rows[:, :, :8], axis=1) == 0).all()
  np.testing.assert_array_equal(rows[0, :, 8:12].argmax(1), [0, 1, 2, 3, 0])
  np.testing.assert_allclose(rows[2, :, 15], [-2, -1, 0, 1, 2])


def test_codes_along_a_path_between_infogan_samples():
  game = game_of('infogan(categorical=(4, 3), continuous=1)')
  start, end = game.inputs(GENERATE, [5, 6], 3).numpy()
  row = game.interpolation(5, 3, 7).numpy()
  np.testing.assert_array_equal(row[0], start)
  np.testing.assert_array_equal(row[-1, :8], end[:8])
  np.testing.assert_array_equal(row[:, 8:15], np.tile(start[8:15], (7, 1)))
  np.testing.assert_allclose(row[:, 15], np.linspace(start[15], end[15], 7), atol=1e-6)


@pytest.mark.parametrize('stddev, kinds', [(0.0, 2), (0.5, 3)])
def test_pictures_of_an_autoencoder(stddev, kinds):
  """Rows of eight images, then as they are encoded if that is noisy, then reconstructed."""
  game = game_of(f'denoising_autoencoder(stddev={stddev})', networks='mlp_relu(units=8)')
  images = digits_of('test', 40)['image']
  picture = pictures_of(game, {'image': images})['reconstructions']
  rows = picture[2:].reshape(4 * kinds, 18, 8 * 18 + 2)[:, :16, 2:].reshape(-1, 16, 8, 18)
  shown = rows[..., :16].transpose(0, 2, 1, 3).reshape(4, kinds, 8, 16, 16, 1)
  noise = stddev * tf.random.stateless_normal((32, 16, 16, 1), randomness.key(0))
  encoded = to_uint8(to_float(images[:32]) + noise).numpy()
  decoded = game.networks['generator'](game.networks['encoder'](to_float(encoded)))
  expected = [images[:32], encoded, to_uint8(decoded).numpy()]
  for place, kind in enumerate([expected[0], expected[-1]] if kinds == 2 else expected):
    found = shown[:, place].reshape(32, 16, 16, 1).astype(int)
    np.testing.assert_allclose(found, kind, atol=1)


def test_pictures_of_a_vae():
  game = game_of('vae', noise='normal(2)')
  examples = digits_of('test', 100)
  pictures, labels = examples['image'], examples['label']
  found = pictures_of(game, examples)
  assert found['reconstructions'].shape == (8 * 18 + 2, 8 * 18 + 2, 1)
  np.testing.assert_array_equal(found['reconstructions'][2:18, 2:18], pictures[0])
  assert found['manifold'].shape == (320, 320, 1)
  # At the quantiles 0.025 to 0.975, the first latent to the right and the second upwards.
  normal = statistics.NormalDist()
  for row, column in ((0, 0), (0, 19), (19, 0), (7, 12)):
    latents = [normal.inv_cdf((column + 0.5) / 20), normal.inv_cdf((19.5 - row) / 20)]
    image = game.run(GENERATE, game.networks, np.array([latents], np.float32))[0]
    shown = found['manifold'][row * 16 :][:16, column * 16 :][:, :16] / 127.5 - 1
    np.testing.assert_allclose(shown, image, atol=0.01)
  middle = game.run(GENERATE, game.networks, np.zeros((1, 2), np.float32)).numpy()[0]
  near = found['manifold'][9 * 16 : 10 * 16, 9 * 16 : 10 * 16] / 127.5 - 1
  assert np.abs(near - middle).mean() < 0.1
  means = game.networks['encoder'](to_float(pictures))[:, :2].numpy()
  np.testing.assert_array_equal(found['latents'], scatter(means, labels))
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
    with pytest.raises(UsageError, match='--labels: no class .*; there are classes 0 to 9'):
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


def below_headings(picture, rows: int, columns: int):
  """Returns the grid of a picture, tiles of 16x16 as they were before they were enlarged."""
  factor = picture.shape[1] // (columns * 18 + 2)
  height = (rows * 18 + 2) * factor
  assert picture.shape[0] > height and picture[:-height].std() > 0  # Names of classes.
  return picture[-height:][::factor, ::factor]


def test_training_shows_classes_in_columns(conditional_run):
  path = f'{conditional_run.run.samples}/fakes-000002.png'
  picture = tf.io.decode_png(tf.io.read_file(path)).numpy()
  grid = below_headings(picture, 6, 10)
  sampler = conditional_run.sampler()
  sampler.restore()
  third = sampler.images([2], 0, [2])[0]
  np.testing.assert_array_equal(grid[2:18, 2 + 36 : 18 + 36], third)


def test_sample_binary_shows_classes_and_axes(conditional_run, tmp_path):
  common = (f'--model_dir={conditional_run.experiment.model_dir}', f'--output={tmp_path}/x.png')
  sampler = conditional_run.sampler()
  sampler.restore()
  result = json.loads(run_binary('sample', *common, '--labels=2-3,7').stdout)
  assert result['count'] == 24
  picture = tf.io.decode_png((tmp_path / 'x.png').read_bytes()).numpy()
  picture = below_headings(picture, 8, 3)
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
  rows = paths.interpolation(sampler, 0, 3, 5, [7, 2, 7]).reshape(3, 5, 16, 16, 1)
  for row, label in enumerate((7, 2)):
    np.testing.assert_array_equal(picture[row * 18 + 2 :][:16, 4 * 18 + 2 :][:, :16], rows[row, 4])
    ends = sampler.images([row, row + 1], 0, [label] * 2)
    np.testing.assert_allclose(rows[row, [0, -1]].astype(int), ends, atol=1)
    assert (rows[row, 2] != ends).any(axis=(1, 2, 3)).all()
  # By default the classes are those of the samples that rows begin with.
  by_default = paths.interpolation(sampler, 0, 2, 5)
  np.testing.assert_array_equal(by_default, paths.interpolation(sampler, 0, 2, 5, [0, 1]))
