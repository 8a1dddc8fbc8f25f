"""Multi-scale structural similarity of random pairs: how much generated images look alike."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.images.checks import checked_pair
from tfgan_pipeline.metrics.images.similarity import WINDOW, similarity_terms

# Exponents of the scales, finest first (Wang et al. 2003).
_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
_PAIRS = 64  # Compared at a time.


@registry.image_metric
def ms_ssim(
  reference: np.ndarray, generated: np.ndarray, *, pairs: int = 1000, seed: int = 0
) -> dict[str, float]:
  """Mean MS-SSIM of random pairs of generated images: near 1 if the generator repeats itself.

  The similarity is that of Wang et al. 2003, its use as a score of diversity that of Odena et al.
  2017 (arXiv:1610.09585), who compare images of one class: pass those of one class to have its
  score. A score above that of real pairs means less variety. No real image is compared with a
  generated one.

  Args:
    reference: Real images, uint8 [N, H, W, C], C of 1, 3 or 4; RGBA is laid over white.
    generated: Generated images, uint8 [M, H, W, C].
    pairs: Number of pairs of two different images drawn from each set.
    seed: Seed of the pairs, drawn by numpy's PCG64.

  Returns:
    ms_ssim: Mean over pairs of generated images.
    ms_ssim_reference: Mean over pairs of real images.
    ms_ssim_scales: Number of scales, 5 where the smaller side has 161 pixels or more. Each scale
      halves the size and needs 11 pixels: a side of 28 has 2, 32 has 2, 64 has 3. Weights of fewer
      than 5 scales are normalised to sum to 1, so compare results at one size only.

  Raises:
    UsageError: Images differ in size, have a side below 11 pixels or another type, or an argument
      is out of range.
  """
  reference, generated = checked_pair(reference, generated)
  side = min(generated.shape[1:3])
  if side < WINDOW:
    raise UsageError(f'images should have {WINDOW} pixels or more a side, got {side}')
  if pairs < 1:
    raise UsageError(f'pairs={pairs} should be at least 1')
  if seed < 0:
    raise UsageError(f'seed={seed} should not be negative')
  scales = 1
  while scales < len(_WEIGHTS) and -(-side >> scales) >= WINDOW:
    scales += 1
  means = []
  for images in generated, reference:
    random = np.random.Generator(np.random.PCG64(seed))
    first = random.integers(0, len(images), pairs)
    # From 1 to N - 1 places on, so never the first image itself.
    second = (first + random.integers(1, len(images), pairs)) % len(images)
    values = [
      multi_scale_similarity(images[first[part]], images[second[part]], scales)
      for part in np.array_split(np.arange(pairs), -(-pairs // _PAIRS))
    ]
    means.append(float(np.concatenate(values).mean()))
  return {'ms_ssim': means[0], 'ms_ssim_reference': means[1], 'ms_ssim_scales': float(scales)}


def multi_scale_similarity(x: np.ndarray, y: np.ndarray, scales: int) -> np.ndarray:
  """Returns the MS-SSIM of pairs of images, float64 [N], the mean over channels.

  Args:
    x: First image of each pair, uint8 [N, H, W, C].
    y: Second image of each pair, uint8 [N, H, W, C].
    scales: Number of scales, 1 to 5.
  """
  x, y = x.astype(np.float64), y.astype(np.float64)
  weights = _WEIGHTS[:scales] / _WEIGHTS[:scales].sum()
  product = np.ones((len(x), x.shape[3]))
  for scale, weight in enumerate(weights):
    if scale:
      x, y = _halve(x), _halve(y)
    luminance, contrast = similarity_terms(x, y)
    # Luminance counts at the coarsest scale alone. A negative mean has no real root, so 0.
    value = contrast * luminance if scale == scales - 1 else contrast
    product *= value.mean(axis=(1, 2)).clip(0) ** weight
  return product.mean(axis=1)


def _halve(images: np.ndarray) -> np.ndarray:
  """Returns means of 2 x 2 pixels; a last odd row or column counts twice."""
  odd = [(0, size % 2 if axis in (1, 2) else 0) for axis, size in enumerate(images.shape)]
  images = np.pad(images, odd, mode='symmetric')
  images = images[:, ::2] + images[:, 1::2]
  return (images[:, :, ::2] + images[:, :, 1::2]) / 4
