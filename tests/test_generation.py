"""Sampling a checkpoint: by number, in any batches, with any statistics of batch normalisation."""

import numpy as np
import pytest

from tfgan_pipeline import randomness, runtime
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.generation import GeneratorSampler
from tfgan_pipeline.networks.layers import batch_norms


@pytest.fixture
def sampler(tiny_run):
  def make(**kwargs) -> GeneratorSampler:
    estimator = GANEstimator.of_run(str(tiny_run))
    sampler = GeneratorSampler(estimator.run, estimator.experiment, **kwargs)
    sampler.restore(4)
    return sampler

  return make


def averages(sampler):
  return [
    value.numpy()
    for layer in batch_norms(sampler._generator)
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
  several = sampler(batch_norm=batch_norm, strategy=runtime.mirrored_cpus(replicas))
  np.testing.assert_array_equal(
    several.images(range(50, 300), 3), sampler(batch_norm=batch_norm).images(range(50, 300), 3)
  )


def test_batch_statistics_are_those_of_training_and_leave_the_averages(sampler):
  one = sampler(batch_norm='batch')
  before = averages(one)
  got = one.images(range(16, 32), seed=0)
  for value, same in zip(averages(one), before):
    np.testing.assert_array_equal(value, same)
  generator, game = one._generator, one._game
  with randomness.scope(0, 0):
    trained = generator(game.inputs(range(16, 32), 0), training=True)
  expected = np.round((np.clip(trained, -1, 1) + 1) * 127.5)
  assert np.abs(got.astype(float) - expected).max() <= 1


def test_standing_statistics_are_the_plain_average_over_sixteen_batches(sampler):
  one = sampler(batch_norm='standing')
  layer = batch_norms(one._generator)[0]
  dense = one._generator.layers[0]
  means = [
    np.reshape(dense(one._game.inputs(range(16 * i, 16 * i + 16), 0)), [-1, layer.gamma.shape[0]])
    for i in range(16)
  ]
  np.testing.assert_allclose(layer.moving_mean, np.mean(means, (0, 1)), rtol=1e-4, atol=1e-6)
  variances = [part.var(axis=0) for part in means]
  np.testing.assert_allclose(layer.moving_variance, np.mean(variances, 0), rtol=1e-4)
  # A checkpoint read again starts from nothing.
  first = averages(one)
  one.restore(4)
  for value, same in zip(averages(one), first):
    np.testing.assert_array_equal(value, same)


def test_a_generator_without_batch_norm_has_one_kind_of_samples(tmp_path):
  from tests.conftest import tiny_experiment

  estimator = GANEstimator(tiny_experiment(tmp_path, networks='mlp', max_steps=1))
  estimator.train()
  sampler = GeneratorSampler(estimator.run, estimator.experiment, batch_norm='standing')
  assert sampler.batch_norm == 'moving averages'
