"""Stored values of pictures: ranges, backgrounds, warnings, and one filter for every format."""

from __future__ import annotations

import logging

import numpy as np
from PIL import Image
import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.folders.decoding import read_picture
from tfgan_pipeline.data.folders.loose_pictures import picture_split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator

LIMITS = (1.0, 0.0)


def build(folder, arguments='', limit=1.0, size=8, channels=1):
  call = f'image_folder({size}, channels={channels}, validation=0, test=0{arguments})'
  return registry.dataset.build(call, DataOptions(str(folder), limit))


def images(folder, arguments='', **options):
  return next(build(folder, arguments, **options).split('train').ordered(999))['image']


@pytest.fixture
def warnings(caplog, monkeypatch):
  """Returns a function that gives the warnings since its last call."""
  monkeypatch.setattr(logging.getLogger('absl'), 'propagate', True)

  def taken():
    texts = [record.getMessage() for record in caplog.records if record.levelname == 'WARNING']
    caplog.clear()
    return texts

  return taken


def save_deep(folder, dtype, low=0, high=4095, count=4):
  """Saves ramps from `low` to `high`, each of another slope."""
  folder.mkdir(exist_ok=True)
  for index in range(count):
    ramp = np.linspace(low, high - index * (high - low) / 10, 64).reshape(8, 8)
    Image.fromarray(ramp.astype(dtype)).save(folder / f'{index}.tif')
  return folder


@pytest.mark.parametrize('limit', LIMITS)
@pytest.mark.parametrize(
  'dtype, low, high',
  [
    (np.uint16, 0, 4095),
    (np.int32, -1000, 3000),
    (np.int32, 0, 2_000_000),
    (np.float32, -40, 40),
    (np.float32, 0, 1),
    (np.uint8, 0, 9),
  ],
)
def test_a_range_spreads_values_from_black_to_white(tmp_path, dtype, low, high, limit, warnings):
  folder = save_deep(tmp_path / 'scans', dtype, low, high)
  expected = np.linspace(0, 255, 64).reshape(8, 8)
  step = 255 / (high - low) if np.issubdtype(dtype, np.integer) else 0
  for text in (f', range=({low}, {high})', ', range=data'):
    found = images(folder, text, limit=limit)
    assert found[0].min() == 0 and found[0].max() == 255
    assert abs(found[0, ..., 0] - expected).max() <= 1 + step
    assert found[3].max() < 190
    assert not warnings()
  inside = images(folder, f', range=({low}, {(low + high) / 2})', limit=limit)
  assert (inside[0, 5:] >= 250).all()  # Values beyond the range are its ends.


@pytest.mark.parametrize('limit', LIMITS)
def test_twelve_bits_in_sixteen_are_warned_of(tmp_path, limit, warnings):
  folder = save_deep(tmp_path / 'scans', np.uint16)
  assert images(folder, limit=limit).max() == 16
  (warning,) = warnings()
  assert 'use the values 0 to 4095, 6.2% of their range; range=(0, 4095) or range=data' in warning
  images(save_deep(tmp_path / 'more', np.uint16, high=4200), limit=limit)
  assert not warnings()


def test_values_without_a_scale_are_refused_with_a_way_out(tmp_path):
  for dtype, high in ((np.float32, 1), (np.int32, 700_000)):
    folder = save_deep(tmp_path / np.dtype(dtype).name, dtype, high=high)
    with pytest.raises(UsageError, match=r'none of 4 .* known scale; give range=\(LOW, HIGH\) or'):
      build(folder)
  Image.fromarray(np.full((8, 8), np.nan, np.float32)).save(tmp_path / 'float32' / '0.tif')
  assert len(images(tmp_path / 'float32', ', range=(0, 1)')) == 3


def test_the_fingerprint_knows_the_range_and_the_background(tmp_path):
  folder = save_deep(tmp_path / 'scans', np.uint16)
  texts = ('', ', range=(0, 4095)', ', range=(0, 4096)', ', background=black')
  assert len({build(folder, text).fingerprint for text in texts}) == 4
  assert build(folder, ', range=data').fingerprint == build(folder, texts[1]).fingerprint
  assert build(folder, ', background=white').fingerprint == build(folder).fingerprint


@pytest.mark.parametrize(
  'arguments, channels, message',
  [
    (', range=(5, 5)', 1, r'range=\(5, 5\) should be \(LOW, HIGH\), LOW below HIGH'),
    (', range=(9, 1)', 1, r'range=\(9, 1\) should be'),
    (', range=(0, 1e999)', 1, r'range=\(0, inf\) should be'),
    (', range=all', 1, 'argument range=all should be'),
    (', range=data', 1, 'range=data: all values are 0, which is no range'),
    (', background=vantablack', 1, 'background=vantablack is no colour; say black'),
    (', background=black', 4, 'background=black: channels=4 keeps transparency'),
  ],
)
def test_wrong_ranges_and_backgrounds(tmp_path, arguments, channels, message):
  Image.new('L', (8, 8)).save(tmp_path / 'x.png')
  with pytest.raises(UsageError, match=message) as error:
    build(tmp_path, arguments, channels=channels)
  assert '\n' not in str(error.value)


