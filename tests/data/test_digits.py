"""The bundled digits."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError


def build(call: str):
  return registry.dataset.build(call, DataOptions())


@pytest.fixture(scope='module')
def stored():
  """The digits at their stored size."""
  return build('digits(size=8)')


def test_split_sizes_and_classes(stored):
  assert {name: split.size for name, split in stored.splits.items()} == {
    'train': 1437,
    'validation': 180,
    'test': 180,
  }
  assert stored.num_classes == 10 and stored.label_names == tuple('0123456789')
  for split in stored.splits.values():
    counts = np.bincount(split.labels, minlength=10)
    # Every class is 174 to 183 of 1,797.
    assert abs(counts / split.size - 0.1).max() < 0.01


def test_splits_are_disjoint_and_cover_everything(stored):
  def rows(images, labels):
    return sorted(image.tobytes() + bytes([label]) for image, label in zip(images, labels))

  official = load_digits()
  expected = rows(np.rint(official.images * 255 / 16).astype(np.uint8), official.target)
  found = [rows(split.images, split.labels) for split in stored.splits.values()]
  assert sorted(sum(found, [])) == expected
  # All 1,797 digits differ, so equal lists mean that none is in two splits.
  assert len(set(expected)) == 1797


def test_size_and_range(stored):
  large = build('digits')
  assert large.image_shape == (32, 32, 1) == large.split('test').images.shape[1:]
  assert large.split('train').images.min() == 0 and large.split('train').images.max() == 255
  # Enlarging keeps the picture: averaged back over 4 x 4 blocks it is the stored one.
  blocks = large.split('test').images.reshape(-1, 8, 4, 8, 4).mean((2, 4))
  small = stored.split('test').images[..., 0]
  assert np.corrcoef(blocks.ravel(), small.ravel())[0, 1] > 0.99
  np.testing.assert_array_equal(large.split('test').labels, stored.split('test').labels)


def test_membership_is_fixed_for_ever(stored):
  """A changed number here means that scores of older runs are no longer comparable."""
  assert stored.fingerprint == '5fa40d75be5aa629'


def test_too_small():
  with pytest.raises(UsageError, match='size=7'):
    build('digits(7)')
