"""Inception from each kind of file, with stand-ins that have its interface, and Keras' own."""

from __future__ import annotations

import os
import shutil
import socket
import urllib.error

import numpy as np
import pytest

from tests.extractors import stand_ins
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors import on_replicas
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.replicas import strategies

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

PICTURES = np.random.RandomState(0).randint(0, 256, (9, 40, 30, 3)).astype(np.uint8)


def build(path, arguments: str = '', shape=(40, 30, 3), strategy=None) -> Extractor:
  context = ExtractorContext(Dataset.of_images('mine', shape, (), {}), '', strategy)
  return registry.extractor.build(f'inception({str(path)!r}{arguments})', context)


def expected(images: np.ndarray, seed: int = 0):
  """Pool and logits of the stand-ins, with TensorFlow 1's own resize."""
  inputs = (tf.compat.v1.image.resize_bilinear(images, [299, 299]) - 128) / 128
  return stand_ins.forward(inputs, seed)


def assert_as_expected(features, images=PICTURES):
  pool, logits = expected(images)
  assert features.pool.shape == (len(images), stand_ins.POOL)
  assert features.logits.shape == (len(images), stand_ins.CLASSES)
  np.testing.assert_allclose(features.pool, pool, rtol=1e-5, atol=1e-6)
  np.testing.assert_allclose(features.logits, logits, rtol=1e-4, atol=1e-5)


@pytest.fixture
def fingerprint_of(tmp_path):
  """The fingerprint of a stand-in written with other arguments."""

  def of(write, *args, **kwargs):
    of.count += 1
    return build(write(tmp_path / f'{of.count}{of.suffix}', *args, **kwargs)).fingerprint

  of.count, of.suffix = 0, ''
  return of


def test_hub_module(files):
  extractor = build(files / 'hub')
  assert extractor.name == 'inception'
  assert extractor.details == {
    'preprocessing': '3 channels, tf1 to 299x299, (x - 128.0) / 128.0',
  }
  assert_as_expected(extractor.features([PICTURES]))


def test_hub_module_with_a_signature_alone(tmp_path):
  path = stand_ins.hub_module(tmp_path / 'signature', called=False)
  assert_as_expected(build(path).features([PICTURES]))


def test_frozen_graph(files):
  """Any batch size, the removed batch norm, and logits without the graph's own bias."""
  extractor = build(files / 'classify_image_graph_def.pb')
  assert extractor.name == 'inception'
  assert_as_expected(extractor.features([PICTURES]))


def test_frozen_graph_under_replicas(files):
  extractor = build(files / 'classify_image_graph_def.pb', strategy=strategies.mirrored_cpus(2))
  assert_as_expected(extractor.features([PICTURES]))


def test_frozen_graph_has_nothing_left_that_accelerators_lack(files):
  from tfgan_pipeline.extractors import frozen_inception

  function = frozen_inception.read('', str(files / 'classify_image_graph_def.pb'))
  ops = {op.type for op in function.graph.get_operations()}
  assert 'Conv2D' in ops
  assert not ops & {'DecodeJpeg', 'ResizeBilinear', 'BatchNormWithGlobalNormalization'}
  compiled = tf.function(function, jit_compile=True, autograph=False)
  inputs = tf.constant(np.random.RandomState(1).rand(3, 299, 299, 3).astype(np.float32))
  pool, logits = stand_ins.forward(inputs, 0)
  np.testing.assert_allclose(tf.reshape(compiled(inputs)[0], [3, -1]), pool, rtol=1e-4)
  np.testing.assert_allclose(compiled(inputs)[1], logits, rtol=1e-4, atol=1e-4)


def test_all_sources_of_one_network_agree(files):
  hub, frozen = (
    build(files / name).features([PICTURES]) for name in ('hub', 'classify_image_graph_def.pb')
  )
  np.testing.assert_allclose(hub.pool, frozen.pool, rtol=1e-5, atol=1e-6)
  np.testing.assert_allclose(hub.logits, frozen.logits, rtol=1e-4, atol=1e-5)


def test_grey_images_are_repeated(files):
  grey = PICTURES[..., :1]
  features = build(files / 'hub', shape=(40, 30, 1)).features([grey])
  assert_as_expected(features, np.repeat(grey, 3, -1))


def test_resize_is_part_of_the_definition(files):
  ours, other = build(files / 'hub'), build(files / 'hub', ', resize=bilinear')
  assert ours.fingerprint != other.fingerprint and ours.details != other.details
  one, two = (extractor.features([PICTURES]).pool for extractor in (ours, other))
  assert np.abs(one - two).max() > 1e-3


def test_fingerprint_follows_the_content(files, tmp_path):
  fingerprints = set()
  for name in ('hub', 'classify_image_graph_def.pb'):
    copy = tmp_path / f'copied-{name}'
    (shutil.copytree if os.path.isdir(files / name) else shutil.copy)(files / name, copy)
    assert build(copy).fingerprint == build(files / name).fingerprint
    fingerprints.add(build(copy).fingerprint)
  other = build(stand_ins.hub_module(tmp_path / 'other', seed=1))
  fingerprints.add(other.fingerprint)
  other = build(stand_ins.frozen_graph(tmp_path / 'other.pb', seed=1))
  fingerprints.add(other.fingerprint)
  assert len(fingerprints) == 4


