"""Parquet files of pictures, as hubs serve data sets: read, held in memory or streamed, resumed."""

from __future__ import annotations

import io
import json

import numpy as np
from PIL import Image
import pytest

from tests.conftest import QUICK, checkpoint, run_binary
from tfgan_pipeline.data.dataset import DataOptions, load_dataset
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.data.splits.parquet import ParquetSplit
from tfgan_pipeline.data.splits.windows import shuffled_rows
from tfgan_pipeline.errors import UsageError

pyarrow = pytest.importorskip('pyarrow')
parquet = pytest.importorskip('pyarrow.parquet')

PICTURES = np.random.RandomState(0).randint(0, 256, (60, 16, 16, 3), np.uint8)
LABELS = np.arange(60) % 3


def build(folder, text='parquet', limit=4.0):
  return load_dataset(text, DataOptions(str(folder), limit))


def encoded(picture) -> bytes:
  file = io.BytesIO()
  Image.fromarray(picture).save(file, 'png')
  return file.getvalue()


def cells(pictures):
  return [
    {'bytes': encoded(picture), 'path': f'/etc/{i}.png'} for i, picture in enumerate(pictures)
  ]


def write(path, columns, names=(), rows=7):
  """Writes a file as `datasets` does, with the names of classes in its schema."""
  path.parent.mkdir(parents=True, exist_ok=True)
  table = pyarrow.table(columns)
  features = {'image': {'_type': 'Image'}, 'label': {'_type': 'ClassLabel', 'names': list(names)}}
  if names:
    note = json.dumps({'info': {'features': features}}).encode()
    table = table.replace_schema_metadata({'huggingface': note})
  parquet.write_table(table, path, row_group_size=rows)


@pytest.fixture(scope='module')
def hub(tmp_path_factory):
  """A folder as the hub serves it: two files of train, one of test."""
  folder = tmp_path_factory.mktemp('hub')
  for name, part in (
    ('train-00000-of-00002', slice(0, 31)),
    ('train-00001-of-00002', slice(31, 50)),
    ('test-00000-of-00001', slice(50, 60)),
  ):
    columns = {'image': cells(PICTURES[part]), 'label': LABELS[part], 'id': LABELS[part]}
    write(folder / 'data' / f'{name}.parquet', columns, ('cat', 'dog', 'owl'))
  return folder


@pytest.mark.parametrize('limit, kind', [(4.0, MemorySplit), (0.0, ParquetSplit)])
def test_in_memory_and_streamed(hub, limit, kind):
  dataset = build(hub, limit=limit)
  assert dataset.label_names == ('cat', 'dog', 'owl') and dataset.image_shape == (16, 16, 3)
  assert {type(split) for split in dataset.splits.values()} == {kind}
  for name, part in (('train', slice(0, 50)), ('test', slice(50, 60))):
    batches = list(dataset.split(name).ordered(13))
    images, labels = (np.concatenate([b[field] for b in batches]) for field in ('image', 'label'))
    np.testing.assert_array_equal(images, PICTURES[part])
    np.testing.assert_array_equal(labels, LABELS[part])
  assert dataset.fingerprint == build(hub).fingerprint
  assert dataset.fingerprint != build(hub, 'parquet(size=8)').fingerprint
  small = build(hub, 'parquet(size=(8, 4), channels=1)', limit)
  assert next(small.split('test').ordered(2))['image'].shape == (2, 8, 4, 1)


def test_the_stream_of_training_can_start_anywhere(hub):
  split = build(hub, limit=0.0).split('train')

  def batches(first, count):
    found = train_batches(split, batch_size=8, seed=3, first_batch=first).take(count)
    return [(batch['image'], batch['label']) for batch in found.as_numpy_iterator()]

  whole = batches(0, 20)
  for first in (1, 6, 7, 13):
    for (images, labels), (expected, numbers) in zip(batches(first, 3), whole[first:]):
      np.testing.assert_array_equal(images, expected)
      np.testing.assert_array_equal(labels, numbers)
  # Each epoch has every picture once, in another order, with its label.
  seen = np.concatenate([images for images, _ in whole])[:100]
  index = {picture.tobytes(): number for number, picture in enumerate(PICTURES)}
  order = [index[picture.tobytes()] for picture in seen]
  assert sorted(order[:50]) == sorted(order[50:]) == list(range(50)) and order[:50] != order[50:]
  labels = np.concatenate([labels for _, labels in whole])[:100]
  np.testing.assert_array_equal(labels, LABELS[order])


