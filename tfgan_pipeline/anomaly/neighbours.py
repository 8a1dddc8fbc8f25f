"""Anomaly scores by nearest neighbours in the features of an extractor; needs no GAN."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.anomaly.base import AnomalyContext, Detector, in_blocks
from tfgan_pipeline.errors import UsageError, require


@registry.anomaly_method
def neighbours(
  context: AnomalyContext,
  *,
  extractor: str = 'self_supervised',
  k: int = 1,
  pictures: int = 5000,
) -> Detector:
  """Nearest neighbours: mean distance of features to the `k` nearest of the run's pictures.

  The picture that it shows as expected is the nearest neighbour.

  Args:
    context: The run.
    extractor: Call string of an extractor, see docs/scores.md. A classifier of the run's data knows
      its classes, anomalous ones too if it was trained on them.
    k: Number of neighbours.
    pictures: Pictures of the train split, at most, that neighbours are looked for among.

  Raises:
    UsageError: There are fewer than `k` pictures, or the extractor does not suit the data.
  """
  require('--method=neighbours', at_least=1, k=k, pictures=pictures)
  examples = context.normal_pictures(pictures)
  if k > len(examples):
    raise UsageError(f'--method=neighbours: k={k} are more than the {len(examples)} pictures')
  network = context.extractor(extractor)
  known = np.asarray(network.features([examples]).pool, np.float64)
  squares = np.sum(known**2, axis=1)

  def judge(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    rows = np.asarray(network.features([images]).pool, np.float64)
    squared = np.sum(rows**2, axis=1)[:, None] - 2 * rows @ known.T + squares
    nearest = np.argsort(squared, axis=1, kind='stable')[:, :k]
    distances = np.sqrt(np.maximum(np.take_along_axis(squared, nearest, axis=1), 0))
    return distances.mean(axis=1), examples[nearest[:, 0]]

  return Detector(in_blocks(judge, network.batch_size), 'neighbour', {'extractor': network.facts})
