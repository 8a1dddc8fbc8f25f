"""Pairs of pictures: out of two folders by names, out of halves, and of examples in order."""

from __future__ import annotations

import logging

import numpy as np
from PIL import Image
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.errors import UsageError

FOLDERS = 'paired(a="image_folder(8, 1, folder=A)", b="image_folder(8, folder=B)")'


def build(root, call=FOLDERS, **options):
  return registry.dataset.build(call, DataOptions(str(root), **options))


def save(path, value, size=(8, 8)):
  path.parent.mkdir(parents=True, exist_ok=True)
  Image.fromarray(np.full((*size, 3), value, np.uint8)).save(path)


def fill(root, a, b, count=10, extension='png'):
  """Writes pairs of grey pictures: the value of each is its number, and 100 more in `b`."""
  for number in range(count):
    save(root / a / f'{number}.png', number)
    save(root / b / f'{number}.{extension}', 100 + number)


def assert_partners(split):
  """Checks that second pictures are 100 brighter than their partners; returns their values."""
  examples = [next(split.ordered(split.size)), split.spread(split.size)]
  batches = train_batches(split, batch_size=4, seed=0, augmented={})
  for example in (*examples, next(iter(batches))):
    values = np.asarray(example['image_a'])[:, 0, 0, 0].astype(int)
    np.testing.assert_array_equal(np.asarray(example['image_b'])[:, 0, 0, 0], values + 100)
  return sorted(examples[0]['image_a'][:, 0, 0, 0])


@pytest.mark.parametrize('limit', [0, 1])
@pytest.mark.parametrize(
  'a, b',
  [
    ('A/{}', 'B/{}'),
    ('{}/A', '{}/B'),
    ('{}A', '{}B'),
    ('data/{}_A', 'data/{}_B'),
    ('facades/A/{}', 'facades/B/{}'),
  ],
)
def test_two_folders_by_equal_names(tmp_path, a, b, limit):
  for number, split in enumerate(('train', 'val')):
    fill(tmp_path, a.format(split), b.format(split), count=10 - 4 * number)
  dataset = build(tmp_path, memory_limit_gb=limit)
  assert {name: split.size for name, split in dataset.splits.items()} == {
    'train': 10,
    'validation': 6,
  }
  assert dataset.fields.image_shape == () and dataset.fields['image_a'].shape == (8, 8, 1)
  assert dataset.fields['image_b'].shape == (8, 8, 3)
  assert dataset.fields.augmented() == {'image_a': 'image_a', 'image_b': 'image_a'}
  assert assert_partners(dataset.split('train')) == list(range(10))


def test_without_splits_both_sides_are_parted_alike_whatever_the_extension(tmp_path):
  fill(tmp_path, 'A', 'B', count=30, extension='bmp')
  for limit in (0, 1):
    dataset = build(tmp_path, memory_limit_gb=limit)
    sizes = [dataset.split(name).size for name in ('train', 'validation', 'test')]
    assert sizes == [24, 3, 3]
    values = [assert_partners(split) for split in dataset.splits.values()]
    assert sorted(sum(values, [])) == list(range(30))
  assert dataset.fingerprint == build(tmp_path, memory_limit_gb=0).fingerprint


@pytest.mark.parametrize('limit', [0, 1])
def test_partners_stay_together_where_the_sides_are_unequal(tmp_path, caplog, limit):
  fill(tmp_path, 'A', 'B', count=30)
  before = build(tmp_path, memory_limit_gb=limit)
  numbers = {name: assert_partners(split) for name, split in before.splits.items()}
  for number in (*numbers['test'][:2], numbers['validation'][0]):
    (tmp_path / f'B/{number}.png').unlink()
  for number in range(50, 70):
    save(tmp_path / f'B/{number}.png', number)
  after = build(tmp_path, memory_limit_gb=limit)
  for name, kept in {'train': slice(None), 'validation': slice(1, None), 'test': [2]}.items():
    expected = np.array(numbers[name])[kept].tolist()
    assert assert_partners(after.split(name)) == expected
  held_out = 'paired(a="image_folder(8, 1, folder=A)", b="image_folder(8, test=0, folder=B)")'
  assert list(build(tmp_path, held_out).splits) == ['train', 'validation', 'test']


@pytest.mark.parametrize('few', [1, 3, 8])
@pytest.mark.parametrize('sides', ['AB', 'BA'])
def test_a_class_that_one_side_nearly_lacks_tears_no_pair(tmp_path, few, sides):
  """Some splits of a side have no picture of a class of which there are few."""
  for folder, count in (('A/x', 20), ('A/y', 20), ('B/x', 20), ('B/y', few)):
    for number in range(count):
      save(tmp_path / folder / f'{number}.png', number)
  one, other = sides
  text = f'paired(a="image_folder(8, 1, folder={one})", b="image_folder(8, 1, folder={other})")'
  splits = build(tmp_path, text).splits.values()
  assert sum(split.size for split in splits) == 20 + few


