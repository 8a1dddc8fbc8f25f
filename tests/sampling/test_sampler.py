"""Sampling a checkpoint: by number, in any batches, with any statistics of batch normalisation."""

import numpy as np
import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.models.image_game import GENERATE
from tfgan_pipeline.networks.layers.basic import batch_norms
from tfgan_pipeline.replicas import randomness, strategies
from tfgan_pipeline.sampling.latent import paths
from tfgan_pipeline.sampling.restored import RestoredNetworks
from tfgan_pipeline.sampling.sampler import GeneratorSampler

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


@pytest.fixture(scope='module')
def labelled_run(tmp_path_factory):
  """Trains a run whose generator reads the class; returns its model_dir."""
  model_dir = tmp_path_factory.mktemp('labelled')
  GANEstimator(tiny_experiment(model_dir, model='conditional_gan')).train()
  return model_dir


@pytest.fixture
def sampler(tiny_run):
  def make(run=tiny_run, **kwargs) -> GeneratorSampler:
    estimator = GANEstimator.of_run(str(run))
    sampler = GeneratorSampler(estimator.run, estimator.experiment, **kwargs)
    sampler.restore(4)
    return sampler

  return make


def averages(sampler):
  return [
    value.numpy()
    for layer in batch_norms(sampler.restored.networks['generator'])
    for value in (layer.moving_mean, layer.moving_variance)
  ]


@pytest.mark.parametrize('batch_norm', ['moving', 'batch', 'standing'])
def test_images_do_not_depend_on_how_they_are_asked_for(sampler, batch_norm):
  one = sampler(batch_norm=batch_norm)
  whole = one.images(range(150), seed=3)
  assert whole.dtype == np.uint8 and whole.shape == (150, 16, 16, 1)
  for batch_size in (1, 7, 64):
    parts = list(one.batches(150, 3, batch_size=batch_size))
    assert max(map(len, parts)) == batch_size
    np.testing.assert_array_equal(np.concatenate(parts), whole)
  np.testing.assert_array_equal(
    sampler(batch_norm=batch_norm).images([149, 0, 70], 3)[0], whole[149]
  )
  assert (one.images(range(4), seed=4) != whole[:4]).any()


@pytest.mark.parametrize('batch_norm', ['moving', 'standing'])
@pytest.mark.parametrize('replicas', [2, 3])
def test_images_do_not_depend_on_the_number_of_replicas(sampler, replicas, batch_norm):
  several = sampler(batch_norm=batch_norm, strategy=strategies.mirrored_cpus(replicas))
  np.testing.assert_array_equal(
    several.images(range(50, 300), 3), sampler(batch_norm=batch_norm).images(range(50, 300), 3)
  )


def test_batch_statistics_are_those_of_training_and_leave_the_averages(sampler):
  one = sampler(batch_norm='batch')
  before = averages(one)
  got = one.images(range(16, 32), seed=0)
  for value, same in zip(averages(one), before):
    np.testing.assert_array_equal(value, same)
  generator, game = one.restored.networks['generator'], one.restored.game
  with randomness.scope(0, 0):
    trained = generator(game.inputs(GENERATE, range(16, 32), 0), training=True)
  expected = np.round((np.clip(trained, -1, 1) + 1) * 127.5)
  assert np.abs(got.astype(float) - expected).max() <= 1


def test_standing_statistics_are_the_plain_average_over_sixteen_batches(sampler):
  one = sampler(batch_norm='standing')
  layer = batch_norms(one.restored.networks['generator'])[0]
  dense = one.restored.networks['generator'].layers[0]
  game = one.restored.game
  noise = [game.inputs(GENERATE, range(16 * i, 16 * i + 16), 0) for i in range(16)]
  means = [np.reshape(dense(part), [-1, layer.gamma.shape[0]]) for part in noise]
  np.testing.assert_allclose(layer.moving_mean, np.mean(means, (0, 1)), rtol=1e-4, atol=1e-6)
  variances = [part.var(axis=0) for part in means]
  np.testing.assert_allclose(layer.moving_variance, np.mean(variances, 0), rtol=1e-4)
  # A checkpoint read again starts from nothing.
  first = averages(one)
  one.restore(4)
  for value, same in zip(averages(one), first):
    np.testing.assert_array_equal(value, same)


