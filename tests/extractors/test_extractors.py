"""Extractors and the cache of reference features."""

import importlib
import subprocess
import sys

import numpy as np
import pytest

from tests.conftest import ROOT
from tests.metrics.kinds import EXTRACTORS
from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext, full_precision
from tfgan_pipeline.references.features_cache import reference_features
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.runs.digests import digest

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

every_extractor = pytest.mark.parametrize('name', EXTRACTORS)


@pytest.fixture(scope='module')
def dataset() -> Dataset:
  return registry.dataset.build('digits(size=12)', DataOptions())


@pytest.fixture(scope='module')
def images(dataset) -> np.ndarray:
  return np.concatenate([batch['image'] for batch in dataset.split('test').ordered(64)])[:150]


@every_extractor
def test_contract(name, text_of, dataset, images, cache_dir):
  context = ExtractorContext(dataset, cache_dir)
  extractor = registry.extractor.build(text_of(name), context)
  whole = extractor.features([images])
  assert whole.pool.shape[0] == len(images) and whole.pool.dtype == np.float32
  assert whole.logits is None or whole.logits.dtype == np.float32
  assert len(np.unique(whole.pool, axis=0)) > 100  # It looks at the images.
  backwards = extractor.features([images[::-1]])
  np.testing.assert_allclose(backwards.pool[::-1], whole.pool, rtol=1e-5, atol=1e-5)
  again = registry.extractor.build(text_of(name), context)
  assert again.fingerprint == extractor.fingerprint and again.details == extractor.details
  np.testing.assert_array_equal(again.features([images]).pool, whole.pool)


@pytest.mark.parametrize(
  'name',
  [
    # A layer more than the other networks on disk, and a minute.
    pytest.param(name, marks=pytest.mark.heavy if name == 'keras_application' else ())
    for name in EXTRACTORS
  ],
)
def test_batch_size_and_replicas_change_no_bit(name, text_of, dataset, images, cache_dir):
  text, some = text_of(name), images[:100]

  def features(extractor, batch_size):
    return extractor.features(np.split(some, range(batch_size, len(some), batch_size)))

  expected, fingerprints = None, set()
  for replicas, batch_sizes in ((1, (100, 1, 7, 64)), (2, (7,)), (3, (64,))):
    context = ExtractorContext(dataset, cache_dir, strategies.mirrored_cpus(replicas))
    extractor = registry.extractor.build(text, context)
    fingerprints.add(extractor.fingerprint)
    for batch_size in batch_sizes:
      found = features(extractor, batch_size)
      expected = expected or found
      np.testing.assert_array_equal(found.pool, expected.pool)
      if expected.logits is not None:
        np.testing.assert_array_equal(found.logits, expected.logits)
  assert len(fingerprints) == 1


@pytest.mark.heavy
def test_eight_replicas_change_no_bit(text_of, cache_dir):
  names = EXTRACTORS
  command = [sys.executable, '-m', 'tests.extractors.eight_replicas', cache_dir]
  result = subprocess.run(
    [*command, *map(text_of, names)], capture_output=True, text=True, cwd=ROOT, timeout=600
  )
  assert result.returncode == 0, result.stderr
  digests = result.stdout.split()
  assert len(digests) == 2 * len(names) and len(set(digests)) == len(names)
  assert digests[::2] == digests[1::2]


def test_the_function_sees_one_shape_and_every_image_once():
  seen = []

  def function(images):
    seen.append(images.copy())
    return images.reshape(len(images), -1).astype(np.float32), None

  extractor = Extractor('mine', '', function, batch_size=8)
  images = np.arange(1, 21, dtype=np.uint8).reshape(20, 1, 1, 1)
  features = extractor.features([images[:1], images[1:1], images[1:19], images[19:]])
  np.testing.assert_array_equal(features.pool[:, 0], np.arange(1, 21))
  assert [part.shape for part in seen] == [(8, 1, 1, 1)] * 3
  assert not seen[-1][4:].any()


def test_full_precision_while_extracting_and_as_before_afterwards(request):
  config = tf.config.experimental
  determinism = importlib.import_module('tensorflow.python.framework.config')
  if determinism.is_op_determinism_enabled():
    request.addfinalizer(determinism.enable_op_determinism)

  def state():
    return config.tensor_float_32_execution_enabled(), determinism.is_op_determinism_enabled()

  during = []

  def function(images):
    during.append(state())
    if len(during) == 2:
      raise UsageError('a failure')
    return np.zeros((len(images), 2), np.float32), None

  determinism.disable_op_determinism()
  extractor = Extractor('mine', '', function)
  images = np.zeros((2, 4, 4, 1), np.uint8)
  extractor.features([images])
  assert during == [(False, True)] and state() == (True, False)
  with pytest.raises(UsageError, match='a failure'):
    extractor.features([images])
  assert state() == (True, False)
  determinism.enable_op_determinism()
  extractor.features([images])
  assert state() == (True, True)
  determinism.disable_op_determinism()


