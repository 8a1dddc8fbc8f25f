"""Sliced Wasserstein, MS-SSIM and path length against TF-GAN, TensorFlow and closed forms."""

from __future__ import annotations

import numpy as np
import pytest

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.path_length import perceptual_path_length
from tfgan_pipeline.metrics.images.laplacian_pyramid import laplacian_pyramid
from tfgan_pipeline.metrics.images.ms_ssim import ms_ssim, multi_scale_similarity
from tfgan_pipeline.metrics.images.sliced_wasserstein import sliced_wasserstein
from tfgan_pipeline.models.latent_paths import along_arc

WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)  # Of Wang et al. 2003.


def _images(seed: int, count: int, size: int, channels: int, smooth: int = 1) -> np.ndarray:
  random = np.random.default_rng([seed, smooth])
  small = random.integers(0, 256, (count, -(-size // smooth), -(-size // smooth), channels))
  return small.repeat(smooth, 1).repeat(smooth, 2)[:, :size, :size].astype(np.uint8)


@pytest.mark.parametrize('size, levels', [(32, 2), (64, 3)])
def test_pyramid_is_that_of_tfgan(size, levels):
  from tfgan_pipeline.compat import tfgan  # noqa: F401  (makes TF-GAN importable)
  from tensorflow_gan.python.eval import sliced_wasserstein as theirs  # isort: skip

  images = _images(0, 3, size, 3)
  expected = theirs.laplacian_pyramid(images.astype(np.float32), levels)
  for level, other in zip(laplacian_pyramid(images, levels), expected, strict=True):
    np.testing.assert_allclose(level, other, atol=1e-3)


@pytest.mark.parametrize('size', [17, 28, 35])
def test_pyramid_adds_up_at_any_size(size):
  """Each level is what the next, doubled and blurred, lacks: that of one colour is zero inside."""
  flat = laplacian_pyramid(np.full((1, size, size, 1), 200, np.uint8), 2)
  assert flat[1].shape == (1, -(-size // 2), -(-size // 2), 1)
  np.testing.assert_allclose(flat[0][:, 2:-2, 2:-2], 0, atol=1e-9)
  np.testing.assert_allclose(flat[1], 200)


def test_sliced_wasserstein_is_that_of_tfgan():
  """Both draw patches and directions: means over draws agree within four standard errors."""
  from tfgan_pipeline.compat import tf, tfgan

  real, fake = _images(0, 16, 32, 3, smooth=4), _images(1, 16, 32, 3)
  fake[::2] //= 8  # Contrasts that only patches taken one by one do not see.
  tf.random.set_seed(0)
  np.random.seed(0)
  theirs = np.array(
    [
      np.array(tfgan.eval.sliced_wasserstein_distance(tf.constant(real), tf.constant(fake)))[:, 1]
      for _ in range(8)
    ]
  )
  ours = np.array(
    [
      [scores['sliced_wasserstein_32'], scores['sliced_wasserstein_16']]
      for scores in (
        sliced_wasserstein(real, fake, projections=147, normalise='patch', seed=seed)
        for seed in range(8)
      )
    ]
  )
  error = np.sqrt((theirs.var(axis=0) + ours.var(axis=0)) / 7)
  difference = np.abs(theirs.mean(axis=0) - ours.mean(axis=0))
  assert (difference < 4 * error).all() and (4 * error < 0.1 * ours.mean(axis=0)).all()
  by_channel = sliced_wasserstein(real, fake)['sliced_wasserstein_32']
  assert abs(by_channel - theirs.mean(axis=0)[0]) > 4 * error[0]


@pytest.mark.parametrize('channels', [1, 3])
def test_sliced_wasserstein_tells_sets_apart(channels):
  real, same, other = (
    _images(seed, 200, 28, channels, smooth) for seed, smooth in ((0, 8), (1, 8), (0, 1))
  )
  few = dict(patches=16, projections=32)
  near, far = (sliced_wasserstein(real, images, **few) for images in (same, other))
  assert list(near) == ['sliced_wasserstein_28', 'sliced_wasserstein']
  assert near['sliced_wasserstein'] < 0.3 * far['sliced_wasserstein']
  assert sliced_wasserstein(real, same, images=40, **few) != near
  with pytest.raises(UsageError, match='normalise=none'):
    sliced_wasserstein(real, same, normalise='none')


@pytest.mark.parametrize('size, scales', [(11, 1), (28, 2), (45, 3), (64, 3), (161, 5)])
@pytest.mark.parametrize('channels', [1, 3])
def test_ms_ssim_is_that_of_tensorflow(size, scales, channels):
  from tfgan_pipeline.compat import tf

  x = _images(0, 4, size, channels, smooth=3)
  y = np.clip(x + np.random.default_rng(1).normal(0, 60, x.shape), 0, 255).astype(np.uint8)
  y[3] = 255 - x[3]
  weights = np.array(WEIGHTS[:scales]) / sum(WEIGHTS[:scales])
  expected = tf.image.ssim_multiscale(
    tf.constant(x), tf.constant(y), 255, power_factors=weights.tolist()
  )
  np.testing.assert_allclose(multi_scale_similarity(x, y, scales), expected, atol=1e-4)
  assert ms_ssim(x, y, pairs=3)['ms_ssim_scales'] == scales


def test_ms_ssim_of_a_set():
  varied, collapsed = _images(0, 30, 32, 1), np.repeat(_images(1, 1, 32, 1), 20, axis=0)
  scores = ms_ssim(varied, collapsed, pairs=50)
  assert scores['ms_ssim'] == pytest.approx(1)
  assert scores['ms_ssim_reference'] < 0.2  # Of an image with itself it would be 1.
  assert ms_ssim(collapsed, varied, pairs=50)['ms_ssim'] == scores['ms_ssim_reference']


def _flat(images: np.ndarray) -> np.ndarray:
  return images.reshape(len(images), -1)


def test_path_length_of_a_linear_generator():
  """Along an arc of angle a between lengths r the speed is r a, and a is 90 degrees in the mean."""
  scores = perceptual_path_length(
    lambda noise: 3 * noise[:, None, None, :], _flat, noise_size=400, samples=500, epsilon=1e-2
  )
  assert scores['perceptual_path_length'] == pytest.approx(9 * 400 * (np.pi / 2) ** 2, rel=0.03)


def test_path_length_leaves_out_both_tails():
  calls = []

  def features(images):
    calls.append(len(images))
    pool = np.ones((len(images), 1))
    if len(calls) % 2 == 0:  # The later end of the step.
      pool[0], pool[1], pool[2:] = 1 + 1e3, 1, 1 + 1e-2
    return pool

  score = perceptual_path_length(
    lambda noise: noise[:, None, None, :],
    features,
    noise_size=2,
    samples=200,
    batch_size=200,
    epsilon=1e-2,
  )
  # 198 lengths of 1, and percentiles that are among them.
  assert score['perceptual_path_length'] == pytest.approx(1)
  assert calls == [200, 200]


def test_interpolation_keeps_to_the_sphere():
  random = np.random.default_rng(0)
  ends = random.normal(size=(2, 50, 8))
  ends /= np.linalg.norm(ends, axis=2, keepdims=True)
  place = random.uniform(size=50)
  between = along_arc(*ends, place)
  np.testing.assert_allclose(np.linalg.norm(between, axis=1), 1)
  whole, part = (np.arccos(np.sum(ends[0] * other, axis=1)) for other in (ends[1], between))
  np.testing.assert_allclose(part, place * whole, atol=1e-9)
  np.testing.assert_allclose(
    along_arc(ends[0], 3 * ends[0], place), ends[0] * (1 + 2 * place[:, None])
  )


def test_path_length_of_batches_and_wrong_use():
  def generate(noise):
    return np.tanh(noise)[:, None, None, :]

  score = perceptual_path_length(generate, _flat, noise_size=3, samples=50, batch_size=50)
  assert score == perceptual_path_length(generate, _flat, noise_size=3, samples=50, batch_size=50)
  assert score != perceptual_path_length(generate, _flat, noise_size=3, samples=50, seed=1)
  with pytest.raises(UsageError, match='float and not rounded, got uint8'):
    perceptual_path_length(lambda noise: noise.astype(np.uint8), _flat, noise_size=3, samples=4)
  with pytest.raises(UsageError, match='features of 4 paths are not finite'):
    perceptual_path_length(generate, lambda x: _flat(x) * np.nan, noise_size=3, samples=4)
  for arguments in {'samples': 0}, {'epsilon': 0.0}, {'batch_size': 0}, {'seed': -1}:
    with pytest.raises(UsageError, match='='.join(map(str, *arguments.items()))):
      perceptual_path_length(generate, _flat, noise_size=3, **arguments)