def test_a_picture_that_is_broken_takes_its_partner_along(tmp_path, caplog):
  broken = [encoded(picture) for picture in 255 - PICTURES[:10]]
  broken[4] = b'<html>'
  write(tmp_path / 'a.parquet', {'one': cells(PICTURES[:10]), 'two': broken, 'label': LABELS[:10]})
  sides = {word: f'parquet(image={word}, validation=0, test=0)' for word in ('one', 'two')}
  pairs = build(tmp_path, f'paired(a="{sides["one"]}", b="{sides["two"]}")', limit=0.0)
  split = pairs.split('train')
  batches = train_batches(split, batch_size=10, seed=0, augmented={})
  for batch in (next(split.ordered(10)), next(iter(batches))):
    np.testing.assert_array_equal(batch['image_a'], 255 - np.asarray(batch['image_b']))
  assert caplog.text.count('can no longer be read') == 1


@pytest.mark.parametrize(
  'window',
  [pytest.param(1, marks=pytest.mark.heavy), 10, pytest.param(25, marks=pytest.mark.heavy), 1000],
)
def test_windows_of_any_size_start_anywhere(window):
  sizes = (7, 1, 30, 12, 3)

  def rows(first, count):
    order = shuffled_rows(sizes, batch_size=5, seed=1, first_batch=first, window=window)
    return np.concatenate(list(order.take(count).as_numpy_iterator()))

  whole = rows(0, 40)
  for start in range(0, 159, 53):
    assert sorted(whole[start : start + 53]) == list(range(53))
  for first in range(0, 30, 3):
    np.testing.assert_array_equal(rows(first, 4), whole[5 * first : 5 * first + 20])


def test_the_order_of_rows_stays_what_it_was():
  """Runs go on where an earlier version has left them."""
  order = shuffled_rows((3, 2, 4), batch_size=9, seed=5, first_batch=0, window=4)
  assert order.element_spec.shape == (9,)
  np.testing.assert_array_equal(
    list(order.take(2).as_numpy_iterator()),
    [[6, 5, 8, 7, 3, 1, 2, 4, 0], [1, 3, 0, 2, 4, 8, 6, 7, 5]],
  )


@pytest.mark.heavy
def test_a_streamed_run_resumes_to_the_last_bit(hub, tmp_path):
  flags = (*QUICK, '--dataset=parquet', f'--data_dir={hub}', '--memory_limit_gb=0')
  flags = (*flags, '--model=conditional_gan')
  run_binary('train', *flags, f'--model_dir={tmp_path}/whole')
  for last in (2, 4):
    run_binary('train', *flags, f'--model_dir={tmp_path}/parts', f'--max_steps={last}')
  for tensor, value in checkpoint(tmp_path / 'whole', 4).items():
    np.testing.assert_array_equal(checkpoint(tmp_path / 'parts', 4)[tensor], value, tensor)


@pytest.mark.parametrize(
  'layout, splits',
  [
    (['default/train/0000', 'default/test/0000'], ['train', 'test']),
    (['train/a', 'validation/b'], ['train', 'validation']),
    (['Training-0', 'testing-0'], ['train', 'test']),
    (['one', 'two'], ['train', 'validation', 'test']),
  ],
)
def test_layouts(tmp_path, layout, splits):
  for name in layout:
    names = np.array(['b', 'a', 'c'])[LABELS[:30]]
    columns = {'photo': [encoded(p) for p in PICTURES[:30]], 'label': names}
    write(tmp_path / f'{name}.parquet', columns)
  dataset = build(tmp_path)
  assert list(dataset.splits) == splits and dataset.label_names == ('a', 'b', 'c')


