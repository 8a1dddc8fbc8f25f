"""Contents of training batches, for every kind of split."""

from __future__ import annotations

import functools
import itertools

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.fields import Field, Fields
from tfgan_pipeline.data.keys import random_keys
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.splits import records
from tfgan_pipeline.data.splits.files import FileSplit
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.data.splits.records import RecordSplit
from tfgan_pipeline.errors import UsageError

SHAPE = (6, 5, 3)
AUGMENT = 'flip, shift(0.3), brightness(0.3)'


def take(split, count, *, batch_size=4, seed=3, **kwargs):
  """Returns the first `count` batches: images [count, n, H, W, C] and labels [count, n]."""
  batches = train_batches(split, batch_size=batch_size, seed=seed, **kwargs).take(count)
  batches = list(batches.as_numpy_iterator())
  return np.stack([b['image'] for b in batches]), np.stack([b['label'] for b in batches])


def changed_by_hand(images, calls, *group, first=28):
  """Augments images at positions from `first` on, with keys of seed 3 and the words of a group."""
  positions = tf.range(first, first + len(images), dtype=tf.int64)
  for place, call in enumerate(calls):
    keys = random_keys(2, 3, 2, place, *group, positions)
    images = registry.augmentation.build(call, images, keys)
  return images


def same(one, other) -> bool:
  return all(np.array_equal(a, b) for a, b in zip(one, other))


def noise(size, *names) -> MemorySplit:
  """Returns `size` 8x8 grey images of noise as the field image and under further names."""
  images = np.random.RandomState(1).randint(0, 256, (size, 8, 8, 1), np.uint8)
  return MemorySplit(dict.fromkeys(('image', *names), images))


def test_every_epoch_is_another_permutation_with_images_and_labels_paired(split, images):
  found, labels = take(split, split.size * 3, batch_size=5)
  labels = labels.reshape(-1, split.size)
  assert len(labels) == 15
  for epoch in labels:
    assert sorted(epoch) == list(range(split.size))
  assert len({tuple(epoch) for epoch in labels}) == 15
  np.testing.assert_array_equal(found.reshape(-1, *split.image_shape), images[labels.ravel()])


def test_batches_may_be_larger_than_the_data(split):
  _, labels = take(split, 2, batch_size=50)
  ordered = labels.ravel()
  assert sorted(ordered[:23]) == sorted(ordered[23:46]) == sorted(ordered[46:69]) == [*range(23)]


# 5 and 6 lie on either side of the first end of an epoch (23 = 5.75 batches), 17 in the third.
@pytest.mark.parametrize('augment, starts', [('', [6]), (AUGMENT, [1, 5, 6, 17])])
def test_starting_at_a_batch_equals_skipping_to_it(split, augment, starts):
  images, labels = take(split, 20, augment=augment)
  for first in starts:
    assert same(
      take(split, 3, first_batch=first, augment=augment),
      (images[first : first + 3], labels[first : first + 3]),
    ), first


def test_starting_far_away_is_quick(split):
  _, labels = take(split, 1, first_batch=10**12, batch_size=23)
  assert sorted(labels[0]) == list(range(23))