@pytest.mark.parametrize('few', [0, 1])
def test_pictures_of_two_classes_are_no_partners(tmp_path, few):
  """A split has one class on one side, and another, but for `few` pictures, on the other."""
  fill(tmp_path, 'A/train/x', 'B/train/x', count=4)
  fill(tmp_path, 'A/train/y', 'B/val/x', count=4)
  fill(tmp_path, 'A/val/y', 'B/train/y', count=4)
  if few:
    save(tmp_path / 'A/val/x/0.png', 0)
    assert assert_partners(build(tmp_path).split('validation')) == [0]
    return
  with pytest.raises(UsageError, match='no two files of the validation split have equal names'):
    build(tmp_path)


def test_classes_inside_both_folders_are_those_of_the_first(tmp_path):
  for name in ('cat', 'dog'):
    fill(tmp_path, f'A/{name}', f'B/{name}')
  dataset = build(tmp_path)
  assert dataset.label_names == ('cat', 'dog')
  assert_partners(dataset.split('train'))


def test_files_without_a_partner_are_left_out_by_name(tmp_path, caplog):
  fill(tmp_path, 'A/train', 'B/train')
  (tmp_path / 'A/train/3.png').unlink()
  save(tmp_path / 'A/train/lonely.png', 7)
  with caplog.at_level(logging.WARNING):
    split = build(tmp_path).split('train')
  assert assert_partners(split) == [value for value in range(10) if value != 3]
  (message,) = {text for text in caplog.messages if 'no partner' in text}
  assert message.startswith('train: 2 files have no partner, left out: ')
  assert 'lonely.png' in message and 'B/train/3.png' in message


def test_of_many_files_without_a_partner_five_are_named(tmp_path, caplog):
  fill(tmp_path, 'A/train', 'B/train')
  for number in range(6):
    save(tmp_path / f'A/train/lonely{number}.png', 7)
  with caplog.at_level(logging.WARNING):
    build(tmp_path)
  (message,) = {text for text in caplog.messages if 'no partner' in text}
  assert message.count('lonely') == 5 and message.endswith('lonely4.png and 1 more')


def test_of_files_that_differ_by_extension_the_first_counts_and_others_are_named(tmp_path, caplog):
  fill(tmp_path, 'A/train', 'B/train')
  save(tmp_path / 'A/train/3.tif', 3)
  save(tmp_path / 'A/train/zz.png', 8)
  assert len(assert_partners(build(tmp_path).split('train'))) == 10
  again, alone = (text for text in caplog.messages if 'left out' in text)
  assert again == (
    'train: 1 file has the name of another but for the extension, left out: A/train/3.tif'
  )
  assert alone == 'train: 1 file has no partner, left out: A/train/zz.png'


def test_a_broken_file_takes_its_partner_along(tmp_path, caplog):
  fill(tmp_path, 'A/train', 'B/train')
  (tmp_path / 'B/train/4.png').write_bytes(b'<html>')
  split = build(tmp_path).split('train')
  assert assert_partners(split) == [value for value in range(10) if value != 4]
  assert 'A/train/4.png' in caplog.text


def test_partners_of_other_sizes_are_told_if_their_proportions_differ(tmp_path, caplog):
  fill(tmp_path, 'A/train', 'B/train')
  save(tmp_path / 'B/train/2.png', 102, size=(16, 16))
  build(tmp_path)
  assert 'proportions' not in caplog.text
  save(tmp_path / 'B/train/3.png', 103, size=(9, 12))
  assert len(assert_partners(build(tmp_path).split('train'))) == 10
  assert '1 of 10 pairs have other proportions, such as A/train/3.png (8x8) and' in caplog.text


@pytest.mark.parametrize('side', 'AB')
def test_a_file_that_breaks_in_use_takes_its_partner_along(tmp_path, caplog, side):
  fill(tmp_path, 'A/train', 'B/train')
  split = build(tmp_path, memory_limit_gb=0).split('train')
  (tmp_path / side / 'train/4.png').write_bytes(b'<html>')
  assert assert_partners(split) == [0, 1, 2, 3, 5, 5, 6, 7, 8, 9]
  assert caplog.text.count('can no longer be read') == 1
  assert 'A/train/4.png: can no' in caplog.text and 'counts as A/train/5.png' in caplog.text


def test_a_changed_picture_of_either_side_changes_the_fingerprint(tmp_path):
  fill(tmp_path, 'A/train', 'B/train')
  before = build(tmp_path).fingerprint
  assert build(tmp_path).fingerprint == before
  save(tmp_path / 'B/train/0.png', 55)
  assert build(tmp_path).fingerprint != before


