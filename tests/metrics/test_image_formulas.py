"""Image metrics against their definitions written out, on images of few pixels."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.stats

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.images.ms_ssim import ms_ssim, multi_scale_similarity
from tfgan_pipeline.metrics.images.sliced_wasserstein import sliced_wasserstein

C1, C2 = 2.55**2, 7.65**2  # Of Wang et al. 2004: (0.01 L)^2 and (0.03 L)^2 with L = 255.
WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Of Wang et al. 2003.


def _draw(seed: int, *shape: int, below: int = 256) -> np.ndarray:
  return np.random.default_rng(seed).integers(0, below, shape).astype(np.uint8)


def _window_similarity(x: np.ndarray, y: np.ndarray) -> float:
  """SSIM of two images of 11 x 11 pixels, where the Gaussian window fits in once."""
  bell = scipy.stats.norm.pdf(np.arange(11), loc=5, scale=1.5)
  window = np.outer(bell, bell) / bell.sum() ** 2
  x, y = x.astype(np.float64), y.astype(np.float64)
  mean_x, mean_y = np.sum(window * x), np.sum(window * y)
  var_x, var_y = np.sum(window * (x - mean_x) ** 2), np.sum(window * (y - mean_y) ** 2)
  covariance = np.sum(window * (x - mean_x) * (y - mean_y))
  luminance = (2 * mean_x * mean_y + C1) / (mean_x**2 + mean_y**2 + C1)
  return luminance * (2 * covariance + C2) / (var_x + var_y + C2)


@pytest.mark.parametrize('below', [256, 12, 3])
def test_similarity_in_one_window(below):
  """Includes dark images of little contrast, for which the two constants matter."""
  x, y = _draw(0, 5, 11, 11, 1, below=below), _draw(1, 5, 11, 11, 1, below=below)
  y[3:] = x[3:] // 2
  expected = [max(_window_similarity(a[..., 0], b[..., 0]), 0) for a, b in zip(x, y)]
  np.testing.assert_allclose(multi_scale_similarity(x, y, 1), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize('scales', [1, 2, 3, 4, 5])
def test_luminance_counts_at_the_coarsest_scale_by_its_share_of_the_weights(scales):
  x, y = np.zeros((1, 161, 161, 1), np.uint8), np.full((1, 161, 161, 1), 3, np.uint8)
  share = WEIGHTS[scales - 1] / sum(WEIGHTS[:scales])
  assert multi_scale_similarity(x, y, scales)[0] == pytest.approx((C1 / (9 + C1)) ** share)


@pytest.mark.parametrize('side, scales', [(20, 1), (21, 2), (41, 3), (160, 4), (321, 5)])
def test_scales_are_those_of_11_pixels_or_more_but_five_at_most(side, scales):
  for shape in (2, side, side + 7, 1), (2, side + 7, side, 1):
    images = np.zeros(shape, np.uint8)
    assert ms_ssim(images, images, pairs=1)['ms_ssim_scales'] == scales


def test_two_images_make_one_pair():
  pair = _draw(0, 2, 11, 11, 1, below=40)
  scores = ms_ssim(pair, pair[::-1], pairs=1)
  expected = _window_similarity(pair[0, ..., 0], pair[1, ..., 0])
  assert scores['ms_ssim'] == scores['ms_ssim_reference'] == pytest.approx(expected)


def test_pairs_are_of_two_different_images_drawn_by_pcg64():
  images = _draw(0, 5, 11, 11, 1, below=40)
  random = np.random.Generator(np.random.PCG64(3))
  first, steps = random.integers(0, 5, 70), random.integers(1, 5, 70)
  similarities = [
    max(_window_similarity(images[i, ..., 0], images[(i + step) % 5, ..., 0]), 0)
    for i, step in zip(first, steps)
  ]
  found = ms_ssim(images, images, pairs=70, seed=3)['ms_ssim']
  assert found == pytest.approx(np.mean(similarities))


def _wasserstein(
  sets: list[np.ndarray], *, images: int, patches: int, projections: int, normalise: str, seed: int
) -> float:
  """Sliced Wasserstein distance of images that have one level, patch by patch."""
  random = np.random.Generator(np.random.PCG64(seed))
  samples = []
  for pictures in sets:
    chosen = np.sort(random.permutation(len(pictures))[:images])
    cut = []
    for part in np.array_split(chosen, range(256, len(chosen), 256)):
      tops = random.integers(0, pictures.shape[1] - 6, len(part) * patches)
      lefts = random.integers(0, pictures.shape[2] - 6, len(part) * patches)
      for picture, top, left in zip(np.repeat(part, patches), tops, lefts):
        cut.append(pictures[picture, top : top + 7, left : left + 7].transpose(2, 0, 1))
    values = np.array(cut, np.float64)
    groups = values.swapaxes(0, 1) if normalise == 'channel' else values
    for group in groups:
      group[:] = (group - group.mean()) / (group.std() or np.inf)
    samples.append(values.reshape(len(values), -1))
  directions = random.normal(size=(samples[0].shape[1], projections))
  return np.mean(
    [
      scipy.stats.wasserstein_distance(
        *(sample @ (direction / np.linalg.norm(direction)) for sample in samples)
      )
      for direction in directions.T
    ]
  )


@pytest.mark.parametrize('normalise', ['channel', 'patch'])
@pytest.mark.parametrize(
  'count, shape, patches', [(270, (8, 9, 1), 1), (5, (9, 31, 3), 3), (4, (7, 7, 1), 2)]
)
def test_sliced_wasserstein_of_one_level(normalise, count, shape, patches):
  """Checks 270 images, more than are held at a time, and a side of 7, which has one patch."""
  sets = [_draw(0, count, *shape), _draw(1, count + 3, *shape, below=99)]
  sets[1][0] = 50
  arguments = dict(
    images=count, patches=patches, projections=3, normalise=normalise, seed=int(count == 5)
  )
  found = sliced_wasserstein(*sets, **arguments)
  assert list(found) == [f'sliced_wasserstein_{shape[0]}', 'sliced_wasserstein']
  assert list(found.values()) == pytest.approx([_wasserstein(sets, **arguments)] * 2, rel=1e-4)


@pytest.mark.parametrize(
  'shape, heights', [((31, 40), [31]), ((35, 50), [35, 18]), ((70, 64), [70, 35, 18])]
)
def test_levels_are_named_by_their_heights_and_have_16_pixels_or_more(shape, heights):
  images = _draw(0, 2, *shape, 1)
  found = sliced_wasserstein(images, images[::-1], images=1, patches=1, projections=1)
  assert list(found) == [f'sliced_wasserstein_{height}' for height in heights] + [
    'sliced_wasserstein'
  ]


def test_sides_one_pixel_too_small_are_refused():
  for metric, side in (ms_ssim, 11), (sliced_wasserstein, 7):
    for shape in (2, side - 1, 40, 1), (2, 40, side - 1, 1):
      with pytest.raises(UsageError, match=f'{side} pixels or more a side, got {side - 1}'):
        metric(_draw(0, *shape), _draw(1, *shape))
