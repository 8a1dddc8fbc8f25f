"""Perceptual path length: how evenly images change as the noise does.

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
  """Mean squared change of features along paths between noise, over the square of the step.

  Karras et al. 2019 (arXiv:1812.04948): a step of `epsilon` at a random place of the path between
  two Gaussian draws, along the sphere (White 2016, arXiv:1609.04468), and the mean without the
  smallest and the largest 1 %. With features whose squared distance is LPIPS it is the published
  measure.

  Args:
    generate: Noise float32 [n, noise_size] to float images [n, H, W, C], not rounded to uint8: the
      step is smaller than a grey level.
    features: These images to float [n, D].
    noise_size: Numbers per image, standard normal.
    seed: Of noise and places, drawn by numpy's PCG64.
    samples: Number of paths.
    epsilon: Step, as a share of the path.
    batch_size: Paths at a time.

  Returns:
    perceptual_path_length: The mean.

  Raises:
    UsageError: Rounded images, features that are not finite, or an argument out of range.
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
    place = random.uniform(size=count)
    images = [
      generate(along_arc(start_noise, end_noise, at).astype(np.float32))
      for at in (place, place + epsilon)
    ]
    if any(np.asarray(image).dtype.kind != 'f' for image in images):
      raise UsageError(f'images should be float and not rounded, got {images[0].dtype}')
    before, after = (np.asarray(features(image), np.float64) for image in images)
    lengths.append(np.sum((after - before) ** 2, axis=1) / epsilon**2)
  lengths = np.concatenate(lengths)
  if not np.isfinite(lengths).all():
    raise UsageError(f'features of {np.sum(~np.isfinite(lengths))} paths are not finite')
  low = np.percentile(lengths, 1, method='lower')
  high = np.percentile(lengths, 99, method='higher')
  return {'perceptual_path_length': float(lengths[(low <= lengths) & (lengths <= high)].mean())}
