"""Prepared TFDS data: found, decoded, held in memory or streamed."""

from __future__ import annotations

import json
import shutil
import socket
import time

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.data.splits.records import RecordSplit
from tfgan_pipeline.data.tfds.prepared_folder import prepared_folder
from tfgan_pipeline.errors import UsageError

tensorflow_datasets = pytest.importorskip('tensorflow_datasets')


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
  def refuse(*args, **kwargs):
    raise AssertionError('the network was used')

  monkeypatch.setattr(socket, 'getaddrinfo', refuse)
  monkeypatch.setattr(socket.socket, 'connect', refuse)


def build(folder, call, *, memory_limit_gb=1.0):
  return registry.dataset.build(call, DataOptions(str(folder), memory_limit_gb))


def pictures(values, height=6, width=6):
  return [
    {'image': np.full((height, width, 3), value, np.uint8), 'label': value % 3} for value in values
  ]


def plain(value, size):
  return np.full((size, size, 3), value, np.uint8)


@pytest.fixture(scope='module')
def root(tmp_path_factory, store_tfds):
  """`tiny`: one size, labels, three files. `mixed`: various sizes, no labels, another feature."""
  root = tmp_path_factory.mktemp('tensorflow_datasets')
  store_tfds(
    root, 'tiny', tiny_features(), train=pictures(range(40)), test=pictures(range(200, 210))
  )
  wide = np.zeros((6, 18, 3), np.uint8)
  wide[:, 6:12] = 200
  features = tensorflow_datasets.features
  store_tfds(
    root,
    'mixed',
    {'mass': features.Scalar(np.float32), 'photo': features.Image(shape=(None, None, 3))},
    train=[{'photo': wide, 'mass': 1.0}, {'photo': plain(50, 30), 'mass': 2.0}],
  )
  return root


def tiny_features():
  features = tensorflow_datasets.features
  return {
    'image': features.Image(shape=(6, 6, 3)),
    'label': features.ClassLabel(names=['x', 'y', 'z']),
  }


@pytest.mark.parametrize('limit, kind', [(1.0, MemorySplit), (0.0, RecordSplit)])
def test_in_memory_and_streamed(root, limit, kind):
  dataset = build(root, 'tfds(tiny)', memory_limit_gb=limit)
  assert (dataset.name, dataset.image_shape, dataset.num_classes) == ('tiny', (6, 6, 3), 3)
  assert dataset.label_names == ('x', 'y', 'z')
  assert {name: type(split) for name, split in dataset.splits.items()} == {
    'train': kind,
    'test': kind,
  }
  values = {'train': range(40), 'test': range(200, 210)}
  for name, split in dataset.splits.items():
    batches = list(split.ordered(16))
    images, labels = (np.concatenate([b[field] for b in batches]) for field in ('image', 'label'))
    assert images.dtype == np.uint8 and labels.dtype == np.int32
    assert sorted(images[:, 0, 0, 0]) == list(values[name])
    assert (images == images[:, :1, :1, :1]).all()
    np.testing.assert_array_equal(labels, images[:, 0, 0, 0] % 3)
  batches = train_batches(dataset.split('train'), batch_size=8, seed=0).take(10)
  found = np.concatenate([batch['image'] for batch in batches.as_numpy_iterator()])[:, 0, 0, 0]
  assert sorted(found[:40]) == sorted(found[40:]) == list(range(40))
  assert list(found[:40]) != list(found[40:])


def test_validation_from_the_end_of_train(root):
  whole = build(root, 'tfds(tiny)')
  for limit in (1.0, 0.0):
    dataset = build(root, 'tfds(tiny, validation=0.25)', memory_limit_gb=limit)
    assert {name: split.size for name, split in dataset.splits.items()} == {
      'train': 30,
      'validation': 10,
      'test': 10,
    }
    parts = [next(dataset.split(name).ordered(40))['image'] for name in ('train', 'validation')]
    np.testing.assert_array_equal(np.concatenate(parts), whole.split('train').images)


