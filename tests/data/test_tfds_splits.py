"""Prepared TFDS data by split expressions, other split names, and chosen labels."""

from __future__ import annotations

import re

import numpy as np
import pytest

from tests.conftest import QUICK, run_binary
from tests.data.test_tfds import build, pictures, tiny_features
from tfgan_pipeline.data.pipeline import train_batches
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


@pytest.mark.parametrize('limit', [0.0, 1.0])
def test_sides_of_splits_are_two_domains(tmp_path, store_tfds, limit):
  sides = {'trainA': range(20), 'trainB': range(100, 130), 'testA': range(5), 'testB': range(7)}
  examples = {name: pictures(values) for name, values in sides.items()}
  store_tfds(tmp_path, 'horse2zebra', tiny_features(), shards=1, **examples)
  dataset = build(tmp_path, 'tfds(horse2zebra, size=4)', memory_limit_gb=limit)
  assert dataset.fields['image_a'].shape == dataset.fields['image_b'].shape == (4, 4, 3)
  assert {name: split.size for name, split in dataset.splits.items()} == {'train': 30, 'test': 7}
  batch = next(iter(train_batches(dataset.split('train'), batch_size=16, seed=0)))
  assert set(batch['image_a'].numpy()[:, 0, 0, 0]) <= set(sides['trainA'])
  assert set(batch['image_b'].numpy()[:, 0, 0, 0]) <= set(sides['trainB'])
  one = build(tmp_path, 'tfds(horse2zebra, train=trainB)', memory_limit_gb=limit)
  assert one.image_shape == (6, 6, 3) and one.split('train').size == 30
  for wrong, words in (
    ("validation='trainA[90%:]'", 'validation=trainA[90%:]: horse2zebra has two domains'),
    ('attributes=all', 'attributes=all: horse2zebra has two domains'),
    ('attributes=(old, young)', 'attributes=(old, young): horse2zebra has two domains'),
  ):
    with pytest.raises(UsageError, match=re.escape(words)) as error:
      build(tmp_path, f'tfds(horse2zebra, {wrong})')
    assert """name each, as in domains(a="tfds('horse2zebra', train=trainA, """ in str(error.value)
  held_out = build(tmp_path, 'tfds(horse2zebra, validation=0.1)', memory_limit_gb=limit)
  assert held_out.split('validation').size == 3
  sides = "a=\"tfds(horse2zebra, train='trainA[:8]', validation='trainA[8:]')\", "
  sides += "b=\"tfds(horse2zebra, train='trainB[:8]', validation='trainB[8:]')\""
  by_side = build(tmp_path, f'domains({sides})', memory_limit_gb=limit)
  assert by_side.split('validation').size == 22
