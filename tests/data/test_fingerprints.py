"""Fingerprints: equal however pictures are stored, and recognised if of version 0.1.0."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil

import numpy as np
from PIL import Image
import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.data import known_fingerprints
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.folders.decoding import to_pixels
from tfgan_pipeline.data.folders.former_folder import former_folder
from tfgan_pipeline.data.splits import files as splits_of_files
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.references import tool

CALL = 'image_folder(16, channels=1)'


def build(folder, call=CALL, limit=4.0) -> Dataset:
  return registry.dataset.build(call, DataOptions(str(folder), limit))


def change(path) -> None:
  """Alters one pixel by one."""
  image = Image.open(path)
  image.putpixel((0, 0), image.getpixel((0, 0)) ^ 1)
  image.save(path)


@pytest.fixture
def pictures(tmp_path):
  """48 grey pictures of 16x16 in two classes."""
  random = np.random.RandomState(0)
  for index in range(48):
    path = tmp_path / 'pictures' / 'ab'[index % 2] / f'{index}.png'
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(random.randint(0, 256, (16, 16), np.uint8)).save(path)
  return tmp_path / 'pictures'


def former(pictures) -> Dataset:
  """The data as version 0.1.0 held it in memory: arrays that know of no files."""
  dataset = build(pictures)
  splits = {
    name: MemorySplit({'image': split.images, 'label': split.labels})
    for name, split in dataset.splits.items()
  }
  return dataclasses.replace(dataset, splits=splits)


@pytest.mark.parametrize('height, width', [(256, 512), (512, 256)])
def test_photographs_are_read_at_the_scale_that_they_were(tmp_path, height, width):
  """JPEGs were decoded at the smallest scale of at least twice the size."""
  noise = np.random.RandomState(0).randint(0, 256, (height, width, 3), np.uint8)
  Image.fromarray(noise).save(tmp_path / 'one.jpg')
  shares = {'validation': 0.0, 'test': 0.0}
  options = DataOptions(str(tmp_path))
  dataset = former_folder(options, str(tmp_path), shape=(64, 64, 3), resize='crop', shares=shares)
  halved = Image.open(tmp_path / 'one.jpg')
  halved.draft(None, (128, 128))
  expected = to_pixels(halved, size=(64, 64), channels=3, resize='crop')
  np.testing.assert_array_equal(next(dataset.split('train').ordered(1))['image'][0], expected)


def test_fingerprint_is_of_content(pictures, tmp_path):
  before = build(pictures).fingerprint
  assert len(before) == 16 and int(before, 16) >= 0
  for limit in (4.0, 0.0):
    assert build(pictures, limit=limit).fingerprint == before
    moved = tmp_path / 'elsewhere' / f'renamed{limit}'
    shutil.copytree(pictures, moved)
    assert build(moved, limit=limit).fingerprint == before
    change(moved / 'b' / '7.png')
    assert build(moved, limit=limit).fingerprint != before
    for other in ('image_folder(15, channels=1)', 'image_folder(16, channels=1, resize=stretch)'):
      assert build(pictures, other, limit).fingerprint != before
  stacks = f'stacked("{CALL}")'
  assert build(pictures, stacks).fingerprint == build(pictures, stacks, 1e-4).fingerprint


def test_fingerprint_of_streamed_files_is_fixed_for_ever(pictures):
  """Runs depend on it: version 0.1.0 hashed files where the data did not fit into memory."""
  digest = hashlib.sha256(b'(48, (16, 16, 1))crop lanczos')
  paths = sorted(pictures.rglob('*.png'), key=str)
  digest.update(np.array([path.parent.name == 'b' for path in paths], '<i4').tobytes())
  for path in paths:
    content = path.read_bytes()
    digest.update(repr((str(path.relative_to(pictures)), len(content))).encode() + content)
  for limit in (4.0, 0.0):
    dataset = build(pictures, 'image_folder(16, 1, validation=0, test=0)', limit)
    assert dataset.split('train').fingerprint == digest.hexdigest()[:16]


def test_a_run_is_continued_and_scored_whatever_holds_the_data(pictures, tmp_path, cache_dir):
  experiment = tiny_experiment(
    tmp_path / 'run',
    networks='mlp(units=8)',
    dataset=CALL,
    data_dir=str(pictures),
    max_steps=8,
    sample_every=8,
  )
  GANEstimator(experiment).train(max_steps=2)
  path = tmp_path / 'run' / 'experiment.json'
  record = json.loads(path.read_text())
  current = record['dataset']['fingerprint']
  record['dataset']['fingerprint'] = former(pictures).fingerprint
  assert record['dataset']['fingerprint'] != current
  for step, limit in ((4, 0.0), (6, 4.0)):
    path.write_text(json.dumps(record))
    estimator = GANEstimator.of_run(str(tmp_path / 'run'), memory_limit_gb=limit)
    assert estimator.train(max_steps=step) == step
    # The first session to train records the fingerprint of today.
    assert json.loads(path.read_text())['dataset']['fingerprint'] == current
    path.write_text(json.dumps(record))
    options = EvaluationOptions(
      extractor='random_projection', metrics='fid', num_samples=32, cache_dir=cache_dir
    )
    definition = estimator.evaluate(step, options)['definition']
    assert definition['reference']['fingerprint'] == estimator.dataset.split('train').fingerprint
  change(pictures / 'a' / '0.png')
  with pytest.raises(UsageError, match='was trained on ' + record['dataset']['fingerprint']):
    GANEstimator.of_run(str(tmp_path / 'run')).train()


def test_classifiers_and_reference_files_are_found(pictures, tmp_path):
  cache, statistics = str(tmp_path / 'cache'), str(tmp_path / 'statistics.npz')

  def classifier(dataset):
    return registry.extractor.build('classifier(steps=2)', ExtractorContext(dataset, cache))

  before = former(pictures)
  trained = classifier(before)
  tool.build(before, 'train', trained, cache, output=statistics)
  folders = os.listdir(os.path.join(cache, 'classifier'))
  for limit in (4.0, 0.0):
    dataset = build(pictures, limit=limit)
    assert classifier(dataset).fingerprint == trained.fingerprint
    assert os.listdir(os.path.join(cache, 'classifier')) == folders
    assert tool.verify(statistics, dataset, 'train', trained)['mu'] < 1e-6


@pytest.fixture
def reads(monkeypatch, tmp_path):
  """Paths of the picture files whose bytes are hashed; the cache is one of this test."""
  monkeypatch.setenv('TFGAN_PIPELINE_CACHE', str(tmp_path / 'cache'))
  found, real = [], splits_of_files.open_file
  monkeypatch.setattr(
    splits_of_files, 'open_file', lambda path: (found.append(path), real(path))[1]
  )
  return found


def test_files_that_are_as_they_were_are_not_read_again(pictures, reads, monkeypatch):
  expected, count = build(pictures).fingerprint, len(list(pictures.rglob('*.png')))
  assert len(reads) == count
  # Just written: another change could bear the same time.
  assert build(pictures).fingerprint == expected and len(reads) == 2 * count
  monkeypatch.setattr(known_fingerprints, '_SETTLED_SECONDS', 0.0)
  assert build(pictures).fingerprint == expected and len(reads) == 3 * count
  del reads[:]
  assert build(pictures).fingerprint == expected and not reads
  assert build(pictures, limit=0).fingerprint == expected and not reads  # However it is held.
  path = next(pictures.rglob('*.png'))
  content = bytearray(path.read_bytes())
  before = path.stat()
  content[-20] ^= 1  # Of equal size, and given the time that it had.
  path.write_bytes(content)
  os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
  assert path.stat().st_mtime_ns == before.st_mtime_ns
  assert build(pictures).fingerprint != expected and reads


def test_a_cache_that_cannot_be_used_is_none(pictures, reads, monkeypatch, tmp_path):
  (tmp_path / 'cache').write_text('a file')
  monkeypatch.setattr(known_fingerprints, '_SETTLED_SECONDS', 0.0)
  assert build(pictures).fingerprint == build(pictures).fingerprint
