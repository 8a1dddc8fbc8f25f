"""Prepared TFDS data by split expressions, other split names, and chosen labels."""

from __future__ import annotations

import numpy as np
import pytest

from tests.conftest import QUICK, run_binary
from tests.data.test_tfds import build, pictures, tiny_features
from tfgan_pipeline.errors import UsageError

tensorflow_datasets = pytest.importorskip('tensorflow_datasets')


@pytest.fixture(scope='module')
def root(tmp_path_factory, store_tfds):
  root = tmp_path_factory.mktemp('tensorflow_datasets')
  parts = {'train': pictures(range(40)), 'test': pictures(range(200, 210))}
  store_tfds(root, 'tiny', tiny_features(), **parts)
  return root


@pytest.mark.parametrize(
  'arguments, sizes',
  [
    ("train='train[:10%]'", {'train': 4, 'test': 10}),
    ("train='train[:30]', validation='train[30:]'", {'train': 30, 'validation': 10, 'test': 10}),
    ("train='train[5:-5]', test='test[:50%]'", {'train': 30, 'test': 5}),
    ("train='train+test', validation=0.1", {'train': 45, 'validation': 5, 'test': 10}),
  ],
)
def test_split_expressions(root, arguments, sizes):
  for limit in (1.0, 0.0):
    dataset = build(root, f'tfds(tiny, {arguments})', memory_limit_gb=limit)
    assert {name: split.size for name, split in dataset.splits.items()} == sizes
    for split in dataset.splits.values():
      assert sum(len(batch['label']) for batch in split.ordered(7)) == split.size
  parts = build(root, "tfds(tiny, train='train[:30]', validation='train[30:]')").splits
  kept = np.concatenate([parts[name].images for name in ('train', 'validation')])
  np.testing.assert_array_equal(kept, build(root, 'tfds(tiny)').split('train').images)


def test_other_split_names(tmp_path, store_tfds, caplog):
  parts = {name: pictures(range(8)) for name in ('training', 'valid', 'testing')}
  store_tfds(tmp_path, 'spelled', tiny_features(), shards=2, **parts)
  assert list(build(tmp_path, 'tfds(spelled)').splits) == ['train', 'validation', 'test']
  store_tfds(tmp_path, 'odd', tiny_features(), shards=2, small=pictures(range(8)))
  with pytest.raises(UsageError, match="and test, but small; name them, as in train='small'"):
    build(tmp_path, 'tfds(odd)')
  assert build(tmp_path, 'tfds(odd, train=small)').split('train').size == 8
  for wrong in ('large', 'small[', 'small[9:'):
    with pytest.raises(UsageError) as raised:
      build(tmp_path, f'tfds(odd, train={wrong!r})')
    assert f'{wrong!r} is no split of odd' in str(raised.value)
    assert 'it has small, of which parts are written' in str(raised.value)
    assert '\n' not in str(raised.value)
  build(tmp_path, "tfds(odd, train='small[:6]', test='small[4:]')")
  assert '2 pictures are in train and in test: scores will be too good' in caplog.text


def test_which_label(tmp_path, store_tfds):
  features = tensorflow_datasets.features
  described = {
    'image': features.Image(shape=(6, 6, 3)),
    'coarse': features.ClassLabel(names=['wild', 'tame']),
    'label': features.ClassLabel(names=['x', 'y', 'z']),
    'mass': features.Scalar(np.float32),
  }
  examples = [{**one, 'coarse': one['label'] % 2, 'mass': 1.0} for one in pictures(range(12))]
  store_tfds(tmp_path, 'two', described, train=examples)
  assert build(tmp_path, 'tfds(two)').label_names == ('x', 'y', 'z')
  assert build(tmp_path, 'tfds(two, label=coarse)').label_names == ('wild', 'tame')
  with pytest.raises(UsageError) as raised:
    build(tmp_path, 'tfds(two, label=mass)')
  for feature in ('label=mass is no class label of two', 'coarse (ClassLabel)', 'mass (Scalar)'):
    assert feature in str(raised.value)


def test_features_that_are_no_class_label_are_named(tmp_path, store_tfds):
  features = tensorflow_datasets.features
  described = {
    'image': features.Image(shape=(16, 16, 1)),
    'attributes': {'Male': features.Scalar(np.bool_), 'Young': features.Scalar(np.bool_)},
    'age': features.Scalar(np.int32),
  }
  image = np.zeros((16, 16, 1), np.uint8)
  example = {'image': image, 'attributes': {'Male': True, 'Young': False}, 'age': 30}
  store_tfds(tmp_path, 'faces', described, train=[example] * 12)
  flags = (f'--data_dir={tmp_path}', '--dataset=tfds(faces)', f'--model_dir={tmp_path}/run')
  process = run_binary('train', *QUICK, *flags, '--model=conditional_gan', code=2)
  assert 'needs labels, which --dataset=tfds(' in process.stderr.splitlines()[-1]
  assert (
    'has not; of the other features of faces, age (Scalar), attributes (FeaturesDict), none is a '
    'class label' in process.stderr.splitlines()[-1]
  )
