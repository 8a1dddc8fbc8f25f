"""Series: two bytes a number, units of the data, curves, files."""

import io

import numpy as np
import pytest

from tfgan_pipeline.data.fields import medium_named
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.series import of_images, to_images

VALUES = np.random.RandomState(0).uniform(-1, 1, (4, 30, 2))


def test_numbers_keep_16_bits():
  images = to_images(VALUES)
  assert images.shape == (4, 30, 2, 2) and images.dtype == np.uint8
  np.testing.assert_allclose(of_images(images), VALUES, atol=1 / 65_535)
  np.testing.assert_array_equal(
    of_images(to_images(VALUES * 10)), np.clip(of_images(to_images(VALUES * 10)), -1, 1)
  )


def test_files_have_the_units_of_the_data():
  medium = medium_named('series(low=(-5.0, 0.0), high=(5.0, 100.0))')
  values = np.stack([VALUES[..., 0] * 5, 50 + VALUES[..., 1] * 50], axis=2)
  samples = to_images(medium.scaled(values))
  np.testing.assert_allclose(medium.coordinates(samples), values, atol=0.001)
  content = medium.encode(samples[1])
  loaded = np.load(io.BytesIO(content))
  assert loaded.dtype == np.float32
  np.testing.assert_allclose(loaded, values[1], atol=0.001)
  assert medium.shows(content, samples[1]) and not medium.shows(content, samples[0])
  assert medium.beside(samples[0])['.png'][1:4] == b'PNG'


def test_curves_go_through_their_numbers():
  values = np.zeros((1, 200, 1))
  values[0, :100] = 1
  picture = medium_named('series').picture(to_images(values), columns=1)[2:-2, 2:-2]
  assert picture.shape == (64, 200, 3)
  dark = (picture == (31, 119, 180)).all(axis=-1)
  np.testing.assert_array_equal(np.flatnonzero(dark[:, 50]), [0])
  np.testing.assert_array_equal(np.flatnonzero(dark[:, 150]), [31])
  np.testing.assert_array_equal(np.flatnonzero(dark[:, 99]), range(32))  # From one to the other.
  two = medium_named('series').picture(to_images(np.stack([values, -values], axis=-1)[..., 0, :]))
  assert (two == (255, 127, 14)).all(axis=-1).any()


@pytest.mark.parametrize('text', ['series(low=(1.0,))', 'series(low=(0.0, 0.0))'])
def test_ranges_that_are_none(text):
  with pytest.raises(UsageError, match='channel by channel'):
    medium_named(text)
