"""Pictures and smaller ones made of them: the filter, pairs in training, and what is refused."""

from __future__ import annotations

import numpy as np
from PIL import Image
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.errors import UsageError

SHAPES = 'shapes(size=24, count=40)'


def build(call, root=None, **options):
  return registry.dataset.build(call, DataOptions(root and str(root), **options))


def reduced_by_pillow(image, factor):
  sides = image.shape[1] // factor, image.shape[0] // factor
  picture = Image.fromarray(image.squeeze()).resize(sides, Image.Resampling.BICUBIC)
  return np.asarray(picture).reshape(*sides[::-1], -1)


def assert_pairs(batch, factor):
  small, large = (np.asarray(batch[f'image_{side}']) for side in 'ab')
  for one, other in zip(small, large, strict=True):
    np.testing.assert_array_equal(one, reduced_by_pillow(other, factor))


@pytest.mark.parametrize('channels', [1, 3, 4])
@pytest.mark.parametrize('limit', [0, 1])
def test_pairs_of_files_of_any_channels(tmp_path, channels, limit):
  random = np.random.RandomState(0)
  (tmp_path / 'train').mkdir()
  for number in range(5):
    pixels = random.randint(0, 256, (24, 36, 4), np.uint8)
    Image.fromarray(pixels).save(tmp_path / f'train/{number}.png')
  call = f'reduced("image_folder(size=(24, 36), channels={channels})", factor=3)'
  dataset = build(call, tmp_path, memory_limit_gb=limit)
  assert dataset.fields['image_a'].shape == (8, 12, channels)
  assert dataset.fields['image_b'].shape == (24, 36, channels)
  split = dataset.split('train')
  assert split.size == 5 and len(split.names) == 5
  for batch in (next(split.ordered(4)), split.spread(3)):
    assert_pairs(batch, 3)
  assert_pairs(next(iter(train_batches(split, batch_size=4, seed=0, augmented={}))), 3)


@pytest.mark.parametrize('augment', ['', 'flip(vertical=True)', 'crop(padding=3)', 'flip, rotate'])
def test_a_pair_fits_after_any_augmentation(augment):
  dataset = build(f'reduced("{SHAPES}", factor=4)')
  fields = dataset.fields
  assert fields.augmented() == {'image_b': 'image_b'} and fields.reduced() == {'image_a': 'image_b'}
  options = dict(augment=augment, augmented=fields.augmented(), reduced=fields.reduced())
  batches = train_batches(dataset.split('train'), batch_size=8, seed=0, **options)
  batch = next(iter(batches))
  assert batch['image_a'].shape == (8, 6, 6, 3)
  assert_pairs(batch, 4)
  stored = {image.tobytes() for image in next(dataset.split('train').ordered(100))['image_b']}
  changed = [image.tobytes() not in stored for image in batch['image_b'].numpy()]
  assert any(changed) == bool(augment)


def test_sides_that_do_not_divide_are_cut_at_the_bottom_and_on_the_right():
  dataset, whole = build(f'reduced("{SHAPES}", factor=5)'), build(SHAPES)
  assert dataset.fields['image_a'].shape == (4, 4, 3)
  batch = next(dataset.split('test').ordered(6))
  np.testing.assert_array_equal(
    batch['image_b'], next(whole.split('test').ordered(6))['image'][:, :20, :20]
  )
  assert_pairs(batch, 5)


def test_both_are_a_pair_with_the_label_of_the_picture_also_when_recorded():
  dataset = build(f'reduced("{SHAPES}", factor=4)')
  fields = Fields.from_record({'fields': dataset.fields.to_record()})
  assert fields == dataset.fields and fields.are_pair('image_a', 'image_b')
  assert fields.label_names == build(SHAPES).label_names
  pictures = dataset.seen_as('image_b')
  assert pictures.image_shape == (24, 24, 3) and pictures.label_names == fields.label_names


def test_a_dataset_beside_others_keeps_its_pairs():
  text = f'domains(a="reduced(\'{SHAPES}\', factor=4)", b="digits")'
  assert build(text).fields.reduced() == {'image_a_a': 'image_b_a'}


def test_factor_and_pictures_make_the_fingerprint():
  texts = [f'reduced("{SHAPES}", factor={factor})' for factor in (2, 4)]
  texts.append('reduced("shapes(size=24, count=40, seed=1)", factor=4)')
  prints = [build(text).fingerprint for text in texts]
  assert len(set(prints)) == 3 and build(texts[0]).fingerprint == prints[0]


@pytest.mark.parametrize(
  'call, message',
  [
    ('reduced(factor=1)', 'factor=1 should be at least 2'),
    ('reduced("digits(8)", factor=16)', r'digits\(8\) is 8x8, of which factor=16 leaves nothing'),
    ('reduced(domains)', 'reduced.: domains: .* holds image_a, label_a'),
    ('reduced(nothing)', "reduced.: unknown dataset 'nothing'"),
    ('reduced(gaussian_ring)', 'gaussian_ring holds no pictures'),
  ],
)
def test_what_has_no_smaller_picture_is_refused(call, message):
  with pytest.raises(UsageError, match=message):
    build(call)
