"""Folders of pictures: damage, layouts and splits; test_decoding.py has the formats."""

from __future__ import annotations

import logging
import os

import numpy as np
from PIL import Image
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.splits.files import FileSplit
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError


def build(folder, call='image_folder(8)', *, memory_limit_gb=1.0):
  return registry.dataset.build(call, DataOptions(str(folder), memory_limit_gb))


def save(path, image, **kwargs):
  os.makedirs(path.parent, exist_ok=True)
  if isinstance(image, np.ndarray):
    image = Image.fromarray(image)
  image.save(path, **kwargs)


def plain(value, size=8):
  return np.full((size, size, 3), value, np.uint8)


def all_images(dataset):
  return np.concatenate(
    [batch['image'] for split in dataset.splits.values() for batch in split.ordered(7)]
  )


@pytest.fixture
def classes(tmp_path):
  """30 cats of values 0..29 and 20 dogs of 100..119, in nested folders, with decoys."""
  root = tmp_path / 'animals'
  for value in range(30):
    save(root / 'cat' / ('a' if value % 2 else 'b/c') / f'{value}.png', plain(value))
  for value in range(100, 120):
    save(root / 'dog' / f'{value}.PNG', plain(value))
  save(root / 'dog' / '.hidden.png', plain(255))
  save(root / '.thumbnails' / 'x.png', plain(255))
  (root / 'dog' / 'readme.txt').write_text('not a picture')
  return root


def test_classes_and_stratified_splits(classes):
  dataset = build(classes)
  assert (dataset.name, dataset.num_classes, dataset.label_names) == ('animals', 2, ('cat', 'dog'))
  assert dataset.image_shape == (8, 8, 3)
  assert {name: split.size for name, split in dataset.splits.items()} == {
    'train': 40,
    'validation': 5,
    'test': 5,
  }
  seen = []
  for split in dataset.splits.values():
    assert isinstance(split, MemorySplit)
    assert list(split.labels) == list((split.images[:, 0, 0, 0] >= 100).astype(int))
    assert abs(np.mean(split.labels) - 0.4) < 0.1
    assert (split.images == split.images[:, :1, :1, :1]).all()
    seen += list(split.images[:, 0, 0, 0])
  assert sorted(seen) == [*range(30), *range(100, 120)]
  with pytest.raises(UsageError, match="animals has no split 'dev'; it has: train, validation"):
    dataset.split('dev')


def test_fractions_choose_the_splits(classes):
  dataset = build(classes, 'image_folder(8, validation=0, test=0.5)')
  assert {name: split.size for name, split in dataset.splits.items()} == {'train': 25, 'test': 25}


def test_adding_a_picture_moves_few_others(classes):
  before = set(build(classes).split('test').images[:, 0, 0, 0])
  save(classes / 'dog' / '120.png', plain(120))
  after = set(build(classes).split('test').images[:, 0, 0, 0])
  assert len(before & after) >= 3


def test_files_read_on_access_give_the_same_examples_as_memory(classes):
  memory, files = build(classes), build(classes, memory_limit_gb=0)
  for name, split in files.splits.items():
    assert isinstance(split, FileSplit)
    for found, expected in zip(split.ordered(7), memory.split(name).ordered(7)):
      assert set(found) == set(expected) == {'image', 'label'}
      for field, dtype in (('image', np.uint8), ('label', np.int32)):
        np.testing.assert_array_equal(found[field], expected[field])
        assert found[field].dtype == dtype
  one, other = (
    next(iter(train_batches(dataset.split('train'), batch_size=16, seed=0)))
    for dataset in (memory, files)
  )
  np.testing.assert_array_equal(one['image'], other['image'])
  np.testing.assert_array_equal(one['label'], other['label'])


def test_folders_for_splits(tmp_path):
  for folder, value, count in (('train', 10, 3), ('val', 20, 2), ('test', 30, 1)):
    for index in range(count):
      save(tmp_path / folder / f'{index}.png', plain(value))
  dataset = build(tmp_path)
  assert dataset.num_classes == 0 and dataset.label_names == ()
  assert {name: list(split.images[:, 0, 0, 0]) for name, split in dataset.splits.items()} == {
    'train': [10, 10, 10],
    'validation': [20, 20],
    'test': [30],
  }
  save(tmp_path / 'validation' / 'x.png', plain(0))
  with pytest.raises(UsageError, match='both a val and a validation folder'):
    build(tmp_path)


