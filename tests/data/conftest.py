"""Fixtures of the data tests: the same small examples stored in memory, in files and in records."""

from __future__ import annotations

import os
import pathlib

os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '2')

import numpy as np
from PIL import Image
import pytest

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.splits.arrays import ArraySplit
from tfgan_pipeline.data.splits.files import FileSplit
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.data.splits.records import RecordSplit, Shard

SIZE = 23
SHAPE = (6, 5, 3)
KINDS = ('memory', 'file', 'records', 'arrays')


@pytest.fixture(scope='session')
def images() -> np.ndarray:
  """uint8 [23, 6, 5, 3], all different. Label i belongs to image i, so labels tell the order."""
  return np.random.RandomState(0).randint(0, 256, (SIZE, *SHAPE), np.uint8)


@pytest.fixture(scope='session')
def splits(images, tmp_path_factory) -> dict:
  """One split of every kind, all with the same examples in the same stored order."""
  folder = tmp_path_factory.mktemp('splits')
  names = []
  for index, image in enumerate(images):
    names.append(f'{index:02d}.png')
    Image.fromarray(image).save(folder / names[-1])

  # Files of unequal length, an unused beginning and end, groups and windows that do not divide.
  shards = []
  start = 0
  for number, size in enumerate((7, 1, 5, 0, 8, 2)):
    path = str(folder / f'{number}.tfrecord')
    with tf.io.TFRecordWriter(path) as writer:
      writer.write(b'before')
      for index in range(start, start + size):
        writer.write(bytes([index]) + images[index].tobytes())
      writer.write(b'after')
    shards.append(Shard(path, 1, size))
    start += size

  def decode(record):
    content = tf.io.decode_raw(record, tf.uint8)
    return {'image': tf.reshape(content[1:], SHAPE), 'label': tf.cast(content[0], tf.int32)}

  return {
    'memory': MemorySplit({'image': images, 'label': np.arange(SIZE)}),
    'file': FileSplit(
      str(folder),
      names,
      range(SIZE),
      image_shape=SHAPE,
      read=lambda path: np.asarray(Image.open(path)),
      recipe='',
    ),
    'records': RecordSplit(
      shards, fields=Fields.of_images(SHAPE), decode=decode, recipe='', group=2, window=3
    ),
    'arrays': ArraySplit([images[:9], images[9:]], np.arange(SIZE), np.arange(SIZE), np.copy),
  }


@pytest.fixture(params=[*KINDS[:-1], pytest.param(KINDS[-1], marks=pytest.mark.heavy)])
def split(request, splits):
  return splits[request.param]


@pytest.fixture(scope='session')
def store_tfds():
  """Returns `tfds_files.store`; skips where TFDS is missing."""
  pytest.importorskip('tensorflow_datasets')
  from tests import tfds_files

  return tfds_files.store


@pytest.fixture(scope='session')
def prepared_data() -> str:
  """A folder with real TFDS data, where there is one."""
  beside = pathlib.Path(__file__).parents[3] / 'shared' / 'tensorflow_datasets'
  folder = os.environ.get('TFGAN_PIPELINE_TEST_DATA') or str(beside)
  if not os.path.isdir(folder):
    pytest.skip(f'no prepared TFDS data: there is no {folder} ($TFGAN_PIPELINE_TEST_DATA)')
  return folder
