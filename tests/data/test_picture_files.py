"""Files that users call pictures: formats by content, links, names, damage, and changes."""

from __future__ import annotations

import io
import json
import logging
import os
import zlib

import numpy as np
from PIL import Image, PngImagePlugin, features
import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.data.description import describe
from tfgan_pipeline.data.folders.loose_pictures import picture_split
from tfgan_pipeline.data.folders.picture_files import picture_names
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator

CALL = 'image_folder(16, validation=0, test=0)'
LIMITS = (1.0, 0.0)


def build(folder, call=CALL, limit=1.0):
  return registry.dataset.build(call, DataOptions(str(folder), limit))


def noise(seed=0, size=16):
  return Image.fromarray(np.random.RandomState(seed).randint(0, 256, (size, size, 3), np.uint8))


def fill(folder, count=3, first=0):
  """Saves `count` PNGs of noise as 00.png, 01.png, ..."""
  folder.mkdir(parents=True, exist_ok=True)
  for index in range(first, first + count):
    noise(index).save(folder / f'{index:02d}.png')
  return folder


def readers(folder):
  """Names of the pictures that each way to read a folder takes."""
  splits = [build(folder, limit=limit).split('train') for limit in LIMITS]
  names = [split.names if hasattr(split, 'names') else split._stored.names for split in splits]
  return {*names, picture_split(str(folder), '--generated_dir').names}


def test_names_of_pictures_by_content(tmp_path):
  (fill(tmp_path / 'b') / 'note.txt').write_text('none')
  noise().save(tmp_path / 'a', 'PNG')
  assert picture_names(str(tmp_path), '--input_dir') == ['a', 'b/00.png', 'b/01.png', 'b/02.png']
  (tmp_path / 'c').mkdir()
  (tmp_path / 'c/note.txt').write_text('none')
  with pytest.raises(UsageError, match=f'^--input_dir={tmp_path}/c: no pictures in it$'):
    picture_names(f'{tmp_path}/c', '--input_dir')


FORMATS = {
  'a.jfif': 'JPEG',
  'b.jpe': 'JPEG',
  'c.PPM': 'PPM',
  'd.tga': 'TGA',
  'e.jp2': 'JPEG2000',
  'f.avif': 'AVIF',
  'g': 'PNG',
  'h.dat': 'WEBP',
  'i.png': 'JPEG',
  'j.0': 'BMP',
}


def test_pictures_are_known_by_their_content(tmp_path):
  formats = dict(FORMATS)
  if not features.check('avif'):
    del formats['f.avif']
  for name, kind in formats.items():
    noise().save(tmp_path / name, format=kind)
  for name in ('notes.txt', 'labels.csv', 'Thumbs.db', 'empty'):
    (tmp_path / name).write_bytes(b'' if name == 'empty' else b'0,1,2\n' * 9)
  (tmp_path / 'x.eps').write_text('%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n')
  expected = tuple(sorted(formats))
  assert readers(tmp_path) == {expected}
  line = describe(build(tmp_path))
  assert f'{len(expected)} pictures of 16x16x3' in line and 'stored as 16x16' in line
  assert '1 .eps (EPS is a program)' in line and '1 .csv (no picture)' in line
  assert '1 without extension (no picture)' in line
  noise().convert('L').save(tmp_path / 'k.pgm')
  assert build(tmp_path).split('train').size == len(expected) + 1


def test_each_file_counts_once_whatever_links_lead_to_it(tmp_path):
  root = fill(tmp_path / 'pictures')
  fill(tmp_path / 'elsewhere', count=1, first=9)
  (root / 'back').symlink_to(root)
  (root / '00-again.png').symlink_to('00.png')
  (root / 'beside.png').symlink_to('../elsewhere/09.png')
  (root / 'beside-again.png').symlink_to('../elsewhere/09.png')
  (root / 'gone.png').symlink_to('nowhere.png')
  os.mkfifo(root / 'pipe.png')
  assert readers(root) == {('00.png', '01.png', '02.png', 'beside-again.png')}
  line = describe(build(root))
  assert '2 .png (link to what counts already)' in line and '1 .png (link to no file)' in line
  assert '1 .png (no regular file)' in line


def test_names_that_are_no_utf_8(tmp_path):
  root = os.fsencode(tmp_path / 'pictures')
  for folder in (b'caf\xe9', b'tea'):
    os.makedirs(os.path.join(root, folder))
    for index in range(2):
      buffer = io.BytesIO()
      noise(index).save(buffer, 'PNG')
      with open(os.path.join(root, folder, b'\xff%d.png' % index), 'wb') as file:
        file.write(buffer.getvalue())
  for limit in LIMITS:
    dataset = build(tmp_path / 'pictures', limit=limit)
    assert dataset.label_names == ('caf\\xe9', 'tea') and dataset.split('train').size == 4
    assert len(dataset.fingerprint) == 16
  assert picture_split(str(tmp_path / 'pictures'), '--x').size == 4
  os.rename(root, os.fsencode(tmp_path / 'b') + b'\xe9')
  with pytest.raises(UsageError, match=r'^--data_dir=.*b\\udce9: is no UTF-8; rename the folder'):
    build(tmp_path / 'b\udce9')


