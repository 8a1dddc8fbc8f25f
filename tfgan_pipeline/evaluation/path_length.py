"""Perceptual path length: a measure of how smoothly images change with the noise.

perceptual_path_length(generate, features, noise_size=64)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.ranking import lower_is_better
from tfgan_pipeline.models.latent_paths import along_arc


@registry.generator_metric
@lower_is_better('perceptual_path_length')
def perceptual_path_length(
  generate: Callable[[np.ndarray], np.ndarray],
  features: Callable[[np.ndarray], np.ndarray],
  noise_size: int,
  seed: int = 0,
  *,
  samples: int = 10_000,
  epsilon: float = 1e-4,
  batch_size: int = 64,
) -> dict[str, float]:
  """Mean squared change of features per squared step, along paths between points of noise.

  Karras et al. 2019 (arXiv:1812.04948, section 4.1, in the latent space Z): a step of `epsilon`
  from a random position on the path between two Gaussian draws, interpolated spherically (White
  2016, arXiv:1609.04468). The mean leaves out the smallest and the largest 1 %, as the paper's
  reference code does. Features whose squared distance is LPIPS give the published measure.

  Args:
    generate: Maps noise, float32 [n, noise_size], to float images [n, H, W, C]; not rounded to
      uint8, since a step changes pixels by less than a grey level.
    features: Maps images of `generate` to features, float [n, D].
    noise_size: Length of the standard normal noise for one image.
    seed: Seed of the noise and the positions, drawn by numpy's PCG64.
    samples: Number of paths; the reference code takes 100,000.
    epsilon: Length of the step, as a share of the path.
    batch_size: Number of paths computed at a time.

  Returns:
    A dictionary with the mean, 'perceptual_path_length'.

  Raises:
    UsageError: Images are rounded, features are not finite, or an argument is out of range.
  """
  for name, value in (
    ('noise_size', noise_size),
    ('samples', samples),
    ('epsilon', epsilon),
    ('batch_size', batch_size),
  ):
    if not value > 0:
      raise UsageError(f'{name}={value} should be above 0')
  if seed < 0:
    raise UsageError(f'seed={seed} should not be negative')
  random = np.random.Generator(np.random.PCG64(seed))
  lengths = []
  for start in range(0, samples, batch_size):
    count = min(batch_size, samples - start)
    start_noise, end_noise = random.normal(size=(2, count, noise_size))
    start_position = random.uniform(size=count)
    images = [
      generate(along_arc(start_noise, end_noise, position).astype(np.float32))
      for position in (start_position, start_position + epsilon)
    ]
    if any(np.asarray(image).dtype.kind != 'f' for image in images):
      raise UsageError(f'images should be float and not rounded, got {images[0].dtype}')
    before, after = (np.asarray(features(image), np.float64) for image in images)
    # The definition of l_Z in section 4.1, with squared distances of features for LPIPS.
    lengths.append(np.sum((after - before) ** 2, axis=1) / epsilon**2)  # [count]
  lengths = np.concatenate(lengths)
  if not np.isfinite(lengths).all():
    raise UsageError(f'features of {np.sum(~np.isfinite(lengths))} paths are not finite')
  # As NVlabs/stylegan, metrics/perceptual_path_length.py, "Reject outliers".
  low = np.percentile(lengths, 1, method='lower')
  high = np.percentile(lengths, 99, method='higher')
  return {'perceptual_path_length': float(lengths[(low <= lengths) & (lengths <= high)].mean())}
