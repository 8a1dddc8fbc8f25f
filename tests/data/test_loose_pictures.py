"""A folder of pictures that are scored as they are stored."""

from __future__ import annotations

import numpy as np
from PIL import Image
import pytest

from tfgan_pipeline.data.folders.loose_pictures import picture_split
from tfgan_pipeline.errors import UsageError


@pytest.fixture
def folder(tmp_path):
  """Two pictures 6 wide and 4 high, of which the second lies deeper."""
  (tmp_path / 'deeper').mkdir()
  for value, name in ((10, 'a.png'), (20, 'deeper/b.png')):
    Image.fromarray(np.full((4, 6, 3), value, np.uint8)).save(tmp_path / name)
  return tmp_path


def test_pictures_keep_their_shape_unless_one_is_asked_for(folder):
  for size, shape in ((0, (4, 6, 3)), (1, (1, 1, 3)), (5, (5, 5, 3))):
    split = picture_split(str(folder), '--x', size=size)
    batch = next(split.ordered(4))
    images, labels = batch['image'], batch['label']
    assert images.shape == (2, *shape) == (split.size, *split.image_shape)
    assert images[0].max() == 10 and images[1].min() == 20 and list(labels) == [0, 0]
  plain = picture_split(str(folder), '--x')
  assert plain.image_shape == (4, 6, 3)
  assert plain.fingerprint != picture_split(str(folder), '--x', size=4).fingerprint


def test_grey_stays_grey_unless_some_are_coloured(folder):
  Image.fromarray(np.zeros((4, 6), np.uint8)).save(folder / 'c.png')
  mixed = picture_split(str(folder), '--x')
  assert mixed.image_shape == (4, 6, 3)
  assert list(next(mixed.ordered(4))['image'].max(axis=(1, 2, 3))) == [10, 0, 20]
  Image.fromarray(np.zeros((4, 5), np.uint8)).save(folder / 'd.png')
  with pytest.raises(UsageError, match=r'a\.png is 4x6x3 and d\.png is 4x5x3; one shape is'):
    picture_split(str(folder), '--x')
  (folder / 'd.png').unlink()
  (folder / 'a.png').unlink()
  (folder / 'deeper' / 'b.png').unlink()
  assert picture_split(str(folder), '--x').image_shape == (4, 6, 1)
  (folder / 'd.png').write_text('no picture')
  assert picture_split(str(folder), '--x').names == ('c.png',)
  (folder / 'c.png').unlink()
  with pytest.raises(UsageError, match=r'--x=.*: none of 1 pictures can be read, as d\.png: no'):
    picture_split(str(folder), '--x')
