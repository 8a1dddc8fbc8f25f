"""Medium `point`: points of the plane, stored as 2x2 grey pictures without losing precision.

    pictures = to_images(points)      # float [N, 2] in [-1, 1] -> uint8 [N, 2, 2, 1]
    points = of_images(pictures)

A row is a coordinate, see two_bytes.py: the left pixel is the high byte, the right one the low
byte. Steps of a single byte would be as wide as the Gaussians of data/made/gaussians.py, and images
that are not bytes would be an exception in every part of the package.
networks/layers/two_bytes.py writes pixels so that gradients pass unchanged.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.media import two_bytes
from tfgan_pipeline.media.base import Medium
from tfgan_pipeline.media.images import Image, scatter

_DOTS = 2048  # Points in a plot.
IMAGE_SHAPE = (2, 2, 1)
STEPS = two_bytes.STEPS


def to_images(points: np.ndarray) -> np.ndarray:
  """Converts points float [N, 2] to pictures uint8 [N, 2, 2, 1]; clips to [-1, 1], then rounds."""
  return two_bytes.split(points)[..., np.newaxis]


def of_images(images: np.ndarray) -> np.ndarray:
  """Converts pictures uint8 [N, D, 2, 1] to points float32 [N, D].

  Pictures of other shapes are read as pairs of consecutive bytes.
  """
  return two_bytes.join(images.reshape(len(images), -1, 2))


@registry.medium
def point() -> Medium:
  """Points of the plane in [-1, 1], drawn in a scatter plot."""
  return Point()


class Point(Image):
  """Medium of points, each stored as a 2x2 grey picture."""

  is_picture = False

  def grid_size(self, shape: Sequence[int]) -> int:
    return _DOTS

  def picture(self, samples: np.ndarray, *, columns: int = 0) -> np.ndarray:
    return scatter(of_images(samples), np.zeros(len(samples), int), reach=1.0, radius=1)

  def coordinates(self, samples: np.ndarray) -> np.ndarray:
    return of_images(samples)
