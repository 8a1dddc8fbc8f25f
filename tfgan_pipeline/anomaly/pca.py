"""Anomaly scores by principal components of pixels, a baseline that needs no GAN."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.anomaly.base import AnomalyContext, Detector, in_blocks
from tfgan_pipeline.errors import UsageError, require


@registry.anomaly_method
def pca(
  context: AnomalyContext, *, components: int = 32, pictures: int = 10_000, seed: int = 0
) -> Detector:
  """Principal components: mean squared error of the projection on those of the run's pictures.

  Args:
    context: The run.
    components: Number of principal components.
    pictures: Pictures of the train split, at most, that they are computed from.
    seed: Seed of the randomised decomposition.

  Raises:
    UsageError: There are fewer pictures or pixels than components.
  """
  from sklearn.decomposition import PCA

  require('--method=pca', at_least=1, components=components, pictures=pictures)
  examples = context.normal_pictures(pictures)
  rows = examples.reshape(len(examples), -1).astype(np.float32)
  if components > min(rows.shape):
    raise UsageError(
      f'--method=pca: components={components} should be at most {min(rows.shape)}, as there are '
      f'{rows.shape[0]} pictures of {rows.shape[1]} numbers'
    )
  model = PCA(components, svd_solver='randomized', random_state=seed).fit(rows)

  def judge(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    flat = images.reshape(len(images), -1).astype(np.float32)
    projected = model.inverse_transform(model.transform(flat))
    scores = np.asarray(np.mean((flat - projected) ** 2, axis=1, dtype=np.float64))
    pixels = np.asarray(np.clip(np.rint(projected), 0, 255), np.uint8)
    return scores, pixels.reshape(images.shape)

  explained = float(model.explained_variance_ratio_.sum())
  return Detector(in_blocks(judge), details={'explained_variance': explained})
