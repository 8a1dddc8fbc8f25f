"""Laplacian pyramids of images (Burt and Adelson 1983), with the filters of OpenCV and TF-GAN."""

from __future__ import annotations

import numpy as np

# The kernel of Burt and Adelson with a = 3/8.
_TAPS = np.array([1, 4, 6, 4, 1]) / 16


def laplacian_pyramid(images: np.ndarray, levels: int) -> list[np.ndarray]:
  """Returns `levels` arrays float64 [N, H, W, C], each half the size of the finer one before it.

  All levels are differences from the next one but the last, which is the blurred rest.

  Args:
    images: Numbers [N, H, W, C], 3 pixels or more high and wide at every level.
    levels: Number of levels.
  """
  pyramid = [images.astype(np.float64)]
  for _ in range(1, levels):
    smaller = _blur(pyramid[-1])[:, ::2, ::2]
    # Three pixels of four are zeros inserted; the factor 4 restores the brightness.
    larger = np.zeros_like(pyramid[-1])
    larger[:, ::2, ::2] = smaller
    pyramid[-1] = pyramid[-1] - 4 * _blur(larger)
    pyramid.append(smaller)
  return pyramid


def _blur(images: np.ndarray) -> np.ndarray:
  for axis in 1, 2:
    size = images.shape[axis]
    padding = [(2, 2) if a == axis else (0, 0) for a in range(4)]
    padded = np.pad(images, padding, mode='reflect')
    images = np.asarray(
      sum(
        tap * np.take(padded, range(place, place + size), axis) for place, tap in enumerate(_TAPS)
      )
    )
  return images
