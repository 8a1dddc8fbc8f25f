"""The contract of every registered dataset, and of splits of every kind."""

from __future__ import annotations

import hashlib

import numpy as np
from PIL import Image
import pytest

from tests.data.tune_files import write_tunes
from tfgan_pipeline import dataset_of, registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import SPLIT_NAMES, DataOptions, Dataset
from tfgan_pipeline.data.folders.partition import partition
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError

FIELDS = ('image', 'label')


def with_masks(images) -> dict[str, np.ndarray]:
  """Returns arrays of images, labels and two further fields."""
  labels = np.arange(len(images))
  weights = labels.astype(np.float32) / 4
  return {'image': images, 'label': labels, 'weight': weights, 'mask': images[..., 0]}


@pytest.fixture
def calls(tmp_path, request, store_tfds) -> dict:
  """Calls and data_dir of the datasets that need arguments or files, by name."""
  for value in range(20):
    folder = tmp_path / 'pictures' / 'ab'[value % 2]
    folder.mkdir(parents=True, exist_ok=True)
    Image.new('RGB', (8, 8), (value, value, value)).save(folder / f'{value}.png')
  calls = {
    'image_folder': ('image_folder(8)', str(tmp_path / 'pictures')),
    'shapes': ('shapes(16, 500)', None),
    'openmoji': ('openmoji(size=16, count=50)', None),
    'domains': ('domains(b="shapes(8, 500)")', None),
    'arrays': ("arrays('x.npy')", str(tmp_path)),
    'attributes': (
      "attributes('pictures/x.csv', 'image_folder(8, folder=pictures)')",
      str(tmp_path),
    ),
    'captioned': ('captioned(size=8)', str(tmp_path / 'pictures')),
    'series': ("series('series.npy')", str(tmp_path)),
    'tunes': (f"tunes('{write_tunes(tmp_path / 'tunes')}')", None),
    'in_memory': (dataset_of(np.zeros((9, 5, 4, 1), np.uint8)), None),
  }
  rows = [f'{value},{value % 2}' for value in range(20)]
  (tmp_path / 'pictures/x.csv').write_text('\n'.join(['file,odd', *rows]))
  for value in range(20):
    (tmp_path / f'pictures/{"ab"[value % 2]}/{value}.txt').write_text(f'number {value}')
  np.save(tmp_path / 'series.npy', np.random.RandomState(0).rand(20, 16))
  np.save(tmp_path / 'x.npy', np.zeros((9, 5, 4, 1), np.uint8))
  if request.node.callspec.params['name'] == 'parquet':
    parquet = pytest.importorskip('pyarrow.parquet')
    table = {'image': [tf.io.encode_png(np.zeros((5, 4, 1), np.uint8)).numpy()] * 9}
    parquet.write_table(pytest.importorskip('pyarrow').table(table), tmp_path / 'x.parquet')
    calls['parquet'] = ('parquet', str(tmp_path))
  if request.node.callspec.params['name'] == 'tfds':
    tfds = pytest.importorskip('tensorflow_datasets')
    image = np.zeros((5, 4, 1), np.uint8)
    features = {'image': tfds.features.Image(shape=image.shape)}
    store_tfds(tmp_path, 'tiny', features, train=[{'image': image}] * 9)
    calls['tfds'] = ('tfds(tiny)', str(tmp_path))
  return calls


def values_of(field) -> int:
  """Returns how many values the numbers of a field can have."""
  if field.words:
    return len(field.words) + 2  # No word, and an unknown one.
  return 2 if field.shape else max(1, len(field.classes))  # Attributes are 0 or 1.


