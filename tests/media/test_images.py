"""Pixel conversions and grids."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media import images, sizes
from tfgan_pipeline.media.pairs import pairs


def test_every_byte_survives_the_round_trip():
  every = np.arange(256, dtype=np.uint8)
  floats = images.to_float(every)
  assert float(floats[0]) == -1.0 and float(floats[255]) == 1.0
  np.testing.assert_array_equal(images.to_uint8(floats), every)


def test_out_of_range_is_clipped_and_never_wraps():
  np.testing.assert_array_equal(
    images.to_uint8(tf.constant([-3.0, -1.0, 0.999, 1.0, 1.1])), [0, 0, 255, 255, 255]
  )


def test_grid_places_pictures_row_by_row():
  pictures = np.stack([np.full((2, 3, 1), value, np.uint8) for value in range(5)])
  grid = images.grid(pictures, columns=3, gap=1)
  assert grid.shape == (2 * 3 + 1, 3 * 4 + 1, 1)
  assert grid[1, 1] == 0 and grid[1, 5] == 1 and grid[4, 1] == 3 and grid[4, 9] == 255
  assert images.grid(pictures).shape == (2 * 4 + 2, 3 * 5 + 2, 1)


def test_png_round_trip(tmp_path):
  picture = np.random.RandomState(0).randint(0, 256, (5, 4, 3)).astype(np.uint8)
  path = str(tmp_path / 'picture.png')
  images.write_png(path, picture)
  np.testing.assert_array_equal(tf.io.decode_png(tf.io.read_file(path)), picture)
  assert images.enlarge(picture, least=10).shape == (15, 12, 3)


def test_alpha_is_kept_in_files_and_grids(tmp_path):
  pictures = np.random.RandomState(0).randint(0, 256, (4, 2, 6, 4)).astype(np.uint8)
  grid = images.grid(pictures, gap=1)
  assert grid.shape == (2 * 3 + 1, 2 * 7 + 1, 4)
  assert (grid[0] == 255).all() and (grid[:, 7] == 255).all()  # White and opaque.
  path = str(tmp_path / 'grid.png')
  images.write_png(path, grid)
  stored = tf.io.decode_png(tf.io.read_file(path)).numpy()
  np.testing.assert_array_equal(stored[4:6, 8:14], pictures[3])


def test_a_size_is_a_number_or_two():
  assert sizes.height_and_width(3, 'x') == sizes.height_and_width((3, 3), 'x') == (3, 3)
  assert sizes.height_and_width((2, 5), 'x', at_least=2) == (2, 5)
  for size in (1, (1, 2), (2, 1)):
    with pytest.raises(UsageError, match=r'^x: size=.* should be at least 2, or \(height, width\)'):
      sizes.height_and_width(size, 'x', at_least=2)


@pytest.mark.parametrize(
  'stored, wanted, part',
  [
    ((10, 30), (7, 7), (10, 10)),
    ((31, 10), (7, 7), (10, 10)),
    ((100, 100), (64, 128), (50, 100)),
    ((100, 100), (128, 64), (100, 50)),
    ((50, 100), (64, 128), (50, 100)),
    ((67, 101), (64, 128), (50, 101)),
    ((100, 1), (8, 128), (1, 1)),
  ],
)
def test_the_largest_part_of_these_proportions(stored, wanted, part):
  assert sizes.largest_box(stored, wanted) == part


def test_pairs_of_two_sizes_stand_side_by_side():
  """Draws grey 2x2 beside RGB 4x5: twice as large, on white, and grey in all channels."""
  image = registry.medium.build('image')
  grey = np.full((3, 2, 2, 1), 7, np.uint8)
  colour = np.full((3, 4, 5, 3), (1, 2, 3), np.uint8)
  picture = pairs(image, grey, image, colour)
  assert picture.shape == (3 * 6 + 2, 2 * 7 + 2, 3)
  for row in range(3):
    left, right = picture[2 + 6 * row :][:4, 2:7], picture[2 + 6 * row :][:4, 9:14]
    assert (left[:, :4] == 7).all() and (left[:, 4:] == 255).all() and (right == (1, 2, 3)).all()
  plain = pairs(image, grey, registry.medium.build('point'), grey)
  assert plain.shape == (480, 480, 3)  # A plot of the outputs.
