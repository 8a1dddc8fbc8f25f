"""Sliced Wasserstein distance between patches of images; needs no extractor and no classes."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.images.checks import checked_pair
from tfgan_pipeline.metrics.images.laplacian_pyramid import laplacian_pyramid
from tfgan_pipeline.metrics.ranking import lower_is_better

_PATCH = 7  # Pixels high and wide, as in the paper.
_LEAST = 16  # Pixels of the smaller side of the coarsest level, as in the paper.
_IMAGES = 256  # Made into pyramids at a time, to bound memory.


@registry.image_metric
@lower_is_better('sliced_wasserstein')
def sliced_wasserstein(
  reference: np.ndarray,
  generated: np.ndarray,
  *,
  images: int = 8192,
  patches: int = 64,
  projections: int = 512,
  normalise: str = 'channel',
  seed: int = 0,
) -> dict[str, float]:
  """Sliced Wasserstein distance of patches at every level of a Laplacian pyramid, and the mean.

  Karras et al. 2018 (arXiv:1710.10196), section 5, whose tables are these numbers times 1000.
  Patches of 7 x 7 pixels at random places, normalised to mean 0 and variance 1, are projected on
  random directions; the distance is the mean difference of the sorted projections. It falls with
  the number of images, so compare scores at one number only.

  Args:
    reference: Real images, uint8 [N, H, W, C], C of 1, 3 or 4; RGBA is laid over white.
    generated: Generated images, uint8 [M, H, W, C].
    images: Number of images taken from each set; no more than N and M.
    patches: Patches per image and level.
    projections: Number of directions.
    normalise: 'channel' for one mean and variance per channel of all patches of a set, or 'patch'
      for one per patch, as TF-GAN does; patches of one colour then become 0, where TF-GAN gives
      NaN.
    seed: Seed of images, places and directions, drawn by numpy's PCG64.

  Returns:
    sliced_wasserstein_<height>: Distance at each level, halved from H for as long as both sides
      have 16 pixels; the coarsest level holds the blurred rest.
    sliced_wasserstein: Mean over the levels.

  Raises:
    UsageError: Images differ in size, have a side below 7 pixels or another type, or an argument is
      out of range.
  """
  reference, generated = checked_pair(reference, generated)
  side = min(reference.shape[1:3])
  if side < _PATCH:
    raise UsageError(f'images should have {_PATCH} pixels or more a side, got {side}')
  for name, value in (('images', images), ('patches', patches), ('projections', projections)):
    if value < 1:
      raise UsageError(f'{name}={value} should be at least 1')
  if normalise not in ('channel', 'patch'):
    raise UsageError(f'normalise={normalise} should be channel or patch')
  if seed < 0:
    raise UsageError(f'seed={seed} should not be negative')
  count = min(images, len(reference), len(generated))
  levels = 1
  while side >= _LEAST << levels:
    levels += 1
  random = np.random.Generator(np.random.PCG64(seed))
  real, fake = (
    _draw_patches(source[np.sort(random.permutation(len(source))[:count])], levels, patches, random)
    for source in (reference, generated)
  )
  scores = {}
  for level in range(levels):
    x, y = _normalise(real[level], normalise), _normalise(fake[level], normalise)
    height = -(-reference.shape[1] >> level)
    scores[f'sliced_wasserstein_{height}'] = _distance(x, y, projections, random)
  return {**scores, 'sliced_wasserstein': float(np.mean(list(scores.values())))}


def _draw_patches(
  images: np.ndarray, levels: int, patches: int, random: np.random.Generator
) -> list[np.ndarray]:
  """Returns random patches of each level, float32 [N * patches, C, 7, 7]."""
  patch_lists: list[list[np.ndarray]] = [[] for _ in range(levels)]
  for start in range(0, len(images), _IMAGES):
    part = images[start : start + _IMAGES]
    for level, patch_list in zip(laplacian_pyramid(part, levels), patch_lists):
      # pyrefly: ignore[no-matching-overload]  (the types of NumPy before 2.3 know one axis)
      windows = np.lib.stride_tricks.sliding_window_view(level, (_PATCH, _PATCH), axis=(1, 2))
      # windows: [n, h - 6, w - 6, C, 7, 7].
      image = np.repeat(np.arange(len(part)), patches)
      top = random.integers(0, windows.shape[1], len(image))
      left = random.integers(0, windows.shape[2], len(image))
      patch_list.append(windows[image, top, left].astype(np.float32))
  return [np.concatenate(patch_list) for patch_list in patch_lists]


def _normalise(patches: np.ndarray, normalise: str) -> np.ndarray:
  """Returns patches as float32 [P, C * 7 * 7] of mean 0 and variance 1; constant ones become 0."""
  axes = (0, 2, 3) if normalise == 'channel' else (1, 2, 3)
  mean = patches.mean(axis=axes, keepdims=True, dtype=np.float64)
  deviation = patches.std(axis=axes, keepdims=True, dtype=np.float64)
  # Filtering an image of one colour leaves deviations below 1e-6, by rounding.
  deviation = np.where(deviation > 1e-6, deviation, np.inf)
  return ((patches - mean) / deviation).astype(np.float32).reshape(len(patches), -1)


def _distance(x: np.ndarray, y: np.ndarray, projections: int, random: np.random.Generator) -> float:
  """Returns the sliced Wasserstein distance of rows x and y, both [P, C * 7 * 7]."""
  directions = random.normal(size=(x.shape[1], projections))
  directions /= np.linalg.norm(directions, axis=0)
  x, y = x.astype(np.float64), y.astype(np.float64)  # Once, rather than per direction.
  distances = []
  for direction in directions.T:
    distances.append(np.mean(np.abs(np.sort(x @ direction) - np.sort(y @ direction))))
  return float(np.mean(distances))
