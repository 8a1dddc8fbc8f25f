"""What metrics of images ask of them."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.errors import UsageError


def check_images(name: str, images: np.ndarray) -> None:
  """Raises UsageError unless `images` are uint8 [N, H, W, 1 or 3], N >= 2."""
  if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4:
    raise UsageError(
      f'{name} images should be uint8 [N, H, W, C], got {getattr(images, "dtype", type(images))} '
      f'of shape {np.shape(images)}'
    )
  if len(images) < 2 or images.shape[3] not in (1, 3):
    raise UsageError(f'{name} images should be 2 or more, grey or RGB, got shape {images.shape}')


def check_pair(reference: np.ndarray, generated: np.ndarray) -> None:
  """Likewise of both sets; raises UsageError too when their sizes or channels differ."""
  check_images('reference', reference)
  check_images('generated', generated)
  if reference.shape[1:] != generated.shape[1:]:
    raise UsageError(
      f'images of shape {reference.shape[1:]} and {generated.shape[1:]} cannot be compared'
    )
