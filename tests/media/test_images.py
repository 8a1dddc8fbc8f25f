"""Pixel conversions and grids."""

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.media import images


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