def test_a_range_of_no_picture_that_can_be_read(tmp_path):
  Image.new('L', (8, 8)).save(tmp_path / 'x.png')
  whole = (tmp_path / 'x.png').read_bytes()
  (tmp_path / 'x.png').write_bytes(whole[:40])
  with pytest.raises(UsageError, match='range=data: no picture there can be read'):
    build(tmp_path, ', range=data')


@pytest.mark.parametrize('limit', LIMITS)
def test_white_sprites_over_white_are_warned_of_and_need_a_background(tmp_path, limit, warnings):
  for index in range(5):
    alpha = np.zeros((8, 8), np.uint8)
    alpha[index : index + 3] = 255
    sprite = np.dstack([np.full((8, 8, 3), 255, np.uint8), alpha])
    Image.fromarray(sprite).save(tmp_path / f'{index}.png')
  assert (images(tmp_path, limit=limit, channels=3) == 255).all()
  (warning,) = warnings()
  assert 'all 5 training pictures are equal as they are read; if they are transparent' in warning
  found = images(tmp_path, ', background=black', limit=limit, channels=3)
  assert (found[0, :3] == 255).all() and not found[0, 3:].any()
  found = images(tmp_path, ", background='#ff8000'", limit=limit, channels=3)
  assert found[0, 7, 7].tolist() == [255, 128, 0]
  assert images(tmp_path, limit=limit, channels=4)[0, 0, 0].tolist() == [255] * 4
  assert not warnings()


def pair(tmp_path, size=320):
  """A photograph-like JPEG, and a PNG of the very pixels that it decodes to."""
  coarse = np.random.RandomState(0).randint(0, 256, (size // 4, size // 4, 3), np.uint8)
  noise = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
  for kind in ('jpg', 'png'):
    (tmp_path / kind).mkdir(exist_ok=True)
  noise.save(tmp_path / 'jpg' / 'x.jpg', quality=85)
  with Image.open(tmp_path / 'jpg' / 'x.jpg') as decoded:
    decoded.save(tmp_path / 'png' / 'x.png')
  return str(tmp_path / 'jpg' / 'x.jpg'), str(tmp_path / 'png' / 'x.png')


@pytest.mark.parametrize('size', [None, (320, 320), (100, 64), (64, 64), (16, 16), (3, 7)])
@pytest.mark.parametrize('channels', [0, 1, 3, 4])
def test_equal_pixels_stay_equal_whatever_the_format(tmp_path, size, channels):
  one, other = (
    read_picture(path, size=size, channels=channels, resize='crop') for path in pair(tmp_path)
  )
  np.testing.assert_array_equal(one, other)


def test_only_pictures_that_are_read_anew_have_another_fingerprint(tmp_path):
  """JPEGs of four times the size were halved by their decoder in earlier versions."""
  pair(tmp_path)

  def fingerprints(kind, size, former):
    call = f'image_folder({size}, validation=0, test=0)'
    return registry.dataset.build(call, DataOptions(str(tmp_path / kind), 1.0, former)).fingerprint

  for kind, size, equal in (('jpg', 80, False), ('jpg', 81, True), ('png', 16, True)):
    assert (fingerprints(kind, size, True) == fingerprints(kind, size, False)) == equal
  for kind, size, words in (
    ('jpg', 80, 'crop lanczos 80 in full'),
    ('jpg', 81, 'crop lanczos 81'),
    ('png', 16, 'crop lanczos 16'),
  ):
    assert picture_split(str(tmp_path / kind), '--x', size=size).recipe == words


@pytest.mark.usefixtures('graphs_as_traced')
def test_a_run_on_large_jpegs_goes_on_with_the_pixels_it_began_with(tmp_path, monkeypatch):
  (root := tmp_path / 'pictures').mkdir()
  for index in range(20):
    pixels = np.random.RandomState(index).randint(0, 256, (64, 64), np.uint8)
    Image.fromarray(pixels).save(root / f'{index}.jpg')
  dataset = 'image_folder(16, channels=1, validation=0, test=0)'
  experiment = tiny_experiment(
    tmp_path / 'run', networks='mlp(units=4)', dataset=dataset, data_dir=str(root)
  )
  with monkeypatch.context() as patch:
    patch.setattr(DataOptions.__init__, '__defaults__', (None, 4.0, True))
    began = GANEstimator(experiment)
    began.train(2)
  goes_on = GANEstimator(experiment)
  assert goes_on.train() == 4
  before, after = (next(x.dataset.split('train').ordered(20))['image'] for x in (began, goes_on))
  np.testing.assert_array_equal(before, after)
  assert (before != images(root, size=16)).any()