def test_hidden_labels_of_a_test_split(tmp_path):
  for name, labels in (('train', LABELS), ('test', LABELS * 0 - 1)):
    columns = {'image': cells(PICTURES), 'label': labels}
    write(tmp_path / f'{name}.parquet', columns, ('cat', 'dog', 'owl'))
  dataset = build(tmp_path)
  assert dataset.split('test').hides_labels and dataset.num_classes == 3


@pytest.mark.parametrize('limit', [4.0, 0.0])
def test_a_broken_picture_counts_as_the_next_and_is_named(tmp_path, caplog, limit):
  images = cells(PICTURES)
  images[3]['bytes'] = images[3]['bytes'][:40]
  images[6]['bytes'] = None  # Its path is not opened. The last of its row group.
  write(tmp_path / 'train.parquet', {'image': images, 'label': LABELS})
  split = build(tmp_path, 'parquet(validation=0, test=0)', limit).split('train')
  batch = next(split.ordered(60))
  expected = np.arange(60)
  expected[3], expected[6] = 4, 0
  np.testing.assert_array_equal(batch['image'], PICTURES[expected])
  np.testing.assert_array_equal(batch['label'], LABELS[expected])
  for row, why in ((3, ''), (6, 'no picture in this row; paths are not opened')):
    assert f'train.parquet: row {row} counts as another, as it cannot be read ({why}' in caplog.text


WRONG = {
  'nothing': ({}, '', 'no file *.parquet in it'),
  'no match': ({'train': {'image': cells(PICTURES)}}, "file='other/*'", 'no file other/* in it'),
  'no pictures': ({'train': {'x': LABELS}}, '', 'no column of pictures as bytes; it has x (int64)'),
  'two columns': (
    {'train': {'a': cells(PICTURES), 'b': cells(PICTURES)}},
    '',
    'several columns of pictures',
  ),
  'another column': (
    {'train': {'a': cells(PICTURES), 'b': LABELS}},
    'image=b',
    'image=b is no column of pictures, as bytes; it has a (struct',
  ),
  'no labels': ({'train': {'image': cells(PICTURES)}}, 'label=y', 'label=y is no column of labels'),
  'no train': ({'test': {'image': cells(PICTURES)}}, '', 'has test and no train'),
  'paths': (
    {'train': {'image': [{'bytes': None, 'path': '/etc/passwd'}] * 9}},
    '',
    'cannot be read as Parquet|no column of pictures|holds paths or nothing',
  ),
  'text': ({'train': {'image': [b'hello'] * 9}}, '', 'no picture in image can be read'),
  'two sets': (
    {f'{name}/train': {'image': cells(PICTURES)} for name in ('big', 'small')},
    '',
    "holds several data sets, big, small; name one, as in file='big/*'",
  ),
  'channels': (
    {'train': {'image': cells(PICTURES)}},
    'channels=2',
    'channels=2, resize=crop should',
  ),
}


@pytest.mark.parametrize('name', WRONG)
def test_wrong_files_are_refused_in_one_line(tmp_path, name):
  tables, arguments, message = WRONG[name]
  for file, columns in tables.items():
    write(tmp_path / f'{file}.parquet', columns)
  with pytest.raises(UsageError) as raised:
    build(tmp_path, f'parquet({arguments})')
  assert any(part in str(raised.value) for part in message.split('|')), raised.value
  assert str(raised.value).startswith('--') and '\n' not in str(raised.value)


def test_damaged_files_and_labels_needed(tmp_path):
  write(tmp_path / 'train.parquet', {'image': cells(PICTURES), 'caption': LABELS.astype(float)})
  flags = (*QUICK, '--dataset=parquet', f'--data_dir={tmp_path}', f'--model_dir={tmp_path}/run')
  process = run_binary('train', *flags, '--model=conditional_gan', code=2)
  assert 'caption (double) none is taken for labels' in process.stderr.splitlines()[-1]
  content = (tmp_path / 'train.parquet').read_bytes()
  (tmp_path / 'train.parquet').write_bytes(content[:-50])
  with pytest.raises(UsageError, match='train.parquet: cannot be read as Parquet'):
    build(tmp_path)