def test_an_official_validation_split_is_kept(tmp_path, store_tfds):
  parts = {'train': range(8), 'val': range(10, 15), 'extra': range(5)}
  parts = {name: pictures(values) for name, values in parts.items()}
  store_tfds(tmp_path, 'three', tiny_features(), shards=1, **parts)
  store_tfds(tmp_path, 'one', tiny_features(), shards=1, test=pictures(range(6)))
  for limit in (1.0, 0.0):
    for share in ('', ', validation=0.5'):
      for name, sizes in (('three', {'train': 8, 'validation': 5}), ('one', {'test': 6})):
        dataset = build(tmp_path, f'tfds({name}{share})', memory_limit_gb=limit)
        assert {name: split.size for name, split in dataset.splits.items()} == sizes


def test_images_of_various_sizes_need_a_size(root):
  with pytest.raises(
    UsageError, match=r'the images of mixed have shape \(None, None, 3\); .*size='
  ):
    build(root, 'tfds(mixed)')
  dataset = build(root, 'tfds(mixed, size=4)')
  assert dataset.image_shape == (4, 4, 3) and dataset.num_classes == 0
  batch = next(dataset.split('train').ordered(2))
  images, labels = batch['image'], batch['label']
  # The central square of the wide picture is all 200.
  assert sorted(images[:, 0, 0, 0]) == [50, 200]
  assert (images == images[:, :1, :1, :1]).all() and not labels.any()


def test_the_middle_of_wide_and_tall_pictures_is_resized(tmp_path, store_tfds):
  random = np.random.RandomState(0)
  stored = [random.randint(0, 256, (*shape, 3), np.uint8) for shape in ((9, 4), (4, 7), (4, 4))]
  features = tensorflow_datasets.features
  described = {
    'other': features.Image(shape=(None, None, 3)),
    'image': features.Image(shape=(None, None, 3)),
  }
  examples = [{'image': image, 'other': image[:1, :1]} for image in stored]
  store_tfds(tmp_path, 'shapes', described, shards=1, train=examples)
  images = next(build(tmp_path, 'tfds(shapes, size=4)').split('train').ordered(3))['image']
  for image, expected in zip(images, (stored[0][2:6], stored[1][:, 1:5], stored[2])):
    np.testing.assert_array_equal(image, expected)


def test_where_the_data_may_be(root, tmp_path, monkeypatch):
  place = root / 'tiny' / '1.0.0'
  for data_dir in (root, root / 'tiny', place):
    for name in ('tiny', 'tiny:1.0.0'):
      assert prepared_folder(str(data_dir), name) == str(place)
  monkeypatch.setenv('TFDS_DATA_DIR', str(root))
  assert prepared_folder(None, 'tiny') == str(place)
  for version in ('1.9.0', '1.10.0'):
    copy = tmp_path / 'tiny' / version
    shutil.copytree(place, copy)
    info = json.loads((copy / 'dataset_info.json').read_text())
    (copy / 'dataset_info.json').write_text(json.dumps({**info, 'version': version}))
  assert prepared_folder(str(tmp_path), 'tiny') == str(tmp_path / 'tiny' / '1.10.0')
  assert prepared_folder(str(tmp_path), 'tiny:1.9.0') == str(tmp_path / 'tiny' / '1.9.0')
  with pytest.raises(UsageError, match='has version 1.10.0, 1.9.0 of tiny, not 2.0.0'):
    prepared_folder(str(tmp_path), 'tiny:2.0.0')
  config = tmp_path / 'conf' / 'small' / '1.0.0'
  shutil.copytree(place, config)
  info = json.loads((config / 'dataset_info.json').read_text())
  (config / 'dataset_info.json').write_text(
    json.dumps({**info, 'name': 'conf', 'configName': 'small'})
  )
  assert prepared_folder(str(tmp_path), 'conf/small') == str(config)
  with pytest.raises(UsageError, match='which configuration of conf, as in conf/small'):
    prepared_folder(str(tmp_path), 'conf')


@pytest.mark.parametrize(
  'call, message',
  [
    (
      'tfds(absent)',
      r"--data_dir=.*: no prepared dataset 'absent'; .*download_and_prepare\(\)",
    ),
    ('tfds(tiny, size=-1)', 'size=-1'),
    ('tfds(tiny, validation=1.0)', 'validation=1.0'),
    ('tfds', "argument 'name' is missing"),
  ],
)
def test_wrong_usage(root, call, message):
  with pytest.raises(UsageError, match=message) as error:
    build(root, call)
  assert '\n' not in str(error.value)


