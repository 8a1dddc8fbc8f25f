"""Checks of the images that a metric is given."""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.images.transparency import over_white


def axes_problem(dtype: np.dtype, shape: tuple[int, ...]) -> str:
  """Returns what is wrong with images of a dtype and shape, and the way out; '' if nothing is.

  Right are uint8 [N, H, W, C] with any number of channels that no other axis looks like, and grey
  [N, H, W].
  """
  if dtype != np.uint8:
    return (
      f'should be images uint8 [n, H, W, C] of 0 to 255, and is {dtype} {list(shape)}; convert '
      'with np.rint(255 * x) from [0, 1], or np.rint(127.5 * (x + 1)) from [-1, 1], and '
      '.astype(np.uint8)'
    )
  channels = (1, 3, 4)
  ways = {(4, 1): 'np.moveaxis(x, 1, -1)', (4, 2): 'np.moveaxis(x, -1, 0)'}
  for (rank, axis), way in ways.items():
    if len(shape) == rank and shape[axis] in channels and shape[-1] > 4:
      return f'should be images [n, H, W, C], and is {list(shape)}; reorder with {way}'
  if len(shape) == 3 and min(shape[0], shape[2]) <= 4:
    return f'should be images [n, H, W, C], and is {list(shape)}, perhaps one image: x[np.newaxis]'
  if len(shape) not in (3, 4):
    return f'should be images [n, H, W, C], and is {list(shape)}'
  return ''


def check_images(name: str, images: np.ndarray) -> None:
  """Raises UsageError unless `images` are uint8 [N, H, W, C], N >= 2 and C of 1, 3 or 4."""
  if not isinstance(images, np.ndarray) or images.dtype != np.uint8 or images.ndim != 4:
    raise UsageError(
      f'{name} images should be uint8 [N, H, W, C], got {getattr(images, "dtype", type(images))} '
      f'of shape {np.shape(images)}'
    )
  if problem := axes_problem(images.dtype, images.shape):
    raise UsageError(f'{name}: {problem}')
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
