"""Noise: numbered samples for evaluation, keyed samples for training."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.replicas import randomness

NOISES = list(registry.noise.components())


@pytest.mark.parametrize('name', NOISES)
def test_vector_i_depends_on_seed_and_i_alone(name):
  noise = registry.noise.build(f'{name}(5)')
  whole = noise.numbered(range(600), 3).numpy()
  assert whole.shape == (600, 5) and whole.dtype == np.float32
  some = tf.function(lambda first, last: noise.numbered(tf.range(first, last), 3))
  for size in (1, 7, 64):
    parts = [
      some(tf.constant(first), tf.constant(min(first + size, 600))) for first in range(0, 600, size)
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
  np.testing.assert_array_equal(noise.numbered([599, 0, 300], 3), whole[[599, 0, 300]])
  assert not np.isclose(noise.numbered(range(600), 4), whole).any(axis=1).any()
  assert len(np.unique(whole, axis=0)) == 600


@pytest.mark.parametrize('name', NOISES)
def test_samples_256_by_256_share_a_key(name):
  """Draws blocks by hand: other ones would give other samples than those that were published."""
  noise = registry.noise.build(f'{name}(3)')
  key = randomness.key(7)
  blocks = [
    noise.sampler(shape=[256, 3], seed=tf.random.experimental.stateless_fold_in(key, block))
    for block in (0, 1, 2)
  ]
  numbers = [0, 255, 256, 511, 600, 3]
  expected = [blocks[number // 256][number % 256] for number in numbers]
  np.testing.assert_array_equal(noise.numbered(numbers, 7), expected)


def test_a_stream_is_another_key():
  noise = registry.noise.build('uniform(3)')
  key = tf.random.experimental.stateless_fold_in(randomness.key(7, 2), 0)
  np.testing.assert_array_equal(noise.numbered([5], 7, 2)[0], noise.sampler([256, 3], key)[5])


@pytest.mark.parametrize('name, size, reach', [('normal', 64, 2.0), ('uniform', 64, 1.0)])
def test_by_default(name, size, reach):
  noise = registry.noise.build(name)
  assert (noise.size, noise.reach) == (size, reach)


@pytest.mark.parametrize('name, mean, deviation', [('normal', 0, 1), ('uniform', 0, 3**-0.5)])
def test_distribution(name, mean, deviation):
  values = registry.noise.build(f'{name}(100)').numbered(range(1000), 0).numpy()
  assert abs(values.mean() - mean) < 0.01
  assert abs(values.std() - deviation) < 0.01
  if name == 'uniform':
    assert values.min() >= -1 and values.max() < 1 and values.max() - values.min() > 1.99


@pytest.mark.parametrize('name', NOISES)
def test_a_path_leads_from_a_vector_to_the_next(name):
  noise = registry.noise.build(f'{name}(6)')
  start, end = noise.numbered([4, 5], 3).numpy()
  path = noise.path(4, 3, 9).numpy()
  assert path.shape == (9, 6) and path.dtype == np.float32
  np.testing.assert_array_equal(path[[0, -1]], [start, end])
  place = np.linspace(0, 1, 9)[:, np.newaxis]
  if name == 'normal':  # Along the sphere: what is turned by equal angles.
    angle = np.arccos(start @ end / np.linalg.norm(start) / np.linalg.norm(end))
    turned = np.sin((1 - place) * angle) * start + np.sin(place * angle) * end
    np.testing.assert_allclose(path, turned / np.sin(angle), atol=1e-5)
  else:
    np.testing.assert_allclose(path, (1 - place) * start + place * end, atol=1e-6)
  np.testing.assert_array_equal(noise.path(4, 3, 1)[0], start)


def test_numbered_inside_a_graph_equals_outside():
  noise = registry.noise.build('normal(4)')
  inside = tf.function(lambda count, seed: noise.numbered(tf.range(count), seed))
  np.testing.assert_array_equal(
    inside(tf.constant(300), tf.constant(2)), noise.numbered(range(300), 2)
  )


@pytest.mark.parametrize('name', NOISES)
def test_for_step_follows_the_scope(name):
  noise = registry.noise.build(f'{name}(4)')
  with randomness.scope(randomness.key(0, 5)):
    first = noise.for_step(3)
  with randomness.scope(randomness.key(0, 5)):
    np.testing.assert_array_equal(noise.for_step(3), first)


def test_size_is_checked():
  with pytest.raises(UsageError, match='size=0'):
    registry.noise.build('normal(0)')
  assert registry.noise.build('normal(1)').numbered([0], 0).shape == (1, 1)
