"""Extractor for points in the plane, whose features are the points themselves."""

from __future__ import annotations

import math

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.media import points as plane
from tfgan_pipeline.runs.digests import digest


@registry.extractor
def points(context: ExtractorContext) -> Extractor:
  """Coordinates of `gaussian_ring` or `gaussian_grid`; classes by the nearest mean of a class.

  Args:
    context: Data set of the run that is scored.

  Raises:
    UsageError: The data has no labels, or its pictures do not encode points (media/points.py).
  """
  dataset = context.dataset
  if math.prod(dataset.image_shape) % 2 or not dataset.num_classes:
    raise UsageError(
      f'--extractor=points: dataset {dataset.name} should hold labelled points, as gaussian_ring'
    )
  train = MemorySplit.reading(dataset.split('train'))
  coordinates, labels = plane.of_images(train.images), train.labels
  # [classes, 2]
  means = np.stack([coordinates[labels == label].mean(axis=0) for label in np.unique(labels)])

  def locate(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    positions = plane.of_images(images)
    return positions, -np.square(positions[:, np.newaxis] - means).sum(axis=2)

  return Extractor('points', digest('points, nearest mean', means), locate)