def bomb(path, width, height):
  """Writes a PNG of one shade that is tiny as a file."""
  rows = zlib.compressobj(9)
  data = b''.join(rows.compress(bytes(width // 8 + 1)) for _ in range(height)) + rows.flush()

  def chunk(kind, content):
    body = kind + content
    return len(content).to_bytes(4, 'big') + body + zlib.crc32(body).to_bytes(4, 'big')

  header = width.to_bytes(4, 'big') + height.to_bytes(4, 'big') + bytes([1, 0, 0, 0, 0])
  parts = chunk(b'IHDR', header), chunk(b'IDAT', data), chunk(b'IEND', b'')
  path.write_bytes(b'\x89PNG\r\n\x1a\n' + b''.join(parts))


def test_broken_files_are_left_out_by_name_in_every_way_to_read(tmp_path, caplog):
  root = fill(tmp_path / 'pictures')
  whole = io.BytesIO()
  noise(5, 64).save(whole, 'JPEG')
  (root / 'cut.jpg').write_bytes(whole.getvalue()[: len(whole.getvalue()) * 2 // 3])
  bomb(root / 'bomb.png', 15_000, 15_000)
  assert (root / 'bomb.png').stat().st_size < 250_000
  (root / 'page.png').write_text('<html>404</html>')
  logging.getLogger('absl').propagate = True
  assert readers(root) == {('00.png', '01.png', '02.png')}
  assert caplog.text.count('skipped cut.jpg: image file is truncated') == 3
  assert caplog.text.count('skipped bomb.png: Image size (225000000 pixels)') == 3
  assert caplog.text.count('skipped page.png: no picture') == 3


def test_a_bound_on_pixels_that_no_setting_of_pillow_lifts(tmp_path, monkeypatch):
  root = fill(tmp_path / 'pictures')
  bomb(root / 'bomb.png', 15_000, 15_000)
  monkeypatch.setattr(Image, 'MAX_IMAGE_PIXELS', None)
  line = describe(build(root))
  assert '1 .png (15000 x 15000 pixels are more than 178,956,970)' in line


@pytest.mark.parametrize('limit', LIMITS)
def test_metadata_that_cannot_be_read_counts_as_none(tmp_path, limit):
  damaged = b'\x00\x08\x00\x02\x01\x12\x00\x03'
  picture = noise()
  picture.save(tmp_path / 'a.png', exif=damaged)
  picture.save(tmp_path / 'b.webp', exif=damaged, lossless=True)
  picture.save(tmp_path / 'c.png')
  text = PngImagePlugin.PngInfo()
  text.add_text('workflow', '{"node": 0} ' * 180_000, zip=True)
  turned = Image.Exif()
  turned[0x0112] = 3
  picture.transpose(Image.Transpose.ROTATE_180).save(tmp_path / 'd.png', pnginfo=text, exif=turned)
  (batch,) = build(tmp_path, limit=limit).split('train').ordered(9)
  assert len(batch['image']) == 4
  for image in batch['image']:
    np.testing.assert_array_equal(image, np.asarray(picture))


def test_a_file_that_breaks_later_counts_as_the_next_of_its_class(tmp_path, caplog):
  for folder in ('a', 'b'):
    fill(tmp_path / folder, count=3, first=0 if folder == 'a' else 3)
  split = build(tmp_path, limit=0.0).split('train')
  (before,) = split.ordered(6)
  (tmp_path / 'a' / '02.png').write_bytes(b'')
  (tmp_path / 'b' / '03.png').unlink()
  logging.getLogger('absl').propagate = True
  for _ in range(2):
    (after,) = split.ordered(6)
    np.testing.assert_array_equal(after['image'], before['image'][[0, 1, 0, 4, 4, 5]])
    np.testing.assert_array_equal(after['label'], before['label'])
  assert caplog.text.count('a/02.png: can no longer be read') == 1
  assert caplog.text.count('counts as a/00.png') == 1 and caplog.text.count('as b/04.png') == 1
  noise(9, size=8).save(tmp_path / 'a' / '01.png')  # Read in the size that is asked for.
  for path in (tmp_path / 'a').iterdir():
    path.unlink()
  with pytest.raises(UsageError, match=r'a/00\.png: can no longer be read .* nor can the 2 beside'):
    list(split.ordered(6))


@pytest.mark.usefixtures('graphs_as_traced')
@pytest.mark.parametrize('limit', [0.0, pytest.param(1.0, marks=pytest.mark.heavy)])
def test_a_run_goes_on_with_changed_data_if_told_so(tmp_path, limit, options):
  root = fill(tmp_path / 'pictures', count=40)
  experiment = tiny_experiment(
    tmp_path / 'run',
    networks='mlp(units=4)',
    dataset=CALL,
    data_dir=str(root),
    memory_limit_gb=limit,
  )
  estimator = GANEstimator(experiment)
  estimator.build()
  (root / '07.png').write_bytes(b'broken')  # While training: a warning, and no end.
  assert estimator.train(2) == 2
  (root / '07.png').unlink()
  fill(root, count=3, first=40)
  with pytest.raises(UsageError, match='--change=data goes on with the data that is there'):
    GANEstimator(experiment).train()
  assert GANEstimator(experiment, change='data').train() == 4
  record = json.loads((tmp_path / 'run' / 'experiment.json').read_text())
  old, new = record['sessions'][1]['changed_data']['fingerprint']
  assert new == record['dataset']['fingerprint'] != old
  assert record['sessions'][1]['changed_data']['splits'] == [{'train': 40}, {'train': 42}]
  assert '--change' not in (tmp_path / 'run' / 'experiment.flags').read_text()
  again = GANEstimator(experiment)
  assert again.train() == 4 and again.evaluate(options=options)['step'] == 4
  (root / 'new_class').mkdir()
  for name in sorted(os.listdir(root))[:20]:
    if name.endswith('.png'):
      (root / name).rename(root / 'new_class' / name)
  for name in os.listdir(root):
    if name.endswith('.png'):
      (root / name).unlink()
  fill(root / 'other_class', count=2)
  with pytest.raises(UsageError, match='--change=data: .*new_class/other_class, the run in .* new'):
    GANEstimator(experiment, change='data').train()
