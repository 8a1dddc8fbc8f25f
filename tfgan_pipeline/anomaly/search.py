"""Anomaly scores by a search for latents: AnoGAN (Schlegl et al. 2017, arXiv:1703.05921)."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.anomaly.base import AnomalyContext, Detector
from tfgan_pipeline.sampling.latent.search import LatentSearch


@registry.anomaly_method
def search(
  context: AnomalyContext,
  *,
  steps: int = 500,
  learning_rate: float = 0.05,
  starts: int = 1,
  features: float = 0.1,
  seed: int = 0,
) -> Detector:
  """AnoGAN: distance to the closest sample that a search of latents finds, and of its features.

  The score is (1 - features) times the sum of absolute differences of pixels in [-1, 1] and
  `features` times that of the discriminator's features.

  Args:
    context: The run.
    steps: Steps of Adam from each random start.
    learning_rate: Rate of Adam; it falls linearly to a tenth.
    starts: Random starts, of which the best counts.
    features: Weight of the features; with 0 the run needs no discriminator.
    seed: Seed of the starts.

  Raises:
    UsageError: The run has no noise to search in, or an argument is out of range.
  """
  restored = context.restored(('generator', 'discriminator') if features else ('generator',))
  finder = LatentSearch(
    restored,
    steps=steps,
    learning_rate=learning_rate,
    starts=starts,
    weight=features,
    seed=seed,
  )

  def judge(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    found = finder.find(pictures)
    return (1 - features) * found.residuals + features * found.features, found.images

  return Detector(judge)
