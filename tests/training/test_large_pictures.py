"""Large pictures: small batches, small grids, and which work ran out of memory."""

import math

import numpy as np
from PIL import Image
import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline import dataset_of, registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.media.sizes import batch_size, tiles
from tfgan_pipeline.models.image_game import ImageGame
from tfgan_pipeline.networks.mlp import mlp
from tfgan_pipeline.sampling.latent import paths

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


@pytest.mark.parametrize(
  'side, drawn, together',
  [(32, 64, 64), (128, 64, 64), (129, 64, 6), (256, 64, 6), (257, 49, 6), (512, 16, 6)]
  + [(1024, 4, 6), (2048, 1, 6), (4096, 1, 6)],
)
def test_sizes(side, drawn, together):
  assert tiles((side, side, 3), 64) == drawn
  assert batch_size((side, side, 3), 64, 6) == together
  assert batch_size((side, side, 3), 64, 100) == 64
  assert tiles((side, side, 3), 64) * side**2 <= max(2**22, side**2)


@pytest.fixture
def large(tmp_path):
  pictures = np.random.RandomState(0).randint(0, 256, (20, 512, 512, 1), np.uint8)
  return tiny_experiment(
    tmp_path / 'run',
    dataset=dataset_of(pictures),
    networks='dcgan(filters=1)',
    batch_size=3,
    max_steps=1,
  )


def test_no_batch_is_larger_than_that_of_training(large, monkeypatch):
  sizes = []

  def counted(function):
    def call(self, *args, **kwargs):
      result = function(self, *args, **kwargs)
      sizes.append(result.shape[0])
      return result

    return call

  for name in ('run', 'logits'):
    monkeypatch.setattr(ImageGame, name, counted(getattr(ImageGame, name)))
  estimator = GANEstimator(large)
  estimator.train()
  assert sizes and max(sizes) <= 3
  with Image.open(large.model_dir + '/samples/fakes-000001.png') as picture:
    assert math.prod(picture.size) == (4 * 514 + 2) ** 2  # 4 by 4 tiles.
  sizes.clear()
  sampler = estimator.sampler()
  sampler.restore()
  assert sampler.images(range(5), 0).shape == (5, 512, 512, 1)
  assert paths.traversal(sampler, 0, 2).shape[0] == 16
  np.testing.assert_array_equal(sampler.images([4], 0)[0], sampler.images(range(5), 0)[4])
  assert max(sizes) <= 3


class Greedy(keras.layers.Layer):
  """Needs 16 TiB, when training or otherwise."""

  def __init__(self, when: bool):
    super().__init__()
    self._when = when

  def call(self, inputs, training=None):
    if bool(training) == self._when:
      return inputs + tf.reduce_sum(tf.random.stateless_normal([2**21, 2**21], [0, 0]))
    return inputs


@pytest.mark.parametrize(
  'training, message',
  [
    (True, '--batch_size=16: a training step needs more memory than CPU:'),
    (False, '--batch_size=16: sampling at step 0 needs more memory than CPU:'),
  ],
)
def test_lack_of_memory_is_told_by_what_ran_out(tmp_path, register, training, message):
  def greedy(spec):
    networks = mlp(spec)
    inner = networks['generator']
    outer = keras.Sequential([*inner.layers, Greedy(training)], name='generator')
    outer.build(inner.input_shape)
    return {**networks, 'generator': outer}

  register(registry.network, greedy)
  with pytest.raises(UsageError) as raised:
    GANEstimator(tiny_experiment(tmp_path / 'run', networks='greedy', max_steps=1)).train()
  assert message in str(raised.value) and '\n' not in str(raised.value)


def test_data_that_does_not_fit_memory_names_the_limit(tmp_path, register):
  def huge(options):
    raise MemoryError('Unable to allocate 64. TiB')

  register(registry.dataset, huge)
  with pytest.raises(UsageError, match='--memory_limit_gb=4: holding --dataset=huge needs more'):
    GANEstimator(tiny_experiment(tmp_path / 'run', dataset='huge')).train()
