"""Sliced Wasserstein distance between patches of images: no extractor, no classes."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.images.checks import checked_pair
from tfgan_pipeline.metrics.images.laplacian_pyramid import laplacian_pyramid
from tfgan_pipeline.metrics.ranking import lower_is_better

_PATCH = 7  # Pixels high and wide.
_LEAST = 16  # Pixels of the smaller side of the coarsest level.
_IMAGES = 256  # Made into pyramids at a time.


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

  Karras et al. 2018 (arXiv:1710.10196), whose tables are these numbers times 1000: patches of 7 x 7
  pixels at random places, brought to mean 0 and variance 1, are projected on random directions;
  the distance is the mean difference of the sorted projections. Falls with the number of images, so
  compare only at one number.

  Args:
    reference: uint8 [N, H, W, 1, 3 or 4] real images; RGBA is laid over white.
    generated: uint8 [M, H, W, 1, 3 or 4] generated images.
    images: How many of each set are taken; no more than N and M.
    patches: Patches per image and level.
    projections: Number of directions.
    normalise: 'channel', over all patches of a set, or 'patch', each by itself, as TF-GAN does;
      patches of one colour are then left at 0, where TF-GAN gives NaN.
    seed: Of images, places and directions, drawn by numpy's PCG64.

  Returns:
    sliced_wasserstein_<height>: For each level, halved from H for as long as both sides have 16
      pixels; the coarsest holds the blurred rest.
    sliced_wasserstein: Their mean.

  Raises:
    UsageError: Images that differ in size, have a side below 7 pixels or another type, or an
      argument out of range.
  """
  reference, generated = checked_pair(reference, generated)
  least = min(reference.shape[1:3])
  if least < _PATCH:
    raise UsageError(f'images should have {_PATCH} pixels or more a side, got {least}')
  for name, value in (('images', images), ('patches', patches), ('projections', projections)):
    if value < 1:
      raise UsageError(f'{name}={value} should be at least 1')
  if normalise not in ('channel', 'patch'):
    raise UsageError(f'normalise={normalise} should be channel or patch')
  if seed < 0:
    raise UsageError(f'seed={seed} should not be negative')
  count = min(images, len(reference), len(generated))
  levels = 1
  while least >= _LEAST << levels:
    levels += 1
  random = np.random.Generator(np.random.PCG64(seed))
  real, fake = (
    _patches(drawn[np.sort(random.permutation(len(drawn))[:count])], levels, patches, random)
    for drawn in (reference, generated)
  )
  scores = {}
  for level in range(levels):
    x, y = _normalised(real[level], normalise), _normalised(fake[level], normalise)
    height = -(-reference.shape[1] >> level)
    scores[f'sliced_wasserstein_{height}'] = _distance(x, y, projections, random)
  return {**scores, 'sliced_wasserstein': float(np.mean(list(scores.values())))}


def _patches(
  images: np.ndarray, levels: int, patches: int, random: np.random.Generator
) -> list[np.ndarray]:
  """For each level float32 [N patches, C, 7, 7]."""
  found: list[list[np.ndarray]] = [[] for _ in range(levels)]
  for start in range(0, len(images), _IMAGES):
    part = images[start : start + _IMAGES]
    for level, into in zip(laplacian_pyramid(part, levels), found):
      # pyrefly: ignore[no-matching-overload]  (the types of NumPy before 2.3 know one axis)
      windows = np.lib.stride_tricks.sliding_window_view(level, (_PATCH, _PATCH), axis=(1, 2))
      image = np.repeat(np.arange(len(part)), patches)
      top = random.integers(0, windows.shape[1], len(image))
      left = random.integers(0, windows.shape[2], len(image))
      into.append(windows[image, top, left].astype(np.float32))
  return [np.concatenate(into) for into in found]


def _normalised(patches: np.ndarray, normalise: str) -> np.ndarray:
  """float32 [P, C 7 7] of mean 0 and variance 1; what has no variance becomes 0."""
  axes = (0, 2, 3) if normalise == 'channel' else (1, 2, 3)
  mean = patches.mean(axis=axes, keepdims=True, dtype=np.float64)
  deviation = patches.std(axis=axes, keepdims=True, dtype=np.float64)
  # Less than this is what a filter leaves of one colour by rounding.
  deviation = np.where(deviation > 1e-6, deviation, np.inf)
  return ((patches - mean) / deviation).astype(np.float32).reshape(len(patches), -1)


def _distance(x: np.ndarray, y: np.ndarray, projections: int, random: np.random.Generator) -> float:
  directions = random.normal(size=(x.shape[1], projections))
  directions /= np.linalg.norm(directions, axis=0)
  x, y = x.astype(np.float64), y.astype(np.float64)  # Once, and not for each direction.
  distances = []
  for direction in directions.T:
    distances.append(np.mean(np.abs(np.sort(x @ direction) - np.sort(y @ direction))))
  return float(np.mean(distances))