def test_pairs_are_flipped_alike(tmp_path):
  call = 'paired(a="shapes(size=16, count=40, style=outline)", b="shapes(size=16, count=40)")'
  dataset = build(tmp_path, call)
  split = dataset.split('train')
  fields = dict(augment='flip', augmented=dataset.fields.augmented())
  batch = next(iter(train_batches(split, batch_size=32, seed=0, **fields)))
  stored = next(split.ordered(32))
  by_picture = {image.tobytes(): index for index, image in enumerate(stored['image_a'])}
  flipped = 0
  for one, other in zip(batch['image_a'].numpy(), batch['image_b'].numpy()):
    turned = one.tobytes() not in by_picture
    flipped += turned
    step = -1 if turned else 1
    index = by_picture[np.ascontiguousarray(one[:, ::step]).tobytes()]
    np.testing.assert_array_equal(stored['image_b'][index], other[:, ::step])
  assert 8 < flipped < 24


@pytest.mark.parametrize('limit', [0, 1])
def test_pairs_are_jittered_alike_and_anew_in_each_epoch(tmp_path, limit):
  for number in range(8):
    ramp = np.tile(np.arange(32, dtype=np.uint8)[None, :, None] * 6, (32, 1, 3)) + number
    for folder in 'AB':
      save(tmp_path / folder / f'train/{number}.png', ramp, size=(32, 32))
  dataset = build(
    tmp_path, FOLDERS.replace('8', '32').replace('32, 1,', '32,'), memory_limit_gb=limit
  )
  batches = iter(
    train_batches(
      dataset.split('train'),
      batch_size=8,
      seed=0,
      augment='jitter, flip',
      augmented=dataset.fields.augmented(),
    )
  )
  epochs = [next(batches) for _ in range(3)]
  for epoch in epochs:
    np.testing.assert_array_equal(epoch['image_a'], epoch['image_b'])
  seen = {image.tobytes() for epoch in epochs for image in epoch['image_a'].numpy()}
  assert len(seen) > 16  # Of 8 pictures: nothing random is kept from one epoch for the next.


@pytest.mark.parametrize('first', ['left', 'right'])
def test_halves_of_one_picture(tmp_path, first):
  for number in range(6):
    pixels = np.full((8, 16, 3), number, np.uint8)
    pixels[:, 8:] += 100
    path = tmp_path / f'train/{number}.png'
    path.parent.mkdir(exist_ok=True)
    Image.fromarray(pixels).save(path)
  call = f'halves("image_folder(size=(8, 16), channels=1)", first={first})'
  dataset = build(tmp_path, call)
  assert dataset.fields['image_a'].shape == dataset.fields['image_b'].shape == (8, 8, 1)
  example = next(dataset.split('train').ordered(6))
  one, other = ('image_a', 'image_b') if first == 'left' else ('image_b', 'image_a')
  np.testing.assert_array_equal(example[one][:, 0, 0, 0], range(6))
  np.testing.assert_array_equal(example[other][:, 7, 7, 0], range(100, 106))
  other_side = build(tmp_path, call.replace(first, {'left': 'right', 'right': 'left'}[first]))
  assert other_side.fingerprint != dataset.fingerprint


@pytest.mark.parametrize(
  'call, message',
  [
    (FOLDERS.replace('folder=B', 'folder=C'), 'folder=C: no picture .*; there are A, B, train'),
    (FOLDERS.replace(', folder=A', ''), 'no two files of the train split have equal names'),
    ('paired(a=digits, b="shapes(size=32)")', 'train splits have 1437 and 8000 examples'),
    ('paired(a="domains", b=digits)', 'a=domains: .* holds image_a, label_a, image_b'),
    ('paired(a="nothing", b=digits)', "a=nothing: unknown dataset 'nothing'"),
    ('unpaired(a=digits, b=digits)', "unknown dataset 'unpaired'; did you mean domains"),
    ('halves("digits(9)")', r'digits\(9\) is 9 pixels wide, which has no half'),
    ('halves(first=top)', 'first=top should be left or right'),
    ('halves(dataset=domains)', 'holds image_a'),
  ],
)
def test_what_is_no_pair_is_refused(tmp_path, call, message):
  fill(tmp_path, 'A/train', 'B/train')
  with pytest.raises(UsageError, match=message):
    build(tmp_path, call)


def test_folders_whose_names_have_nothing_in_common(tmp_path):
  for number in range(4):
    save(tmp_path / f'A/train/a{number}.png', number)
    save(tmp_path / f'B/train/b{number}.png', number)
  with pytest.raises(UsageError, match='no two files of the train split have equal names, such as'):
    build(tmp_path)


def test_the_canonical_string_of_a_folder_is_as_it_was():
  assert 'folder=' not in str(registry.dataset.parse('image_folder(64)'))
