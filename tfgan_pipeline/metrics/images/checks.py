"""Checks of the images that a metric is given."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.images.transparency import over_white


def check_images(name: str, images: np.ndarray) -> None:
  """Raises UsageError unless `images` are uint8 [N, H, W, C], N >= 2 and C of 1, 3 or 4."""
  if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4:
    raise UsageError(
      f'{name} images should be uint8 [N, H, W, C], got {getattr(images, "dtype", type(images))} '
      f'of shape {np.shape(images)}'
    )
  if len(images) < 2 or images.shape[3] not in (1, 3, 4):
    raise UsageError(
      f'{name} images should be 2 or more, grey, RGB or RGBA, got shape {images.shape}'
    )


def checked_pair(reference: np.ndarray, generated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
  """Returns both sets with RGBA laid over white, uint8 [N, H, W, C] and [M, H, W, C], C 1 or 3.

  Raises:
    UsageError: `check_images` refuses a set, or their sizes or channels differ.
  """
  check_images('reference', reference)
  check_images('generated', generated)
  if reference.shape[1:] != generated.shape[1:]:
    raise UsageError(
      f'images of shape {reference.shape[1:]} and {generated.shape[1:]} cannot be compared'
    )
  return _remove_alpha(reference), _remove_alpha(generated)


def _remove_alpha(images: np.ndarray) -> np.ndarray:
  if images.shape[3] != 4:
    return images
  return np.rint(over_white(images.astype(np.float32))).astype(np.uint8)
