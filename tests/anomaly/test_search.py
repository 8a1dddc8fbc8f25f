"""Search for latents: what a picture's result depends on, and that it comes closer."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import QUICK, run_binary
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.digits import digits
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.latent.encoder import LatentEncoder
from tfgan_pipeline.sampling.latent.search import LatentSearch
from tfgan_pipeline.sampling.restored import RestoredNetworks

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


@pytest.fixture(scope='module')
def restored(tiny_run) -> RestoredNetworks:
  run = RunDirectory(str(tiny_run))
  networks = RestoredNetworks(run, run.read_experiment(), ('generator', 'discriminator'))
  networks.restore()
  return networks


@pytest.fixture(scope='module')
def pictures() -> np.ndarray:
  return digits(DataOptions(), size=16).split('test').spread(64)['image']


def test_a_batch_of_one_gives_what_a_batch_of_64_gives(restored, pictures):
  search = LatentSearch(restored, steps=15)
  together = search.find(pictures)
  for place in (0, 31, 32, 63):
    alone = search.find(pictures[place : place + 1])
    for name in ('latents', 'images', 'residuals', 'features'):
      np.testing.assert_array_equal(getattr(alone, name)[0], getattr(together, name)[place])
  backwards = search.find(pictures[::-1])
  np.testing.assert_array_equal(backwards.residuals[::-1], together.residuals)


def test_the_search_minimises_its_loss(restored, pictures):
  def loss(**arguments) -> np.ndarray:
    found = LatentSearch(restored, **arguments).find(pictures[:8])
    return 0.9 * found.residuals + 0.1 * found.features

  first, later = loss(steps=1), loss(steps=30)
  assert (later < first).all()
  assert (loss(steps=30, starts=3) <= later * 1.001).all()  # The first start is among the three.


def test_what_is_found_is_the_sample_of_its_latent(restored, pictures):
  search = LatentSearch(restored, steps=5)
  found = search.find(pictures[:3])
  samples = search.generate(tf.constant(found.latents)).numpy()
  residuals = np.abs(samples - (pictures[:3] / 127.5 - 1)).sum(axis=(1, 2, 3))
  np.testing.assert_allclose(found.residuals, residuals, rtol=1e-5)
  np.testing.assert_allclose(found.images, (samples + 1) * 127.5, atol=0.51)


def test_an_encoder_is_trained_once_and_read_again(tiny_run, restored, pictures, tmp_path):
  run = RunDirectory(str(tiny_run))
  run.anomaly = str(tmp_path / 'anomaly')
  restored.run, before = run, restored.run
  try:

    def encoder(**arguments) -> LatentEncoder:
      return LatentEncoder(restored, run.read_experiment(), batch_size=16, **arguments)

    first, again = encoder(steps=20), encoder(steps=20)
    data = digits(DataOptions(), size=16)
    assert first.fit(lambda: data)['steps'] == 20
    again.fit(lambda: pytest.fail('trained again'))
    losses = first.encode(pictures)[2]
    np.testing.assert_array_equal(losses, again.encode(pictures)[2])
    np.testing.assert_array_equal(losses[5:6], first.encode(pictures[5:6])[2])
    short = encoder(steps=1)
    short.fit(lambda: data)
    assert short.path != first.path and losses.mean() < short.encode(pictures)[2].mean()
  finally:
    restored.run = before


@pytest.mark.parametrize(
  'arguments, message',
  [
    ({'steps': 0}, 'steps=0 should be at least 1'),
    ({'weight': 1.5}, 'weight=1.5 should be'),
    ({'learning_rate': 0.0}, 'learning_rate=0.0 should be above 0'),
    ({'starts': 0}, 'starts=0 should be at least 1'),
  ],
)
def test_refusals(restored, arguments, message):
  with pytest.raises(UsageError, match=f'--method=search: {message}'):
    LatentSearch(restored, **arguments)


def test_a_discriminator_of_stacks_of_pictures_is_refused(tmp_path):
  flags = (*QUICK, '--model=noise_guided_gan', f'--model_dir={tmp_path}', '--max_steps=1')
  run_binary('train', *flags, '--save_every=1')
  run = RunDirectory(str(tmp_path))
  networks = RestoredNetworks(run, run.read_experiment(), ('generator', 'discriminator'))
  with pytest.raises(
    UsageError, match='^--method=search: .* reads more than a picture'
  ):
    LatentSearch(networks)
  assert LatentSearch(networks, weight=0, steps=1).find(np.zeros((1, 16, 16, 1), np.uint8))
