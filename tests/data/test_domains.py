"""Two datasets side by side: combinations, order, and reading one of the two."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.combined.joint_split import JointSplit
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.fields import Field, Fields
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError

NAMES = {'a': ('image', 'label'), 'b': ('image', 'label')}


def numbered(size: int) -> MemorySplit:
  """Returns a split whose images and labels are the numbers of the examples."""
  numbers = np.arange(size)
  images = np.broadcast_to(numbers[:, None, None, None], (size, 2, 2, 1)).astype(np.uint8)
  return MemorySplit({'image': images.copy(), 'label': numbers})


@pytest.fixture(params=['memory', 'file', 'records'])
def joint(request, splits) -> JointSplit:
  """23 examples of a kind of split beside 5 in memory."""
  return JointSplit({'a': splits[request.param], 'b': numbered(5)}, NAMES)


def labels_of(split, count: int, first_batch: int = 0, **kwargs) -> np.ndarray:
  """Returns int32 [2, count * 4], the numbers of the examples of a and b in training batches."""
  batches = train_batches(split, batch_size=4, seed=1, first_batch=first_batch, **kwargs)
  taken = list(batches.take(count).as_numpy_iterator())
  return np.stack([np.concatenate([batch[f'label_{word}'] for batch in taken]) for word in NAMES])


def test_a_pass_begins_the_smaller_part_anew(joint):
  batches = list(joint.ordered(4))
  assert joint.size == 23 and [len(batch['label_a']) for batch in batches] == [4] * 5 + [3]
  np.testing.assert_array_equal(np.concatenate([b['label_a'] for b in batches]), range(23))
  np.testing.assert_array_equal(np.concatenate([b['label_b'] for b in batches]), np.arange(23) % 5)
  for batch in batches:
    np.testing.assert_array_equal(batch['image_b'][:, 0, 0, 0], batch['label_b'])
  assert {len(values) for values in joint.spread(9).values()} == {9}


def test_each_part_has_its_epochs_and_training_starts_anywhere(joint):
  a, b = labels_of(joint, 30)
  assert sorted(a[:23]) == sorted(a[23:46]) == list(range(23))
  for start in range(0, 115, 5):
    assert sorted(b[start : start + 5]) == list(range(5))
  np.testing.assert_array_equal(labels_of(joint, 7, first_batch=13), [a[52:80], b[52:80]])
  # Two replicas of one host take the halves of each batch, in order.
  context = tf.distribute.InputContext(1, 0, 2)
  halves = train_batches(joint, batch_size=4, seed=1, context=context).take(60)
  both = np.concatenate([batch['label_b'] for batch in halves.as_numpy_iterator()])
  np.testing.assert_array_equal(both, b)


def test_equal_parts_meet_in_another_order():
  same = JointSplit({'a': numbered(40), 'b': numbered(40)}, NAMES)
  a, b = labels_of(same, 10)
  assert sorted(a) == sorted(b) == list(range(40)) and np.mean(a == b) < 0.2


def test_the_fingerprint_is_that_of_both_parts():
  def fingerprint(**sizes):
    return JointSplit({word: numbered(size) for word, size in sizes.items()}, NAMES).fingerprint

  assert fingerprint(a=5, b=6) == fingerprint(a=5, b=6)
  assert len({fingerprint(a=5, b=6), fingerprint(a=6, b=5), fingerprint(a=5, b=7)}) == 3


def test_a_field_is_seen_as_a_dataset_of_its_own():
  dataset = registry.dataset.build(
    'domains(a="digits(size=8)", b="shapes(size=(8, 10), count=60)")', DataOptions()
  )
  digits = registry.dataset.build('digits(size=8)', DataOptions())
  for name, split in digits.splits.items():
    seen = dataset.seen_as('image_a').split(name)
    assert seen.size == split.size
    for ours, theirs in zip(seen.ordered(100), split.ordered(100), strict=True):
      np.testing.assert_array_equal(ours['image'], theirs['image'])
      np.testing.assert_array_equal(ours['label'], theirs['label'])
  other = dataset.seen_as('image_b')
  assert (
    other.image_shape == (8, 10, 3)
    and other.num_classes == 5
    and not other.split('test').hides_labels
  )
  assert other.fingerprint != dataset.seen_as('image_a').fingerprint
  with pytest.raises(UsageError, match='--dataset: digits-shapes holds image_a, label_a, image_b'):
    dataset.require_image('--dataset')
  with pytest.raises(UsageError, match="'stacked': digits-shapes holds image_a"):
    registry.dataset.build("""stacked("domains(b='shapes(size=8, count=60)')")""", DataOptions())


def test_a_field_names_its_label_or_has_none():
  image = Fields.of_images((2, 2, 1))['image']
  label = Field((), 'int32', classes=('x', 'y'))
  fields = Fields(high=dataclasses.replace(image, label='kind'), low=image, kind=label)
  images = np.zeros((3, 2, 2, 1), np.uint8)
  split = MemorySplit({'high': images, 'low': images, 'kind': np.array([0, 1, 0])})
  dataset = Dataset('pairs', fields, {'train': split})
  assert dataset.seen_as('high').label_names == ('x', 'y')
  assert dataset.seen_as('low').num_classes == 0
  assert list(next(dataset.seen_as('high').split('train').ordered(9))['label']) == [0, 1, 0]


@pytest.mark.parametrize(
  'text, message',
  [
    ('domains(a="digits(size=7)")', r'a=digits\(size=7\): .*should be'),
    ('domains(b=nothing)', "b=nothing: unknown dataset 'nothing'"),
  ],
)
def test_what_cannot_be_joined(text, message):
  with pytest.raises(UsageError, match=f"dataset 'domains': {message}"):
    registry.dataset.build(text, DataOptions())