@pytest.mark.parametrize('name', tuple(registry.dataset.components()))
def test_contract(name, calls):
  call, data_dir = calls.get(name, (name, None))
  dataset = registry.dataset.build(call, DataOptions(data_dir))
  assert dataset.name and len(dataset.label_names) == dataset.num_classes
  assert 'train' in dataset.splits and set(dataset.splits) <= set(SPLIT_NAMES)
  assert hash(dataset.image_shape) and len(dataset.fingerprint) == 16
  for split in dataset.splits.values():
    assert tuple(split.image_shape) == dataset.image_shape
    batches = list(split.ordered(max(1, split.size // 2 - 1)))
    for name, field in dataset.fields.items():
      assert sum(len(batch[name]) for batch in batches) == split.size
      for values in (batch[name] for batch in batches):
        assert values.dtype == field.dtype and values.shape[1:] == field.shape
        if not field.medium:
          assert values.min() >= 0 and values.max() < values_of(field)
  batch = next(iter(train_batches(dataset.split('train'), batch_size=4, seed=0)))
  assert {name: tf.TensorSpec.from_tensor(values) for name, values in batch.items()} == (
    dataset.fields.batch_spec(4)
  )
  again = registry.dataset.build(call, DataOptions(data_dir))
  assert again.fingerprint == dataset.fingerprint


def test_one_pass_in_stored_order(split, images):
  batches = list(split.ordered(5))
  assert [len(batch['label']) for batch in batches] == [5, 5, 5, 5, 3]
  found, labels = (np.concatenate([batch[name] for batch in batches]) for name in FIELDS)
  np.testing.assert_array_equal(found, images)
  np.testing.assert_array_equal(labels, range(23))
  assert found.dtype == np.uint8 and labels.dtype == np.int32


def test_examples_from_all_over_a_split_are_always_the_same(split, images):
  found, labels = map(split.spread(10).get, FIELDS)
  assert len(set(labels)) == 10 and min(labels) < 8 and max(labels) > 14
  np.testing.assert_array_equal(found, images[labels])
  np.testing.assert_array_equal(split.spread(10)['label'], labels)
  assert sorted(split.spread(len(images))['label']) == list(range(len(images)))
  if isinstance(split, MemorySplit):
    assert list(labels) == [number * 23 // 10 for number in range(10)]
  else:  # Those of the first batch of the seed 0.
    references = split.references(batch_size=10, seed=0, first_batch=0)
    np.testing.assert_array_equal(split.load(next(iter(references)))['label'], labels)


def test_a_copy_in_memory_has_the_fingerprint_of_what_it_was_read_from(split, splits):
  copy = MemorySplit.reading(split, batch_size=5)
  np.testing.assert_array_equal(copy.images, splits['memory'].images)
  assert copy.fingerprint == split.fingerprint
  # As version 0.1.0 had it, of pixels alone.
  assert split.former_fingerprint == copy.former_fingerprint == splits['memory'].fingerprint


def test_memory_fingerprint_counts_pixels_labels_and_shape(images):
  labels = np.arange(23)
  before = MemorySplit({'image': images, 'label': labels}).fingerprint
  copies = {'image': images.copy(), 'label': labels.astype(np.int64)}
  assert MemorySplit(copies).fingerprint == before
  changed = images.copy()
  changed[20, 1, 1, 1] += 1
  assert MemorySplit({'image': changed, 'label': labels}).fingerprint != before
  assert MemorySplit({'image': images, 'label': labels[::-1]}).fingerprint != before
  turned = {'image': images.reshape(23, 5, 6, 3), 'label': labels}
  assert MemorySplit(turned).fingerprint != before
  digest = hashlib.sha256(b'(23, (6, 5, 3))')
  digest.update(labels.astype('<i4').tobytes() + images.tobytes())
  assert before == digest.hexdigest()[:16]


def test_more_fields_stay_with_their_example(images):
  split = MemorySplit(with_masks(images))
  references = next(iter(split.references(batch_size=9, seed=0, first_batch=0)))
  for examples, count in (
    (next(split.ordered(5)), 5),
    (split.spread(7), 7),
    (split.load(references), 9),
    (next(iter(train_batches(split, batch_size=4, seed=0))), 4),
    (next(MemorySplit.reading(split, batch_size=10).ordered(23)), 23),
  ):
    assert set(examples) == {'image', 'label', 'mask', 'weight'}
    labels = np.asarray(examples['label'])
    assert labels.shape == (count,)
    np.testing.assert_array_equal(examples['image'], images[labels])
    np.testing.assert_array_equal(examples['mask'], images[labels, ..., 0])
    np.testing.assert_array_equal(examples['weight'], labels / 4)


def test_memory_fingerprint_counts_more_fields_by_name(images):
  arrays = with_masks(images)
  split = MemorySplit(arrays)
  digest = hashlib.sha256(b'(23, (6, 5, 3))')
  digest.update(arrays['label'].astype('<i4').tobytes() + images.tobytes())
  digest.update(b'mask (6, 5) uint8' + arrays['mask'].tobytes())
  digest.update(b'weight () float32' + arrays['weight'].tobytes())
  assert split.fingerprint == split.former_fingerprint == digest.hexdigest()[:16]
  assert MemorySplit.reading(split).fingerprint == split.fingerprint
  assert MemorySplit(dict(reversed(arrays.items()))).fingerprint == split.fingerprint
  mask = arrays.pop('mask')
  others = [
    arrays,
    {**arrays, 'masks': mask},
    {**arrays, 'mask': mask.reshape(23, 5, 6)},
    {**arrays, 'mask': mask.view(np.int8)},
    {**arrays, 'mask': mask[::-1]},
  ]
  assert len({split.fingerprint, *(MemorySplit(other).fingerprint for other in others)}) == 6


def test_examples_may_have_no_image():
  words = {'text': np.arange(8, dtype=np.uint8).reshape(4, 2)}
  split = MemorySplit(words)
  digest = hashlib.sha256(b'(4, ())text (2,) uint8' + words['text'].tobytes())
  assert split.fingerprint == digest.hexdigest()[:16]
  assert split.image_shape == () and not split.hides_labels
  batch = next(iter(train_batches(split, batch_size=4, seed=0, augment='flip')))
  assert set(batch) == {'text'}


def test_training_does_not_change_what_evaluation_reads(images):
  split = MemorySplit({'image': images.copy(), 'label': np.arange(23)})
  before = split.fingerprint
  next(iter(train_batches(split, batch_size=4, seed=0)))
  np.testing.assert_array_equal(split.images, images)
  assert MemorySplit({'image': split.images, 'label': split.labels}).fingerprint == before


def test_wrong_arrays_are_refused(images):
  for bad in (images.astype(np.float32), images[0]):
    with pytest.raises(ValueError, match='images should be uint8'):
      MemorySplit({'image': bad})
  for name, bad in (('label', np.arange(22)), ('caption', np.arange(24)), ('label', np.int32(0))):
    with pytest.raises(ValueError, match='fields should have equally many examples'):
      MemorySplit({'image': images, name: bad})
  for empty in ({}, {'image': images[:0]}, {'caption': images[:0, 0]}):
    with pytest.raises(ValueError, match='fields should have equally many examples, and some'):
      MemorySplit(empty)


def test_memory_limit():
  options = DataOptions(None, 0.001)
  assert options.fits_memory(1000, (10, 10, 10)) and not options.fits_memory(1001, (10, 10, 10))


def test_partition_ignores_the_order_of_names():
  names = [f'{number}.png' for number in range(90)]
  labels = [number % 3 for number in range(90)]
  fractions = {'validation': 0.2, 'test': 0.1}
  parts = partition(names, labels, fractions)
  assert list(parts) == ['train', 'validation', 'test']
  assert sorted(np.concatenate(list(parts.values()))) == list(range(90))
  for part, share in (('train', 21), ('validation', 6), ('test', 3)):
    assert list(np.bincount([labels[index] for index in parts[part]])) == [share] * 3
  reverse = partition(names[::-1], labels[::-1], fractions)
  for part, members in parts.items():
    assert {names[index] for index in members} == {names[89 - index] for index in reverse[part]}


def test_classes_are_spread_evenly_over_the_order_of_a_partition():
  """Checks that member r = 0, 1, ... of a class of n stands at (r + 1/2) / n of the order."""
  labels = [0, 1, 1, 1, 1, 2, 2, 2]
  names = [str(index) for index in range(8)]
  ranks, places = [0, 0, 0], {}
  for index in sorted(range(8), key=lambda i: hashlib.sha256(names[i].encode()).digest()):
    label = labels[index]
    places[index] = (ranks[label] + 0.5) / labels.count(label)
    ranks[label] += 1
  order = sorted(places, key=lambda index: (places[index], labels[index]))
  fractions = {str(number): 1 / 8 for number in range(7)}
  parts = partition(names, labels, fractions)
  assert [int(parts[part][0]) for part in (*fractions, 'train')] == order
  assert {part: len(members) for part, members in parts.items()} == dict.fromkeys(parts, 1)


def test_fractions_leave_something_for_training():
  names, labels = list('abcdefgh'), [0] * 8
  assert list(partition(names, labels, {})) == ['train']
  assert {
    part: len(members) for part, members in partition(names, labels, {'test': 0}).items()
  } == {'train': 8}
  for fractions, message in (
    ({'test': -0.01}, 'should be 0 or more'),
    ({'test': 0.5, 'validation': 0.5}, 'should be 0 or more, and leave'),
    ({'test': 0.99}, 'leaves nothing of 8 examples'),
  ):
    with pytest.raises(UsageError, match=message):
      partition(names, labels, fractions)
  assert len(partition(names, labels, {'test': 0.93})['train']) == 1


def test_real_strategy_gives_replicas_their_slices(splits):
  """Checks a strategy of one replica; test_pipeline.py covers the contexts of several."""
  strategy = tf.distribute.OneDeviceStrategy('CPU:0')
  distributed = strategy.distribute_datasets_from_function(
    lambda context: train_batches(splits['memory'], batch_size=4, seed=0, context=context)
  )
  plain = train_batches(splits['memory'], batch_size=4, seed=0)
  for one, other in zip(distributed, plain.take(3)):
    np.testing.assert_array_equal(one['label'], other['label'])


@pytest.mark.parametrize(
  'shape, label, message',
  [
    ((8, 8, 1), 2, 'dataset own: train has a label 2; the 2 classes are numbered from 0'),
    ((8, 4, 1), 1, r'dataset own: train has pictures of \(8, 4, 1\), and \(8, 8, 1\) is said'),
  ],
)
def test_arrays_that_are_not_as_said_are_refused(shape, label, message):
  arrays = {'image': np.zeros((3, *shape), np.uint8), 'label': np.array([0, label, 0])}
  with pytest.raises(UsageError, match=message):
    Dataset.of_images('own', (8, 8, 1), ('a', 'b'), {'train': MemorySplit(arrays)})