def test_xla_is_told_to_multiply_at_highest_precision():
  """The precision XLA is asked for: what TPUs go by, and GPUs when a network is compiled."""

  @tf.function(jit_compile=True, autograph=False)
  def products(x):
    x = tf.nn.conv2d(x, tf.ones([3, 3, 3, 4]), 1, 'SAME')
    return tf.reshape(x, [2, -1]) @ tf.ones([256, 5])

  def precisions():
    compiled = products.experimental_get_compiler_ir(tf.ones([2, 8, 8, 3]))
    text = compiled(stage='hlo', device_name='/device:CPU:0')
    lines = [line for line in text.splitlines() if ' convolution(' in line or ' dot(' in line]
    assert len(lines) == 2
    return ['operand_precision={highest,highest}' in line for line in lines]

  assert precisions() == [False, False]
  with full_precision():
    assert precisions() == [True, True]


def test_another_seed_is_another_extractor(dataset, tmp_path):
  context = ExtractorContext(dataset, str(tmp_path))
  one, other = (
    registry.extractor.build(f'random_projection(seed={seed})', context) for seed in (0, 1)
  )
  assert one.fingerprint != other.fingerprint


def test_classifier_needs_labels(tmp_path):
  images = np.zeros((4, 8, 8, 1), np.uint8)
  unlabelled = Dataset.of_images('mine', (8, 8, 1), (), {'train': MemorySplit({'image': images})})
  with pytest.raises(UsageError, match='--extractor=classifier: mine has no labels'):
    registry.extractor.build('classifier', ExtractorContext(unlabelled, str(tmp_path)))


def test_classifier_reads_stacks_a_channel_at_a_time(tmp_path):
  stacks = registry.dataset.build('stacked("digits(size=12)")', DataOptions())
  batch = next(stacks.split('test').ordered(100))
  images, labels = batch['image'], batch['label']
  features = {}
  for replicas in (1, 2):  # The second comes from the cache.
    context = ExtractorContext(stacks, str(tmp_path), strategies.mirrored_cpus(replicas))
    extractor = registry.extractor.build('classifier(steps=150)', context)
    features[replicas] = extractor.features([images])
  # Of 1,437 stacks, and so one or two per class, no classifier of whole stacks could learn that.
  assert extractor.details['accuracy'] > 0.8
  found = features[1]
  assert found.pool.shape == (100, 3 * 128) and found.logits.shape == (100, 1000)
  assert np.mean(found.logits.argmax(axis=1) == labels) > 0.8
  np.testing.assert_allclose(np.exp(found.logits).sum(axis=1), 1, rtol=1e-4)
  np.testing.assert_array_equal(features[2].logits, found.logits)
  swapped = extractor.features([images[..., ::-1]])
  np.testing.assert_allclose(swapped.pool[:, :128], found.pool[:, 256:], atol=1e-5)
  best = swapped.logits.argmax(axis=1)
  digits = found.logits.argmax(axis=1)
  np.testing.assert_array_equal(best, digits % 10 * 100 + digits // 10 % 10 * 10 + digits // 100)


def test_reference_cache_follows_the_content_of_the_data(tmp_path):
  images = np.random.RandomState(0).randint(0, 256, (20, 8, 8, 1)).astype(np.uint8)

  def features(pixels):
    data = Dataset.of_images('mine', (8, 8, 1), (), {'train': MemorySplit({'image': pixels})})
    extractor = registry.extractor.build('random_projection', ExtractorContext(data, ''))
    return reference_features(data, 'train', extractor, str(tmp_path))

  first = features(images)
  np.testing.assert_array_equal(features(images).pool, first.pool)
  assert len(list((tmp_path / 'reference').iterdir())) == 1
  changed = images.copy()
  changed[3, 2, 1] ^= 1
  assert not np.array_equal(features(changed).pool, first.pool)
  assert len(list((tmp_path / 'reference').iterdir())) == 2


def test_digest_sees_shape_dtype_and_values():
  array = np.arange(6, dtype=np.float32)
  digests = {
    digest(array),
    digest(array.reshape(2, 3)),
    digest(array.astype(np.float64)),
    digest(array + 1),
    digest('a', array),
    digest('b', array),
  }
  assert len(digests) == 6