@pytest.mark.parametrize('replicas, hosts', [(2, 1), (4, 1), (4, 2)])
def test_replicas_and_hosts_share_the_same_global_batches(split, replicas, hosts):
  images, labels = take(split, 3, batch_size=8, augment=AUGMENT, first_batch=2)
  local = replicas // hosts
  parts = []
  for host in range(hosts):
    context = tf.distribute.InputContext(hosts, host, replicas)
    parts.append(
      take(split, 3 * local, batch_size=8, augment=AUGMENT, first_batch=2, context=context)
    )
  assert parts[0][0].shape[1] == 8 // replicas
  for step, host, replica in itertools.product(range(3), range(hosts), range(local)):
    number = host * local + replica
    mine = slice(number * (8 // replicas), (number + 1) * (8 // replicas))
    np.testing.assert_array_equal(parts[host][0][step * local + replica], images[step, mine])
    np.testing.assert_array_equal(parts[host][1][step * local + replica], labels[step, mine])


def test_records_are_mixed_across_files_and_within_windows(splits):
  def epochs(group, window):
    whole = splits['records']
    split = RecordSplit(
      whole.shards,
      fields=Fields.of_images(SHAPE),
      decode=whole._decode,
      recipe='',
      group=group,
      window=window,
    )
    return take(split, 12, batch_size=23)[1]

  # One file at a time and no window: only the order of the five files changes.
  ends = (0, 7, 8, 13, 21, 23)
  files = [list(range(start, stop)) for start, stop in itertools.pairwise(ends)]
  orders = set()
  for labels in epochs(1, 1):
    order = [next(f for f in files if label in f) for label in labels]
    firsts = [f for f, previous in zip(order, [None, *order]) if f is not previous]
    assert sum(firsts, []) == list(labels)
    orders.add(tuple(f[0] for f in firsts))
  assert len(orders) > 8
  # Side by side: the second record is of another file.
  for labels in epochs(6, 1):
    assert next(f for f in files if labels[0] in f) is not next(f for f in files if labels[1] in f)
  # One window over everything: any record may come first.
  assert len(set(epochs(6, 100)[:, 0])) > 6


def test_the_order_is_fixed_for_ever(splits):
  """A changed number here means that runs of older versions go on with other batches."""
  assert (records.GROUP, records.WINDOW) == (16, 4096)
  found = {
    kind: take(split, 1, batch_size=12, first_batch=2)[1][0].tolist()
    for kind, split in splits.items()
  }
  assert found['memory'] == found['file'] == [11, 4, 18, 6, 14, 1, 8, 19, 17, 3, 7, 0]
  assert found['records'] == [8, 9, 22, 11, 10, 12, 0, 1, 13, 2, 15, 14]


def test_seed_alone_chooses_the_order(split):
  one = take(split, 6, seed=1, augment=AUGMENT)
  tf.random.set_seed(99)
  assert same(one, take(split, 6, seed=1, augment=AUGMENT))
  assert not same(one[1:], take(split, 6, seed=2)[1:])
  take(split, 1, seed=-1)
  take(split, 1, seed=2**40)


def test_shapes_are_static(split):
  for augment in ('', 'flip'):
    spec = train_batches(split, batch_size=4, seed=0, augment=augment).element_spec
    assert spec == {
      'image': tf.TensorSpec((4, 6, 5, 3), tf.uint8),
      'label': tf.TensorSpec((4,), tf.int32),
    }


def test_kinds_with_random_access_agree(splits):
  assert same(
    take(splits['memory'], 12, augment=AUGMENT), take(splits['file'], 12, augment=AUGMENT)
  )


def test_an_example_is_augmented_anew_in_every_epoch():
  one = noise(1)
  found, _ = take(one, 4, batch_size=8, augment='brightness(0.5)')
  assert len({image.tobytes() for image in found.reshape(-1, 64)}) > 25
  # The same augmentation twice makes two choices: one flip undoing the other would be the identity.
  twice, _ = take(one, 4, batch_size=8, augment='flip, flip')
  assert len({image.tobytes() for image in twice.reshape(-1, 64)}) == 2


def test_augmentations_read_keys_of_seed_place_and_position():
  """Checks the words that the keys are hashed from: runs depend on them."""
  split = noise(5)
  found, _ = take(split, 2, seed=3, first_batch=7, augment='flip, shift(0.5)')
  plain, _ = take(split, 2, seed=3, first_batch=7)
  expected = changed_by_hand(plain.reshape(8, 8, 8, 1), ('flip', 'shift(0.5)'))
  np.testing.assert_array_equal(found.reshape(8, 8, 8, 1), expected)


def test_twins_are_augmented_alike_and_other_fields_with_a_word_more_in_their_keys():
  split = noise(5, 'other', 'twin', 'third', 'left')
  augmented = {'twin': 'image', 'image': 'image', 'other': 'other', 'third': 'third'}
  first = functools.partial(train_batches, split, batch_size=8, seed=3, first_batch=3)
  plain = next(first().as_numpy_iterator())
  # Positions 24 to 31: those of the first group have the keys of one field alone.
  alone = next(first(augment=AUGMENT).as_numpy_iterator())
  found = next(first(augment=AUGMENT, augmented=augmented).as_numpy_iterator())
  groups = {'image': [], 'twin': [], 'other': [1], 'third': [2]}
  for name, group in groups.items():
    expected = changed_by_hand(plain[name], AUGMENT.split(', '), *group, first=24)
    expected = tf.saturate_cast(tf.round(expected), tf.uint8)
    np.testing.assert_array_equal(found[name], expected, name)
  for name in ('left', 'label'):
    np.testing.assert_array_equal(found[name], plain[name])
  np.testing.assert_array_equal(found['image'], alone['image'])
  np.testing.assert_array_equal(alone['twin'], plain['twin'])
  assert len({found[name].tobytes() for name in groups}) == 3


def test_nothing_may_be_augmented():
  split = noise(5)
  plain, found = (take(split, 2, augment=augment, augmented={}) for augment in ('', AUGMENT))
  assert same(plain, found)


def test_records_of_more_fields(splits, images):
  whole = splits['records']
  fields = Fields.of_images(SHAPE)
  fields['mask'] = Field((6, 5, 1), medium=fields['image'].medium, twin='image')
  fields['weight'] = Field((), 'float32')

  def decode(record):
    found = whole._decode(record)
    weight = tf.cast(found['label'], tf.float32) / 4
    return {**found, 'mask': found['image'][..., :1], 'weight': weight}

  split = RecordSplit(whole.shards, fields=fields, decode=decode, recipe='')
  batches = train_batches(split, batch_size=4, seed=0, augment='flip', augmented=fields.augmented())
  assert batches.element_spec == fields.batch_spec(4)
  flipped = 0
  for batch in batches.take(6).as_numpy_iterator():
    np.testing.assert_array_equal(batch['mask'], batch['image'][..., :1])
    np.testing.assert_array_equal(batch['weight'], batch['label'] / 4)
    flipped += np.sum((batch['image'] != images[batch['label']]).any((1, 2, 3)))
  assert 0 < flipped < 24
  np.testing.assert_array_equal(MemorySplit.reading(split).arrays['mask'], images[..., :1])


def test_augmented_values_are_rounded_and_clipped_once(monkeypatch):
  def add(images, keys, *, amount: float):
    return tf.cast(images, tf.float32) + amount

  monkeypatch.setitem(registry.augmentation._runtime, 'add', add)
  split = MemorySplit({'image': np.full((1, 2, 2, 1), 250, np.uint8)})
  for augment, expected in (
    ('add(-0.4)', 250),
    ('add(0.6)', 251),
    ('add(0.4), add(0.4)', 251),
    ('add(300.0)', 255),
    ('add(-300.0)', 0),
    ('add(300.0), add(-310.0)', 240),
  ):
    assert (take(split, 1, augment=augment)[0] == expected).all(), augment


def test_pixels_are_not_written_into_the_graph():
  split = MemorySplit({'image': np.zeros((1000, 16, 16, 1), np.uint8)})
  graph = tf.function(split.load).get_concrete_function(tf.TensorSpec([8], tf.int64)).graph
  assert graph.as_graph_def().ByteSize() < 5000
  before = split.images
  assert split._tensors is split._tensors and split.images is before


def test_a_file_that_breaks_later_is_named(tmp_path):
  def read(path):
    raise OSError('image file is truncated')

  split = FileSplit(str(tmp_path), ['a.png'], [0], image_shape=(2, 2, 1), read=read, recipe='')
  with pytest.raises(UsageError, match=r'a\.png: can no longer be read .*truncated'):
    next(split.ordered(1))
  with pytest.raises(tf.errors.OpError, match=r'a\.png: can no longer be read'):
    take(split, 1)


@pytest.mark.parametrize('batch_size', [0, -4, 6])
def test_wrong_batch_size(splits, batch_size):
  context = tf.distribute.InputContext(1, 0, 4)
  with pytest.raises(UsageError, match=f'--batch_size={batch_size}: .* multiple of 4'):
    train_batches(splits['memory'], batch_size=batch_size, seed=0, context=context)


@pytest.mark.parametrize(
  'augment, message',
  [
    ('blur', "unknown augmentation 'blur'; there are: .*flip"),
    ('flip(sideways=True)', "no argument 'sideways'"),
    ('shift(fraction=2.0)', r"'shift': fraction=2.0 should be between 0 and 1"),
    ('crop(9)', r"'crop': padding=9 should be between 0 and 4"),
  ],
)
def test_wrong_augmentation_is_one_line(splits, augment, message):
  with pytest.raises(UsageError, match=message) as error:
    train_batches(splits['memory'], batch_size=4, seed=0, augment=augment)
  assert '\n' not in str(error.value)