def test_one_changed_weight_changes_the_fingerprint(files, tmp_path):
  copy = tmp_path / 'hub'
  shutil.copytree(files / 'hub', copy)
  data = copy / 'variables' / 'variables.data-00000-of-00001'
  content = bytearray(data.read_bytes())
  content[100] ^= 1
  data.write_bytes(content)
  from tfgan_pipeline.extractors.saved_model import digest_of_model

  assert digest_of_model('', str(copy)) != digest_of_model('', str(files / 'hub'))


def test_hub_handle_is_resolved(files, monkeypatch):
  import tensorflow_hub

  asked = []
  monkeypatch.setattr(
    tensorflow_hub, 'resolve', lambda handle: asked.append(handle) or str(files / 'hub')
  )
  handle = 'https://tfhub.dev/tensorflow/tfgan/eval/inception/1'
  extractor = build(handle)
  assert asked == [handle]
  assert extractor.fingerprint == build(files / 'hub').fingerprint


def test_hub_handle_without_a_network(monkeypatch):
  import tensorflow_hub

  def fail(handle):
    raise urllib.error.URLError(socket.gaierror(-3, 'Temporary failure in name resolution'))

  monkeypatch.setattr(tensorflow_hub, 'resolve', fail)
  with pytest.raises(UsageError) as raised:
    build('https://tfhub.dev/x/1')
  assert str(raised.value) == (
    '--extractor=inception: path=https://tfhub.dev/x/1: cannot be downloaded '
    '(<urlopen error [Errno -3] Temporary failure in name resolution>)'
  )


@pytest.mark.parametrize(
  'name, message',
  [
    ('nothing', 'no such file or directory'),
    ('empty', r'neither a directory with a saved_model.pb, nor a frozen graph \(.pb\), nor Keras '),
    ('text.txt', 'neither a directory'),
    ('text.pb', r'not a frozen graph \(DecodeError\)'),
    ('empty.pb', 'a graph of 0 nodes, but without Mul, pool_3, softmax/logits/MatMul or logits'),
    ('renamed.pb', r'a graph of \d+ nodes, but without pool_3$'),
    ('lacks', r"key='logits' is none of its outputs, which are: pool_3 \(64, 1, 1, 16\)"),
    ('broken', 'cannot be loaded'),
    ('text.h5', 'cannot be read into this network'),
  ],
)
def test_refusals_are_one_line_that_names_the_path(name, message, tmp_path):
  path = tmp_path / name
  if name == 'empty':
    path.mkdir()
  elif name == 'broken':
    path.mkdir()
    (path / 'saved_model.pb').write_text('not a protocol buffer')
  elif name == 'renamed.pb':
    stand_ins.frozen_graph(path, without=('pool_3',))
  elif name == 'lacks':
    stand_ins.hub_module(path, lacks='logits')
  elif name != 'nothing':
    path.write_text('' if name == 'empty.pb' else 'not a protocol buffer')
  with pytest.raises(UsageError, match=message) as raised:
    build(path)
  assert str(raised.value).startswith(f'--extractor=inception: path={path}: ')
  assert '\n' not in str(raised.value)


def test_other_refusals(files):
  with pytest.raises(UsageError, match='--extractor=inception: resize=best: there are tf1, bil'):
    build(files / 'hub', ', resize=best')
  with pytest.raises(UsageError, match=r'hub: images \(8, 8, 2\) do not pass \(it takes images of'):
    build(files / 'hub', shape=(8, 8, 2))
  with pytest.raises(UsageError, match="argument 'path' is missing"):
    registry.extractor.build('inception', None)


@pytest.mark.heavy
@pytest.mark.parametrize('suffix', ['.h5', '.weights.h5'])
def test_keras_weights(suffix, tmp_path, monkeypatch):
  """The real architecture, untrained: its features against those of Keras' own pooling."""
  monkeypatch.setattr(on_replicas, '_REPLICA_BATCH', 2)
  keras.utils.set_random_seed(0)
  model = keras.applications.InceptionV3(weights=None, classifier_activation=None)
  path = str(tmp_path / f'inception{suffix}')
  model.save_weights(path)
  extractor = build(path)
  assert extractor.name == 'inception:keras' and extractor.details['network'] == 'InceptionV3'
  features = extractor.features([PICTURES[:3]])
  assert features.pool.shape == (3, 2048) and features.logits.shape == (3, 1000)
  inputs = tf.compat.v1.image.resize_bilinear(PICTURES[:3], [299, 299]) / 127.5 - 1
  np.testing.assert_allclose(features.logits, model(inputs), rtol=1e-3, atol=1e-5)
  pooled = keras.Model(model.input, model.get_layer('avg_pool').output)
  np.testing.assert_allclose(features.pool, pooled(inputs), rtol=1e-3, atol=1e-5)
