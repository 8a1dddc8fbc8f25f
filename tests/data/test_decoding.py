"""Pictures of any format as arrays of one shape."""

from __future__ import annotations

import functools
import os

import numpy as np
from PIL import Image
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.folders.decoding import read_picture


def build(folder, call='image_folder(8)'):
  return registry.dataset.build(call, DataOptions(str(folder)))


def save(path, image, **kwargs):
  os.makedirs(path.parent, exist_ok=True)
  if isinstance(image, np.ndarray):
    image = Image.fromarray(image)
  image.save(path, **kwargs)


def all_images(dataset):
  return np.concatenate(
    [batch['image'] for split in dataset.splits.values() for batch in split.ordered(7)]
  )


HALF_RED = [255, 127, 127]  # Half transparent red over white.


@pytest.mark.parametrize(
  'name, image, expected, tolerance',
  [
    ('grey.png', Image.new('L', (8, 8), 77), [77, 77, 77], 0),
    ('grey_alpha.png', Image.new('LA', (8, 8), (0, 128)), [127, 127, 127], 0),
    ('alpha.png', Image.new('RGBA', (8, 8), (255, 0, 0, 128)), HALF_RED, 0),
    ('alpha.webp', Image.new('RGBA', (8, 8), (255, 0, 0, 128)), HALF_RED, 4),
    ('clear.png', Image.new('RGBA', (8, 8), (9, 9, 9, 0)), [255, 255, 255], 0),
    ('cmyk.tif', Image.new('CMYK', (8, 8), (0, 255, 255, 0)), [255, 0, 0], 0),
    ('cmyk.jpg', Image.new('CMYK', (8, 8), (0, 255, 255, 0)), [255, 0, 0], 4),
    ('deep.png', Image.fromarray(np.full((8, 8), 77 * 257, np.uint16)), [77, 77, 77], 0),
    ('deep.tiff', Image.fromarray(np.full((8, 8), 77 * 257 + 128, np.uint16)), [77, 77, 77], 0),
    ('palette.gif', Image.new('RGB', (8, 8), (10, 200, 30)).quantize(4), [10, 200, 30], 2),
    ('palette.png', Image.new('RGB', (8, 8), (10, 200, 30)).quantize(4), [10, 200, 30], 2),
    ('one_bit.png', Image.new('1', (8, 8), 1), [255, 255, 255], 0),
    ('plain.bmp', Image.new('RGB', (8, 8), (10, 200, 30)), [10, 200, 30], 0),
    ('plain.JPEG', Image.new('RGB', (8, 8), (10, 200, 30)), [10, 200, 30], 4),
  ],
)
def test_colour_models(tmp_path, name, image, expected, tolerance):
  save(tmp_path / name, image)
  dataset = build(tmp_path)
  found = dataset.split('train').images.astype(int)
  assert found.shape == (1, 8, 8, 3)
  assert abs(found - expected).max() <= tolerance, found[0, 0, 0]
  grey = build(tmp_path, 'image_folder(8, channels=1)').split('train').images
  luminance = np.dot(expected, [0.299, 0.587, 0.114])
  assert grey.shape == (1, 8, 8, 1) and abs(grey - luminance).max() <= tolerance + 1


def test_palette_with_a_transparent_colour(tmp_path):
  image = Image.new('P', (8, 8), 0)
  image.putpalette([0, 0, 0, 200, 0, 0])
  image.putpixel((0, 0), 1)
  save(tmp_path / 'x.png', image, transparency=0)
  found = read_picture(str(tmp_path / 'x.png'), size=(8, 8), channels=3, resize='crop')
  assert list(found[0, 0]) == [200, 0, 0] and list(found[5, 5]) == [255, 255, 255]


def test_animation_gives_its_first_frame(tmp_path):
  frames = [Image.new('L', (8, 8), value) for value in (50, 90, 200)]
  save(tmp_path / 'x.gif', frames[0], save_all=True, append_images=frames[1:])
  assert (all_images(build(tmp_path)) == 50).all()


def test_orientation_tag_is_obeyed(tmp_path):
  upright = np.zeros((8, 8, 3), np.uint8)
  upright[:4] = 250
  exif = Image.Exif()
  exif[0x0112] = 6  # Stored lying on its left side: turn by 90 degrees clockwise to view.
  save(tmp_path / 'x.png', np.rot90(upright).copy(), exif=exif)
  np.testing.assert_array_equal(all_images(build(tmp_path))[0], upright)


