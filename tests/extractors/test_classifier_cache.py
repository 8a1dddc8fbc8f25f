"""The cache of classifiers: one file each, in a bucket as well."""

import json
import logging
import os

import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.extractors.classifier import _network

pytestmark = pytest.mark.usefixtures('graphs_as_traced')


@pytest.fixture(scope='module')
def digits():
  return registry.dataset.build('digits(size=12)', DataOptions())


@pytest.fixture
def build(digits, caplog):
  """`build(cache_dir)`: the classifier, and how many were trained for it."""

  def build(cache_dir):
    caplog.clear()
    with caplog.at_level(logging.INFO, 'tfgan_pipeline'):
      extractor = registry.extractor.build(
        'classifier(steps=5)', ExtractorContext(digits, str(cache_dir))
      )
    return extractor, caplog.text.count('training the classifier')

  return build


def test_it_is_trained_once_and_again_when_its_file_is_damaged(build, tmp_path, caplog):
  first, trained = build(tmp_path)
  (file,) = (tmp_path / 'classifier').iterdir()  # All that another reader can meet.
  again, trained_again = build(tmp_path)
  assert (trained, trained_again) == (1, 0) and file.suffix == '.npz'
  assert (again.fingerprint, again.details) == (first.fingerprint, first.details)
  for size in (0, 1000, file.stat().st_size - 10):
    os.truncate(file, size)
    mended, trained = build(tmp_path)
    assert trained == 1 and f'{file} is damaged' in caplog.text
    assert mended.fingerprint == first.fingerprint


def test_in_a_bucket(build):
  first, trained = build('ram://classifiers/cache')
  again, trained_again = build('ram://classifiers/cache')
  assert (trained, trained_again) == (1, 0) and again.fingerprint == first.fingerprint
  assert len(tf.io.gfile.listdir('ram://classifiers/cache/classifier')) == 1


def test_those_that_earlier_versions_have_cached_are_read(build, digits, tmp_path):
  build(tmp_path)
  (file,) = (tmp_path / 'classifier').iterdir()
  file.unlink()
  model = _network(digits)
  prefix = str(file.with_suffix('') / 'weights')
  tf.train.Checkpoint(model=model).write(prefix)
  file.with_suffix('').joinpath('facts.json').write_text(json.dumps({'accuracy': 0.5}))
  extractor, trained = build(tmp_path)
  assert not trained and extractor.details == {'accuracy': 0.5}
