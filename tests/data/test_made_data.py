"""Data that is computed and not loaded: stacks and points; test_shapes.py has the shapes."""

import numpy as np
import pytest

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import ExtractorContext
from tfgan_pipeline.media import images, points
from tfgan_pipeline.networks.points_mlp import ImagesToPoints, PointsToImages


def build(text):
  return registry.dataset.build(text, DataOptions())


def test_stacks_are_three_images_and_their_labels_in_order():
  grey, stacks = build('digits(size=8)').split('test'), build('stacked("digits(8)", times=2)')
  split = stacks.split('test')
  assert stacks.num_classes == 1000 and split.size == 2 * grey.size
  assert stacks.label_names[407] == '4 0 7'
  known = {image.tobytes(): label for image, label in zip(grey.images, grey.labels)}
  digits = [[known[image[..., c].tobytes()] for c in range(3)] for image in split.images]
  np.testing.assert_array_equal(np.dot(digits, [100, 10, 1]), split.labels)
  # Every image is used equally often in every channel, and channels are independent.
  for channel in range(3):
    used = np.unique([image[..., channel].tobytes() for image in split.images], return_counts=True)
    assert set(used[1]) == {2} and len(used[0]) == grey.size
  assert not np.array_equal(split.images[..., 0], split.images[..., 1])
  assert stacks.channel_classes == 10 and stacks.image_shape == split.image_shape == (8, 8, 3)
  assert stacks.fingerprint == '4b7957ad56c9a9ad'  # Runs depend on it.
  assert build('stacked("digits(8)", seed=1)').fingerprint != build('stacked("digits(8)")')


@pytest.mark.parametrize(
  'text, message',
  [
    ('stacked("shapes(8, 10)")', r'images of shapes\(8, 10\) should be grey, not of 3'),
    ('stacked(times=0)', 'times=0 should be at least 1'),
    ('stacked(times=100000)', 'do not fit --memory_limit_gb=4.0'),
    ('gaussian_ring(0)', 'modes=0 should be at least 1'),
    ('gaussian_grid(0)', 'side=0 should be at least 1'),
    ('shapes(4)', 'size=4 should be at least 8'),
    ('shapes(label=size)', 'label=size should be one of shape, colour, both'),
    ('shapes(style=ink)', 'style=ink should be one of filled, outline, pairs'),
    ('shapes(style=outline, label=both)', 'label=both: an outline has no colour'),
    ('shapes(320, 10000, style=pairs)', '10000 pictures do not fit --memory_limit_gb'),
  ],
)
def test_what_cannot_be_made(text, message):
  with pytest.raises(UsageError, match=message):
    build(text)


def test_points_keep_16_bits():
  exact = np.random.RandomState(0).uniform(-1, 1, (1000, 2))
  exact[:3] = [[-1, 1], [1, -1], [0, 0.5]]
  pictures = points.to_images(exact)
  assert pictures.dtype == np.uint8 and pictures.shape == (1000, 2, 2, 1)
  np.testing.assert_allclose(points.of_images(pictures), exact, atol=1.001 / points.STEPS)
  np.testing.assert_array_equal(points.to_images(points.of_images(pictures)), pictures)
  read = ImagesToPoints()(images.to_float(pictures))
  np.testing.assert_allclose(read, points.of_images(pictures), atol=1e-6)


def test_networks_write_points_that_gradients_pass_unchanged():
  exact = tf.constant(np.random.RandomState(0).uniform(-1, 1, (5000, 2)), tf.float32)
  with tf.GradientTape() as tape:
    tape.watch(exact)
    written = PointsToImages()(exact)
    read = ImagesToPoints()(written)
  np.testing.assert_allclose(tape.gradient(read, exact), 1, rtol=1e-6)
  step = 2 / points.STEPS
  np.testing.assert_allclose(read, exact, atol=1.01 * step)
  kept = points.of_images(images.to_uint8(written).numpy())
  np.testing.assert_allclose(kept, exact, atol=1.01 * step)
  assert np.abs(kept - exact).mean() < 0.26 * step