def test_classes_inside_folders_for_splits(tmp_path):
  save(tmp_path / 'train' / 'b' / '1.png', plain(1))
  save(tmp_path / 'train' / 'c' / '2.png', plain(2))
  save(tmp_path / 'test' / 'a' / '0.png', plain(0))
  save(tmp_path / 'test' / 'b' / '0.png', plain(0))
  dataset = build(tmp_path)
  assert dataset.label_names == ('a', 'b', 'c') and set(dataset.splits) == {'train', 'test'}
  assert list(dataset.split('train').labels) == [1, 2]
  assert list(dataset.split('test').labels) == [0, 1]


def test_unlabelled(tmp_path):
  for value in range(20):
    save(tmp_path / f'{value}.png', plain(value))
  dataset = build(tmp_path)
  assert dataset.num_classes == 0
  assert {name: split.size for name, split in dataset.splits.items()} == {
    'train': 16,
    'validation': 2,
    'test': 2,
  }
  assert not dataset.split('train').labels.any()


@pytest.fixture
def damaged(tmp_path):
  save(tmp_path / 'good.png', plain(1))
  noise = np.random.RandomState(0).randint(0, 256, (64, 64, 3), np.uint8)
  save(tmp_path / 'whole.jpg', noise)
  content = (tmp_path / 'whole.jpg').read_bytes()
  (tmp_path / 'whole.jpg').unlink()
  (tmp_path / 'cut.jpg').write_bytes(content[: len(content) // 2])
  (tmp_path / 'text.png').write_text('this is no picture')
  (tmp_path / 'empty.gif').touch()
  save(tmp_path / 'float.tif', Image.new('F', (8, 8), 0.5))
  return tmp_path


def test_damaged_files_are_skipped_by_name(damaged, caplog):
  logger = logging.getLogger('absl')
  propagate, logger.propagate = logger.propagate, True
  try:
    with caplog.at_level(logging.WARNING, 'absl'):
      dataset = build(damaged)
  finally:
    logger.propagate = propagate
  assert (all_images(dataset) == 1).all() and dataset.split('train').size == 1
  for name in ('cut.jpg', 'text.png', 'empty.gif', 'float.tif: floating-point'):
    assert f'skipped {name}' in caplog.text
  assert '4 of 5 pictures' in caplog.text


def test_a_hundred_damaged_files_are_named_and_the_others_counted(tmp_path, monkeypatch):
  warned = []
  logger = logging.getLogger('tfgan_pipeline.data.folders.survey')
  monkeypatch.setattr(logger, 'warning', lambda text, *parts: warned.append(text % parts))
  save(tmp_path / 'good.png', plain(1))
  for number in range(102):
    (tmp_path / f'{number:03d}.png').touch()
  build(tmp_path, 'image_folder(8, validation=0, test=0)')
  assert [line.split(':')[0] for line in warned[:-1]] == [
    f'skipped {number:03d}.png' for number in range(100)
  ]
  assert '102 of 103 pictures' in warned[-1]


def test_only_damaged_files(damaged):
  (damaged / 'good.png').unlink()
  with pytest.raises(UsageError, match='--data_dir=.*: none of 4 pictures can be read, as cut.jpg'):
    build(damaged)


@pytest.mark.parametrize(
  'call, message',
  [
    ('image_folder(0)', 'size=0'),
    ('image_folder(8, channels=2)', 'channels=2'),
    ('image_folder(8, resize=zoom)', 'resize=zoom'),
    ('image_folder(8, validation=0.6, test=0.4)', 'validation=0.6, test=0.4: fractions should'),
    ('image_folder(8, test=-0.1)', 'fractions should'),
    ('image_folder', "argument 'size' is missing"),
  ],
)
def test_wrong_arguments(tmp_path, call, message):
  save(tmp_path / 'x.png', plain(1))
  with pytest.raises(UsageError, match=message) as error:
    build(tmp_path, call)
  assert '\n' not in str(error.value)


def test_wrong_folders(tmp_path):
  with pytest.raises(UsageError, match='--data_dir=.*missing: there is no such folder'):
    build(tmp_path / 'missing')
  with pytest.raises(UsageError, match='--data_dir=.*: no pictures'):
    build(tmp_path)
  with pytest.raises(UsageError, match='--data_dir: '):
    registry.dataset.build('image_folder(8)', DataOptions(None))
  save(tmp_path / 'cat' / 'x.png', plain(1))
  save(tmp_path / 'loose.png', plain(1))
  with pytest.raises(UsageError, match=r'loose\.png lies beside class folders'):
    build(tmp_path)