def test_a_generator_without_batch_norm_has_one_kind_of_samples(tmp_path):
  estimator = GANEstimator(tiny_experiment(tmp_path, networks='mlp', max_steps=1))
  estimator.train()
  sampler = GeneratorSampler(estimator.run, estimator.experiment, batch_norm='standing')
  assert sampler.batch_norm == 'moving averages'


def exported(sampler, folder) -> np.ndarray:
  loaded = tf.saved_model.load(sampler.export(str(folder / 'exported')))
  return loaded.generate(16, 0).numpy()


# All make 16 images at a time, as many as a batch of the training has: what one call has traced
# would do for all others.
CALLS = {
  'images': lambda sampler, _: sampler.images(range(16), 0),
  'batches': lambda sampler, _: np.concatenate(list(sampler.batches(16, 0))),
  'interpolation': lambda sampler, _: paths.interpolation(sampler, 0, 2, 16),
  'traversal': lambda sampler, _: paths.traversal(sampler, 0, 2),
  'exported': exported,
  # In grey levels, as the images of all others are.
  'values': lambda sampler, _: 127.5 * sampler.values(np.ones([16, 8], np.float32)),
}
LABELLED_CALLS = {
  'images': CALLS['images'],
  'labelled images': lambda sampler, _: sampler.images(range(16), 0, [7] * 16),
  'interpolation': CALLS['interpolation'],
  'labelled interpolation': lambda sampler, _: paths.interpolation(sampler, 0, 2, 16, [7, 8]),
  'exported': exported,
}


def test_networks_that_no_task_needs_are_not_built(tiny_run):
  estimator = GANEstimator.of_run(str(tiny_run))
  assert set(estimator.sampler().restored.networks) == {'generator'}
  everything = RestoredNetworks(estimator.run, estimator.experiment, ('generator', 'discriminator'))
  assert everything.restore() == 4
  assert set(everything.networks) == {'generator', 'discriminator'}


@pytest.mark.parametrize('labelled', [False, pytest.param(True, marks=pytest.mark.heavy)])
def test_each_call_has_its_statistics_whatever_came_before(
  sampler, tiny_run, labelled_run, tmp_path, labelled
):
  """Checks which statistics of batch normalisation each kind of sample is made with."""
  run, calls = (labelled_run, LABELLED_CALLS) if labelled else (tiny_run, CALLS)

  def results(batch_norm, names):
    one = sampler(run, batch_norm=batch_norm)
    return {name: calls[name](one, tmp_path).astype(float) for name in names}

  found, reverse = results('batch', calls), results('batch', reversed(calls))
  moving = results('moving', calls)
  for name in calls:
    np.testing.assert_array_equal(found[name], reverse[name], err_msg=name)
    moved = np.abs(found[name] - moving[name]).max()
    assert moved > 10 if name in ('images', 'batches') else moved <= 1, (name, moved)


@pytest.mark.parametrize('batch_norm', ['moving', 'standing'])
def test_a_labelled_sample_depends_on_its_number_and_label_alone(sampler, labelled_run, batch_norm):
  one = sampler(labelled_run, batch_norm=batch_norm)
  indices = np.random.RandomState(0).permutation(150)
  labels = np.random.RandomState(1).randint(0, 10, 150)
  pictures = one.images(indices, 3, labels)
  for place in (0, 77, 149):
    alone = one.images(indices[[place]], 3, labels[[place]])
    np.testing.assert_array_equal(alone[0], pictures[place])
  # With the class that it would have anyway it is the sample that has no label.
  np.testing.assert_array_equal(one.images(indices, 3, one.labels(indices)), one.images(indices, 3))
  several = one.images([5, 5, 6, 5], 3, [2, 4, 2, 2])
  np.testing.assert_array_equal(several[0], several[3])
  for picture, index, label in zip(several, [5, 5, 6], [2, 4, 2]):
    np.testing.assert_array_equal(picture, one.images([index], 3, [label])[0])
  assert (several[0] != several[1]).any()
  with pytest.raises(UsageError, match='--labels: no class 10; there are classes 0 to 9'):
    one.images([0], 3, [10])
