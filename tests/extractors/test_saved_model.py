"""Any SavedModel as an extractor."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from tests.extractors import stand_ins
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext

SHAPE = (6, 5, 3)
PICTURES = np.random.RandomState(0).randint(0, 256, (9, *SHAPE)).astype(np.uint8)


def build(path, arguments: str = '', shape=SHAPE) -> Extractor:
  context = ExtractorContext(Dataset.of_images('mine', shape, (), {}), '')
  return registry.extractor.build(f'saved_model({str(path)!r}{arguments})', context)


def save(path, function, spec, *, signatures=None) -> str:
  module = tf.Module()
  call = tf.function(function, input_signature=[spec], autograph=False)
  if signatures is None:
    module.__call__ = call
  else:
    signatures = {name: call for name in signatures}
  tf.saved_model.save(module, str(path), signatures=signatures)
  return str(path)


def pixel_mean(images):
  return tf.reduce_mean(tf.cast(images, tf.float32), [1, 2])


FLOATS = tf.TensorSpec([None, None, None, 3])


def test_uint8_input_and_outputs_by_key(files):
  features = build(files / 'user', ', output=embedding, logits=scores').features([PICTURES])
  shares = PICTURES.astype(np.float64) / 255
  expected = np.stack([(shares**power).mean((1, 2, 3)) for power in range(1, 5)], -1)
  np.testing.assert_allclose(features.pool, expected, rtol=1e-5)
  matrix = np.random.RandomState(0).randn(4, 3)
  np.testing.assert_allclose(features.logits, expected @ matrix, rtol=1e-4)
  assert build(files / 'user', ', output=embedding').features([PICTURES]).logits is None


@pytest.mark.parametrize('low, high', [(0, 1), (-1, 1), (0, 255), (1, 0)])
def test_declared_range(low, high, tmp_path):
  path = save(tmp_path / 'mean', pixel_mean, FLOATS)
  extractor = build(path, f', input_range=({low}, {high})')
  assert '-0.0' not in extractor.details['preprocessing']
  features = extractor.features([PICTURES])
  expected = low + PICTURES.astype(np.float64).mean((1, 2)) / 255 * (high - low)
  np.testing.assert_allclose(features.pool, expected, rtol=1e-5, atol=1e-6)


def test_size_is_reached_with_the_resize_that_was_asked_for(tmp_path):
  flat = save(tmp_path / 'flat', lambda images: images, tf.TensorSpec([None, 3, 3, 3]))
  for resize, method in (
    ('tf1', tf.compat.v1.image.resize_bilinear),
    ('bilinear', tf.image.resize),
  ):
    features = build(flat, f', size=3, input_range=(0, 255), resize={resize}').features([PICTURES])
    expected = np.reshape(method(PICTURES, [3, 3]), [9, 27])
    np.testing.assert_allclose(features.pool, expected, rtol=1e-6)


def test_resized_uint8_is_rounded(tmp_path):
  spec = tf.TensorSpec([None, 3, 3, 3], tf.uint8)
  path = save(tmp_path / 'flat', lambda images: tf.cast(images, tf.float32), spec)
  features = build(path, ', size=3').features([PICTURES])
  expected = np.rint(tf.compat.v1.image.resize_bilinear(PICTURES, [3, 3]))
  np.testing.assert_array_equal(features.pool, expected.reshape(9, 27))


def test_signatures(tmp_path):
  def call(images):
    return {'features': pixel_mean(images)}

  expected = PICTURES.astype(np.float64).mean((1, 2))
  one = save(tmp_path / 'one', call, FLOATS, signatures=['embed'])
  two = save(tmp_path / 'two', call, FLOATS, signatures=['embed', 'serving_default'])
  none = save(tmp_path / 'none', call, FLOATS, signatures=['embed', 'classify'])
  for path, signature in ((one, ''), (two, ''), (two, 'embed'), (none, 'embed')):
    features = build(path, f', input_range=(0, 255), signature={signature!r}').features([PICTURES])
    np.testing.assert_allclose(features.pool, expected, rtol=1e-5)
  with pytest.raises(UsageError, match="no signature 'serving_default' in it; there are: classify"):
    build(none, ', input_range=(0, 255)')
  with pytest.raises(UsageError, match="no signature 'x' in it; there are: embed, serving_default"):
    build(two, ', signature=x')


def test_keras_model_with_two_outputs(tmp_path):
  images = keras.layers.Input((6, 5, 3))
  pooled = keras.layers.GlobalAveragePooling2D()(images)
  model = keras.Model(images, [pooled, keras.layers.Dense(4)(pooled)])
  model.save(tmp_path / 'keras', save_format='tf')
  features = build(tmp_path / 'keras', ", output='0', logits='1', input_range=(0, 1)").features(
    [PICTURES]
  )
  pool, logits = model(PICTURES / np.float32(255))
  np.testing.assert_allclose(features.pool, pool, rtol=1e-5)
  np.testing.assert_allclose(features.logits, logits, rtol=1e-4, atol=1e-5)


def test_fingerprint(files, tmp_path):
  shutil.copytree(files / 'user', tmp_path / 'copy')
  other = stand_ins.user_model(tmp_path / 'other', seed=1)
  flat = save(tmp_path / 'flat', pixel_mean, FLOATS)
  fingerprints = [
    build(path, arguments).fingerprint
    for path, arguments in (
      (files / 'user', ', output=embedding'),
      (files / 'user', ', output=scores'),
      (files / 'user', ', output=embedding, logits=scores'),
      (files / 'user', ', output=embedding, size=8'),
      (files / 'user', ', output=embedding, size=8, resize=bilinear'),
      (other, ', output=embedding'),
      (flat, ', input_range=(0, 1)'),
      (flat, ', input_range=(-1, 1)'),
      (flat, ', input_range=(0, 255)'),
    )
  ]
  assert len(set(fingerprints)) == len(fingerprints)
  assert build(tmp_path / 'copy', ', output=embedding').fingerprint == fingerprints[0]


@pytest.mark.parametrize(
  'arguments, message',
  [
    ('', r"output='' is none of its outputs, which are: embedding \(64, 4\), label \(64,\), sco"),
    (', output=pool', r"output='pool' is none of its outputs, which are: embedding \(64, 4\), l"),
    (', output=embedding, logits=x', r"logits='x' is none of its outputs, which are: embedding"),
    (', output=label', r'an output is int64 \(64,\), not rows of floats'),
    (', output=embedding, input_range=(0,)', r'input_range=\(0,\): should be two numbers'),
    (', output=embedding, input_range=(1, 1)', r'input_range=\(1, 1\): should be two numbers'),
    (', output=embedding, resize=best', 'resize=best: there are tf1, '),
    (', output=embedding, size=-1', 'size=-1: should be at least 0'),
    (', output=embedding, input_range=(0, 1)', r'images \(6, 5, 3\) do not pass \('),
  ],
)
def test_refusals(arguments, message, files):
  with pytest.raises(UsageError, match=message) as raised:
    build(files / 'user', arguments)
  assert str(raised.value).startswith(f'--extractor=saved_model: path={files}/user: ')
  assert '\n' not in str(raised.value)


def test_what_is_no_saved_model_is_refused(tmp_path):
  for path in (tmp_path, tmp_path / 'nothing'):
    with pytest.raises(UsageError, match='not a SavedModel directory: there is no saved_model.pb'):
      build(path)


def test_one_row_per_image_is_required(tmp_path):
  path = save(tmp_path / 'sum', lambda images: tf.reduce_sum(images, 0), FLOATS)
  with pytest.raises(UsageError, match='64 images gave 6 rows'):
    build(path, ', input_range=(0, 1)')
