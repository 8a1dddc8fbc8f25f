"""The contract of every medium."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.fields import medium_named
from tfgan_pipeline.media import images, points, rolls, series
from tfgan_pipeline.media.base import Medium

RANDOM = np.random.RandomState(0)
PLACES = RANDOM.uniform(-1, 1, (300, 2))
# Stored samples of each, of every kind that it knows.
SAMPLES = {
  'image': [
    RANDOM.randint(0, 256, (5, height, width, channels)).astype(np.uint8)
    for height, width, channels in ((6, 4, 1), (4, 6, 3), (5, 5, 4), (2, 2, 1))
  ],
  'point': [points.to_images(PLACES)],
  'series': [series.to_images(RANDOM.uniform(-1, 1, (5, 40, 3)))],
  'roll': [rolls.rolls_of(RANDOM.randint(-1, 128, (5, 48)))],
}
CASES = [(name, samples) for name, kinds in SAMPLES.items() for samples in kinds]


def test_every_medium_has_samples_here():
  assert set(SAMPLES) == set(registry.medium.components())


@pytest.mark.parametrize('name, samples', CASES)
def test_contract(name, samples):
  medium = registry.medium.build(name)
  assert isinstance(medium, Medium) and medium_named(name).call.startswith(name)
  assert medium_named(name) == medium_named(name) and hash(medium_named(name))
  assert all(medium_named(name) != medium_named(other) for other in SAMPLES if other != name)
  values = medium.to_device(tf.constant(samples))
  assert values.dtype == tf.float32 and len(values) == len(samples)
  assert float(tf.reduce_max(tf.abs(values))) <= 1
  back = medium.to_stored(values).numpy()
  assert back.dtype == samples.dtype
  np.testing.assert_array_equal(back, samples)

  assert medium.grid_size(samples.shape[1:]) >= 1
  for picture in (medium.picture(samples), medium.picture(samples, columns=2)):
    assert picture.dtype == np.uint8 and picture.ndim == 3 and picture.shape[-1] in (1, 3, 4)
  content = medium.encode(samples[0])
  assert isinstance(content, bytes) and content and medium.extension.startswith('.')

  numbers = medium.coordinates(samples)
  assert len(numbers) == len(samples) and np.issubdtype(numbers.dtype, np.number)
  assert np.ptp(numbers, axis=0).max() > 0


@pytest.mark.parametrize('samples', SAMPLES['image'])
def test_images_stand_in_a_grid_and_are_png_files(samples):
  image = medium_named('image')
  assert image.grid_size(samples.shape[1:]) == 64
  for columns in (0, 2):
    expected = images.grid(samples, columns=columns)
    np.testing.assert_array_equal(image.picture(samples, columns=columns), expected)
  assert image.extension == '.png'
  np.testing.assert_array_equal(tf.io.decode_png(image.encode(samples[0])), samples[0])
  np.testing.assert_array_equal(image.coordinates(samples), samples)


def test_points_are_their_coordinates():
  (samples,) = SAMPLES['point']
  point = medium_named('point')
  np.testing.assert_allclose(point.coordinates(samples), PLACES, atol=1.001 / points.STEPS)
  assert point.grid_size(points.IMAGE_SHAPE) == 2048
  picture = point.picture(samples)
  assert picture.shape == (480, 480, 3)
  np.testing.assert_array_equal(point.picture(samples, columns=7), picture)