@pytest.mark.parametrize(
  'name, modes, radius, deviation',
  [('gaussian_ring', 8, 0.8, 0.008), ('gaussian_grid', 25, 0.8 * 2**0.5, 0.01)],
)
def test_mixtures_are_gaussians_of_known_place_and_width(name, modes, radius, deviation):
  dataset = build(name)
  split = dataset.split('train')
  drawn = points.of_images(split.images)
  means = np.stack([drawn[split.labels == label].mean(0) for label in range(modes)])
  assert len(np.unique(means.round(3), axis=0)) == modes == dataset.num_classes
  assert abs(np.linalg.norm(means, axis=1).max() - radius) < 1e-3
  assert (drawn - means[split.labels]).std() == pytest.approx(deviation, rel=0.01)
  assert abs(np.bincount(split.labels) / split.size * modes - 1).max() < 0.1


def test_places_of_mixtures_are_the_papers():
  """PacGAN's ring of radius 1 times 0.8, and its grid of steps of 2 divided by the side."""
  for text, places in (
    ('gaussian_ring(4)', [(0.8, 0), (0, 0.8), (-0.8, 0), (0, -0.8)]),
    ('gaussian_ring(1)', [(0.8, 0)]),
    ('gaussian_grid(3)', [(x * 2 / 3, y * 2 / 3) for y in (-1, 0, 1) for x in (-1, 0, 1)]),
    ('gaussian_grid(2)', [(x / 2, y / 2) for y in (-1, 1) for x in (-1, 1)]),
  ):
    dataset = build(text)
    assert {name: split.size for name, split in dataset.splits.items()} == {
      'train': 50_000,
      'test': 10_000,
    }
    for split in dataset.splits.values():
      drawn = points.of_images(split.images)
      for label, place in enumerate(places):
        np.testing.assert_allclose(drawn[split.labels == label].mean(0), place, atol=5e-3)
        name = dataset.label_names[label].strip('()').split(', ')
        np.testing.assert_allclose([float(part) for part in name], place, atol=1e-3)
  # Runs depend on them.
  fingerprints = {name: build(name).fingerprint for name in ('gaussian_ring', 'gaussian_grid')}
  assert fingerprints == {'gaussian_ring': 'c2f2c6f6d6af5c58', 'gaussian_grid': '4c9e9a88d0edc014'}


def test_modes_of_samples_are_counted(cache_dir):
  """Scores a generator of two out of eight modes, half of whose samples are near a mode."""
  dataset = build('gaussian_ring')
  extractor = registry.extractor.build('points', ExtractorContext(dataset, cache_dir))
  reference = extractor.features(batch['image'] for batch in dataset.split('train').ordered(5000))

  def score(samples, text='mode_coverage'):
    return registry.metric.build(
      text, reference, extractor.features([points.to_images(np.float64(samples))])
    )

  samples = np.zeros((100, 2))
  samples[:30], samples[30:50] = [0.8, 0], [0, 0.8]
  assert score(samples) == {'high_quality_modes': 2, 'high_quality_share': 0.5}
  samples[:30] += 0.03  # Five deviations away.
  assert score(samples) == {'high_quality_modes': 1, 'high_quality_share': 0.2}
  assert score(samples, 'mode_coverage(6)')['high_quality_share'] == 0.5
  test = points.of_images(dataset.split('test').images)
  real = score(test)
  # Within three deviations in the plane lie 1 - exp(-9 / 2) of a Gaussian.
  assert real['high_quality_modes'] == 8
  assert real['high_quality_share'] == pytest.approx(1 - np.exp(-4.5), abs=0.003)
  assert score(test, 'class_histogram')['modes_covered'] == 8


def test_points_are_shown_as_one_scatter_plot():
  point = build('gaussian_ring').fields['image'].medium
  assert point.grid_size(points.IMAGE_SHAPE) == 2048
  picture = point.picture(points.to_images(np.array([[1.0, 1.0], [-1.0, 0.0]])))
  assert picture.shape == (480, 480, 3) and picture.dtype == np.uint8
  marked = (picture == (31, 119, 180)).all(-1)
  assert marked.sum() == 18 and marked[:3, 477:].all() and marked[238:241, :3].all()
