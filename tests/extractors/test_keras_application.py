"""The networks of keras.applications as extractors."""

from __future__ import annotations

import functools
import shutil
import sys

import numpy as np
import pytest

from tests.extractors import stand_ins
from tfgan_pipeline import registry
from tfgan_pipeline.compat import keras, tf
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors import keras_application
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext

pytestmark = pytest.mark.usefixtures('graphs_as_traced')

PICTURES = np.random.RandomState(0).randint(0, 256, (3, 40, 40, 3)).astype(np.uint8)


def build(name: str, weights, arguments: str = '', shape=(40, 40, 3)) -> Extractor:
  context = ExtractorContext(Dataset.of_images('mine', shape, (), {}), '')
  text = f'keras_application({name}, {str(weights)!r}{arguments})'
  return registry.extractor.build(text, context)


def test_features_and_logits(files):
  extractor = build('MobileNet', files / 'mobilenet.h5', ', size=32')
  assert extractor.name == 'keras:MobileNet'
  assert extractor.details == {
    'network': 'MobileNet',
    'preprocessing': '3 channels, antialias to 32x32, (x - 0.0) / 1.0, '
    'preprocess_input of MobileNet',
  }
  features = extractor.features([PICTURES])
  inputs = tf.image.resize(PICTURES, (32, 32), antialias=True) / 127.5 - 1
  model = keras.applications.MobileNet(
    weights=None, input_shape=(32, 32, 3), classifier_activation=None
  )
  model.load_weights(files / 'mobilenet.h5')
  np.testing.assert_allclose(features.logits, model(inputs), rtol=1e-3, atol=1e-5)
  headless = keras.applications.MobileNet(
    weights=None, input_shape=(32, 32, 3), include_top=False, pooling='avg'
  )
  headless.set_weights(model.get_weights()[: len(headless.get_weights())])
  assert features.pool.max() > 0.1
  np.testing.assert_allclose(features.pool, headless(inputs), rtol=1e-3, atol=1e-5)


@pytest.mark.heavy
@pytest.mark.parametrize('suffix', ['.h5', '.weights.h5'])
def test_weights_without_the_classifier(suffix, tmp_path):
  path = stand_ins.mobilenet(str(tmp_path / f'headless{suffix}'), top=False)
  features = build('MobileNet', path, ', size=32').features([PICTURES])
  assert features.logits is None and features.pool.shape == (3, 1024)
  model = keras.applications.MobileNet(
    weights=None, input_shape=(32, 32, 3), include_top=False, pooling='avg'
  )
  model.load_weights(path)
  inputs = tf.image.resize(PICTURES, (32, 32), antialias=True) / 127.5 - 1
  assert features.pool.max() > 0.1
  np.testing.assert_allclose(features.pool, model(inputs), rtol=1e-3, atol=1e-5)


@pytest.mark.heavy
def test_fingerprint(files, tmp_path, monkeypatch):
  monkeypatch.setattr(
    keras_application, 'network_extractor', lambda context, where, *rest: Extractor(*rest[:3])
  )
  copy = tmp_path / 'copy.h5'
  shutil.copy(files / 'mobilenet.h5', copy)
  other = stand_ins.mobilenet(str(tmp_path / 'other.h5'), nudge=1e-3)
  fingerprints = [
    build('MobileNet', path, arguments).fingerprint
    for path, arguments in (
      (files / 'mobilenet.h5', ', size=32'),
      (files / 'mobilenet.h5', ', size=64'),
      (files / 'mobilenet.h5', ', size=32, resize=tf1'),
      (other, ', size=32'),
    )
  ]
  assert len(set(fingerprints)) == 4
  assert build('MobileNet', copy, ', size=32').fingerprint == fingerprints[0]


def test_refusals(files, tmp_path):
  weights = files / 'mobilenet.h5'
  with pytest.raises(UsageError, match='--extractor=keras_application: name=LeNet: there are Conv'):
    build('LeNet', weights)
  with pytest.raises(UsageError, match=r'name=MobileNet, weights=nothing.h5: no such file$'):
    build('MobileNet', 'nothing.h5')
  with pytest.raises(UsageError, match='weights=.*mobilenet.h5: resize=best: there are tf1'):
    build('MobileNet', weights, ', resize=best')
  with pytest.raises(UsageError, match=r'cannot be read into this network \(') as raised:
    build('VGG16', weights, ', size=32')
  assert '\n' not in str(raised.value)


def test_failed_download_is_one_line(monkeypatch, capsys):
  original = keras.applications.MobileNet

  @functools.wraps(original)
  def offline(**kwargs):
    if kwargs['weights'] == 'imagenet':
      print('Downloading')
      asked.append(kwargs)
      raise Exception('URL fetch failure on https://x/y.h5: None -- [Errno -2] unknown')
    return original(**kwargs)

  asked = []
  monkeypatch.setattr(keras.applications, 'MobileNet', offline)
  with pytest.raises(UsageError) as raised:
    build('MobileNet', 'imagenet', ', size=32')
  assert str(raised.value) == (
    '--extractor=keras_application: name=MobileNet, weights=imagenet: cannot be read into this '
    'network (URL fetch failure on https://x/y.h5: None -- [Errno -2] unknown)'
  )
  assert len(asked) == 1 and capsys.readouterr().out == ''


FAMILIES = (
  'ConvNeXtTiny DenseNet121 EfficientNetB0 EfficientNetV2B0 InceptionResNetV2 InceptionV3 '
  'MobileNet MobileNetV2 MobileNetV3Small NASNetMobile RegNetX002 ResNet50 ResNet50V2 '
  'ResNetRS50 VGG16 VGG19 Xception'
).split()


def test_all_families_are_listed():
  modules = [
    {getattr(keras.applications, name).__module__ for name in names}
    for names in (FAMILIES, keras_application.applications())
  ]
  assert modules[0] == modules[1]


@pytest.mark.heavy
@pytest.mark.parametrize('name', FAMILIES)
def test_a_network_of_every_family(name):
  """Networks have a default size, preprocess_input, and features of the shape that Keras pools."""
  function = getattr(keras.applications, name)
  assert callable(sys.modules[function.__module__].preprocess_input)
  model = keras_application._build(function, 0, True)
  features, logits = keras_application._with_features(model, True).output
  shape = model.input_shape[1:]
  pooled = function(weights=None, include_top=False, pooling='avg', input_shape=shape)
  assert shape[0] == shape[1] >= 224 and shape[2] == 3
  assert features.shape == pooled.output.shape and logits.shape == (None, 1000)
  assert model.layers[-1].activation is keras.activations.linear
  keras.backend.clear_session()
