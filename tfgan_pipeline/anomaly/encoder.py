"""Anomaly scores by an encoder: f-AnoGAN (Schlegl et al. 2019, Medical Image Analysis 54)."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.anomaly.base import AnomalyContext, Detector
from tfgan_pipeline.media.images import to_uint8
from tfgan_pipeline.sampling.latent.encoder import LatentEncoder


@registry.anomaly_method
def encoder(
  context: AnomalyContext,
  *,
  steps: int = 1000,
  batch_size: int = 64,
  kappa: float = 1.0,
  learning_rate: float = 1e-3,
  seed: int = 0,
) -> Detector:
  """f-AnoGAN: distance to the sample of the latent that an encoder gives, and of its features.

  The encoder is trained through the fixed generator (izi_f) on the pictures of the run, once, and
  kept in its folder anomaly/. The score is its loss: the mean squared difference of pixels in
  [-1, 1] and `kappa` times that of the discriminator's features.

  Args:
    context: The run.
    steps: Steps of the encoder's training.
    batch_size: Pictures in a step.
    kappa: Weight of the features; with 0 the run needs no discriminator.
    learning_rate: Rate of Adam, which falls to 0 along half a cosine.
    seed: Seed of the encoder.

  Raises:
    UsageError: The run has no noise to encode into, or an argument is out of range.
    WriteError: The encoder cannot be kept.
  """
  restored = context.restored(('generator', 'discriminator') if kappa else ('generator',))
  network = LatentEncoder(
    restored,
    context.experiment,
    steps=steps,
    batch_size=batch_size,
    kappa=kappa,
    learning_rate=learning_rate,
    seed=seed,
  )
  facts = network.fit(context.dataset)

  def judge(pictures: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    _, samples, losses = network.encode(pictures)
    return losses, to_uint8(samples).numpy()

  return Detector(judge, details={'encoder': facts})
