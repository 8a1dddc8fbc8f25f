"""The DCGAN of series: shapes, precision, training with a slope penalty, samples and scores."""

import json
import shutil

import numpy as np
import pytest

from tests.conftest import run_binary, tiny_experiment
from tests.training.test_replicas import assert_close, train
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.series import of_images
from tfgan_pipeline.networks.spec import NetworkSpec

VALUES = dict(
  dataset='waves(length=21, count=60)',
  networks='dcgan_series(filters=2)',
  model='conditional_gan',
  loss='wasserstein',
  penalties='wasserstein_gradient',
)


def build(text: str = 'dcgan_series(filters=2)', shape=(50, 2, 3), **more):
  return registry.network.build(text, NetworkSpec.of_images(shape, 4, 6, **more))


@pytest.mark.parametrize('length', [16, 17, 50, 128])
@pytest.mark.parametrize('labelled', [(), ('generator', 'discriminator')])
def test_any_length_channels_and_classes(length, labelled):
  shape = (length, 2, 3)
  networks = build(shape=shape, labelled=labelled, outputs={'discriminator': 1, 'encoder': 5})
  noise = tf.random.stateless_normal([4, 6], [0, 0])
  label = [tf.constant([0, 1, 2, 3])] if labelled else []
  samples = networks['generator']([noise, *label] if labelled else noise)
  assert samples.shape == (4, *shape) and samples.dtype == tf.float32
  assert networks['discriminator']([samples, *label] if labelled else samples).shape == (4, 1)
  assert networks['encoder'](samples).shape == (4, 5)


def test_what_is_stored_is_what_the_generator_made():
  """Numbers pass both ends of the networks with 16 bits, and gradients unchanged."""
  from tfgan_pipeline.compat import keras
  from tfgan_pipeline.networks.dcgan_series import ImagesToSeries, SeriesToImages

  values = tf.constant(np.random.RandomState(0).uniform(-1, 1, (3, 20, 2)), tf.float32)
  with tf.GradientTape() as tape:
    tape.watch(values)
    images = SeriesToImages()(values)
    back = ImagesToSeries()(images)
  np.testing.assert_allclose(back, values, atol=1e-6)
  np.testing.assert_allclose(tape.gradient(back, values), np.ones_like(values), rtol=1e-6)
  stored = registry.medium.build('series').to_stored(images).numpy()
  np.testing.assert_allclose(of_images(stored), values, atol=1 / 65_535)
  assert isinstance(build()['generator'], keras.Model)


@pytest.mark.parametrize(
  'text, shape, message',
  [
    ('dcgan_series', (28, 28, 1), 'series of 16 steps or more, .* not 28x28x1'),
    ('dcgan_series', (15, 2, 1), 'not 15x2x1'),
    ('dcgan_series(kernel=0)', (50, 2, 1), 'kernel=0 should be at least 1'),
    ('dcgan_series(discriminator_norm=layer)', (50, 2, 1), 'should be one of none, batch'),
  ],
)
def test_what_is_refused(text, shape, message):
  with pytest.raises(UsageError, match=f'^--networks.*{message}'):
    build(text, shape)


@pytest.mark.usefixtures('graphs_as_traced')
def test_resumed_and_on_replicas(tmp_path):
  small = dict.fromkeys(('generator_optimizer', 'discriminator_optimizer'), 'sgd(1e-3)')
  once = train(tmp_path / 'once', 1, **VALUES, **small, save_every=2)
  shutil.copytree(tmp_path / 'once', tmp_path / 'halves')
  for step in (4, 5):
    for path in (tmp_path / 'halves/checkpoints').glob(f'ckpt-{step:06d}*'):
      path.unlink()
  resumed = train(tmp_path / 'halves', 1, **VALUES, **small, save_every=2)
  for name, value in once.items():
    np.testing.assert_array_equal(resumed[name], value, err_msg=name)
  assert_close(once, train(tmp_path / 'two', 2, **VALUES, **small))


def test_a_run_is_sampled_and_scored_by_binaries(tmp_path, cache_dir):
  run = f'--model_dir={tmp_path}/run'
  flags = tiny_experiment(tmp_path / 'run', **VALUES).to_flagfile().splitlines()[1:]
  run_binary('train', *flags)
  run_binary('sample', run, f'--images_dir={tmp_path}/samples', '--labels=beats', '--count=3')
  names = [f'00000{number}{ending}' for number in range(3) for ending in ('.npy', '.png')]
  assert sorted(path.name for path in (tmp_path / 'samples').iterdir()) == names
  sample = np.load(tmp_path / 'samples/000002.npy')
  assert sample.shape == (21, 1) and sample.dtype == np.float32 and np.abs(sample).max() <= 1
  run_binary('sample', run, f'--output={tmp_path}/curves.png', '--labels=sines,beats', '--count=4')
  scored = run_binary(
    *('evaluate', run, '--extractor=signals', '--metrics=signals', '--num_samples=12'),
    f'--cache_dir={cache_dir}',
  )
  scores = json.loads(scored.stdout.splitlines()[-1])['scores']
  assert set(scores) == {
    f'{name}{ending}[signals]'
    for name in ('spectrum', 'autocorrelation')
    for ending in ('', '_floor')
  }
  said = run_binary(
    *('evaluate', run, '--extractor=melody', '--metrics=melody', '--num_samples=12'),
    code=2,
  ).stderr
  assert '--extractor=melody: dataset waves should hold melodies' in said


def test_waves_are_sines_and_beats():
  dataset = registry.dataset.build('waves(length=128, count=100)', DataOptions())
  train_split = dataset.split('train')
  values, labels = of_images(train_split.images)[..., 0], train_split.labels
  assert dataset.label_names == ('sines', 'beats') and len(values) == 80
  assert np.abs(values).max() < 1
  assert (values[labels == 1].max(axis=1) > 0.35).all()
  assert np.abs(np.median(values[labels == 1], axis=1) + 0.1).max() < 0.1
  assert dataset.fingerprint == registry.dataset.build('waves(128, 100)', DataOptions()).fingerprint
  for text, message in (('waves(length=8)', 'length=8'), ('waves(count=3)', 'count=3')):
    with pytest.raises(UsageError, match=message):
      registry.dataset.build(text, DataOptions())