def test_data_of_another_name_is_not_taken(root):
  with pytest.raises(UsageError, match="no prepared dataset 'mnist'"):
    build(root / 'tiny' / '1.0.0', 'tfds(mnist)')


def test_fingerprint_is_of_content(root, tmp_path, store_tfds):
  before = build(root, 'tfds(tiny)').fingerprint
  for limit in (1.0, 0.0):
    assert build(root, 'tfds(tiny)', memory_limit_gb=limit).fingerprint == before
    moved = tmp_path / str(limit)
    shutil.copytree(root, moved)
    assert build(moved, 'tfds(tiny)', memory_limit_gb=limit).fingerprint == before
    resized = build(root, 'tfds(tiny, size=5)', memory_limit_gb=limit)
    assert resized.fingerprint != before
  other = tmp_path / 'other'
  examples = pictures(range(40))
  examples[3]['image'][2, 2, 2] += 1
  store_tfds(other, 'tiny', tiny_features(), train=examples, test=pictures(range(200, 210)))
  for limit in (1.0, 0.0):
    assert build(other, 'tfds(tiny)', memory_limit_gb=limit).fingerprint != before


def test_mnist(prepared_data):
  start = time.monotonic()
  dataset = build(prepared_data, "tfds('mnist:3.0.1')")
  assert time.monotonic() - start < 60
  assert (dataset.name, dataset.image_shape, dataset.num_classes) == ('mnist', (28, 28, 1), 10)
  train = dataset.split('train')
  assert list(np.bincount(train.labels)) == [
    5923,
    6742,
    5958,
    6131,
    5842,
    5421,
    5918,
    6265,
    5851,
    5949,
  ]
  assert dataset.split('test').size == 10000
  # The well-known mean and standard deviation of MNIST's training pixels.
  assert round(float(train.images.mean()) / 255, 4) == 0.1307
  assert round(float(train.images.std(dtype=np.float64)) / 255, 4) == 0.3081


def test_data_without_a_builder_class(prepared_data):
  dataset = build(prepared_data, 'tfds(cifar10_jpeg, size=16)', memory_limit_gb=0)
  assert dataset.label_names[:2] == ('airplane', 'automobile')
  batch = next(dataset.split('test').ordered(8))
  assert batch['image'].shape == (8, 16, 16, 3) and batch['label'].shape == (8,)


@pytest.mark.parametrize('limit', [0.0, 1.0])
def test_attributes_are_a_field(tmp_path, store_tfds, limit):
  features = tensorflow_datasets.features
  wanted = {'Smiling': lambda n: n % 2 == 1, 'Bangs': lambda n: n > 4, 'Hat': lambda n: n == 3}
  kinds = dict.fromkeys(wanted, np.bool_)
  store_tfds(
    tmp_path,
    'celeb_a',
    {'image': features.Image(shape=(6, 6, 3)), 'attributes': kinds, 'age': np.int32},
    train=[
      {'image': plain(n, 6), 'attributes': {k: f(n) for k, f in wanted.items()}, 'age': n}
      for n in range(10)
    ],
  )
  # In alphabetical order, whichever the map has that TFDS keeps the features in.
  for asked, names in (
    ('all', ('Bangs', 'Hat', 'Smiling')),
    ('(Smiling, Bangs)', ('Smiling', 'Bangs')),
  ):
    dataset = build(tmp_path, f'tfds(celeb_a, attributes={asked})', memory_limit_gb=limit)
    assert dataset.fields['attributes'].classes == names and not dataset.num_classes
    batch = next(iter(train_batches(dataset.split('train'), batch_size=8, seed=0)))
    numbers = batch['image'].numpy()[:, 0, 0, 0]
    expected = np.stack([[wanted[name](n) for n in numbers] for name in names], axis=1)
    np.testing.assert_array_equal(batch['attributes'], expected)
  plainly = build(tmp_path, 'tfds(celeb_a)', memory_limit_gb=limit)
  assert list(plainly.fields) == ['image', 'label']
  assert plainly.fingerprint != dataset.fingerprint
  for wrong, words in {
    'smiling': 'not of celeb_a; did you mean Smiling',
    'age': 'there are',
  }.items():
    with pytest.raises(UsageError, match=f'attributes={wrong}: .*{words}'):
      build(tmp_path, f'tfds(celeb_a, attributes={wrong})')