def test_crop_and_stretch(tmp_path):
  wide = np.zeros((8, 24, 3), np.uint8)
  wide[:, 8:16] = 200
  save(tmp_path / 'x.png', wide)
  assert (all_images(build(tmp_path)) == 200).all()
  stretched = all_images(build(tmp_path, 'image_folder(8, resize=stretch)'))[0, 0, :, 0]
  assert max(stretched[[0, -1]]) < 10 and min(stretched[3:5]) > 190


@pytest.mark.parametrize('height, width', [(8, 23), (23, 8), (8, 24), (25, 8)])
def test_crop_takes_the_middle_of_wide_and_tall_pictures(tmp_path, height, width):
  stored = np.random.RandomState(0).randint(0, 256, (height, width, 3), np.uint8)
  save(tmp_path / 'x.png', stored)
  top, left = (height - 8) // 2, (width - 8) // 2
  np.testing.assert_array_equal(
    all_images(build(tmp_path))[0], stored[top : top + 8, left : left + 8]
  )


def test_deep_greys_are_rounded_and_no_others_taken(tmp_path):
  path = tmp_path / 'x.tif'
  values = np.array([[0, 128, 129, 256], [385, 386, 65406, 65407], [65535] * 4, [642] * 4])
  save(path, values.astype(np.int32))
  found = read_picture(str(path), size=None, channels=0, resize='crop')[..., 0]
  np.testing.assert_array_equal(found, (values + 128) // 257)
  assert found.tolist()[:2] == [[0, 0, 1, 1], [1, 2, 254, 255]]
  for wrong in (-1, 65536):
    values[2, 2] = wrong
    save(path, values.astype(np.int32))
    with pytest.raises(ValueError, match='have no known scale'):
      read_picture(str(path), size=None, channels=0, resize='crop')


def test_reducing_averages_over_all_pixels(tmp_path):
  checks = np.zeros((256, 256, 3), np.uint8)
  checks[::2, ::2] = checks[1::2, 1::2] = 255
  save(tmp_path / 'x.png', checks)
  save(tmp_path / 'y.jpg', checks, quality=95)
  assert abs(all_images(build(tmp_path)).astype(float) - 127.5).max() < 4


def test_large_jpegs_keep_the_detail_that_the_result_can_show(tmp_path):
  stripes = np.zeros((64, 64, 3), np.uint8)
  stripes[:, np.arange(64) % 8 < 4] = 255
  save(tmp_path / 'x.jpg', stripes, quality=95)
  row = all_images(build(tmp_path, 'image_folder(32)'))[0, 16, :, 0].astype(int)
  np.testing.assert_allclose(row[4:28], np.tile([255, 255, 0, 0], 6), atol=30)


def test_mixed_sizes_become_one(tmp_path):
  for index, size in enumerate(((3, 5), (100, 40), (8, 8), (1, 1))):
    save(tmp_path / f'{index}.png', Image.new('RGB', size, (index, index, index)))
  assert sorted(all_images(build(tmp_path))[:, 0, 0, 0]) == [0, 1, 2, 3]


def test_by_width_or_not_at_all(tmp_path):
  """A tall and a wide picture whose rows, 8 pixels each, are numbered."""
  for name, rows, width in (('tall', 12, 32), ('wide', 2, 64)):
    pixels = np.repeat(np.arange(rows, dtype=np.uint8) * 10, 8)[:, None, None]
    Image.fromarray(np.tile(pixels, (1, width, 3))).save(tmp_path / f'{name}.png')
  read = functools.partial(read_picture, size=(16, 16), channels=3)
  # From 32 to 16 pixels wide, rows are 4 high, and the four in the middle remain.
  tall = read(str(tmp_path / 'tall.png'), resize='width')
  np.testing.assert_allclose(tall[2::4, 0, 0], [40, 50, 60, 70], atol=2)
  assert (tall == tall[:, :1, :1]).all()
  # From 64 to 16, two rows of 2 are left, and mirrored up to the edges.
  wide = read(str(tmp_path / 'wide.png'), resize='width')[:, 0, 0]
  np.testing.assert_array_equal(wide[2:10], np.concatenate([wide[6:10][::-1], wide[6:10]]))
  assert wide.shape == (16,) and wide.min() < 3 and wide.max() > 7
  none = read(str(tmp_path / 'tall.png'), resize='none')[:, 0, 0]
  assert list(none) == [50] * 8 + [60] * 8  # Stored pixels, out of the middle.
  found = build(tmp_path, 'image_folder((96, 16), resize=none, validation=0, test=0)')
  assert found.split('train').names == ('tall.png',)
  assert 'left out: 1 .png (16x64 pixels are fewer than 96x16, and resize=none' in found.notes
