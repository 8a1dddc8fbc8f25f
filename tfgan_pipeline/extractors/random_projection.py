"""Extractor without training and download, for tests and smoke runs."""

from __future__ import annotations

import math

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import require
from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
from tfgan_pipeline.runs.digests import digest


@registry.extractor
def random_projection(context: ExtractorContext, *, width: int = 64, seed: int = 0) -> Extractor:
  """Pixels times a fixed Gaussian matrix: blind to content, no Inception Score.

  Args:
    context: Data set of the run that is scored.
    width: Number of features.
    seed: Seed of the matrix, drawn by numpy's PCG64.

  Raises:
    UsageError: An argument is out of range.
  """
  require('--extractor=random_projection', at_least=0, seed=seed)
  require('--extractor=random_projection', at_least=1, width=width)
  pixels = math.prod(context.dataset.image_shape)
  matrix = np.random.Generator(np.random.PCG64(seed)).standard_normal((pixels, width))
  # Features keep the size of pixels, whatever their number.
  matrix = (matrix / math.sqrt(pixels)).astype(np.float32)

  def project(images: np.ndarray) -> tuple[np.ndarray, None]:
    flat = images.reshape(len(images), -1).astype(np.float32) / 127.5 - 1.0
    return flat @ matrix, None

  def with_gradients(images: tf.Tensor) -> tf.Tensor:
    return (tf.reshape(images, [images.shape[0], -1]) / 127.5 - 1.0) @ matrix

  fingerprint = digest('pixels/127.5-1', matrix)
  return Extractor('random_projection', fingerprint, project, differentiable=with_gradients)
