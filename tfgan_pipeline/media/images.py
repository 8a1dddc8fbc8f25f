"""Medium `image`, and conversions of images: [-1, 1], uint8, grids, plots and PNG files."""

from __future__ import annotations

from collections.abc import Sequence
import math

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.media.base import Medium
from tfgan_pipeline.media.sizes import tiles
from tfgan_pipeline.runs import atomic_files

_TILES = 64  # Images in a grid: 8 by 8, unless they are large.


@registry.medium
def image() -> Medium:
  """Pictures uint8 [H, W, C], drawn in a grid and written as PNG files."""
  return Image()


class Image(Medium):
  """Medium of grey, RGB or RGBA pictures, uint8 [H, W, C]."""

  extension = '.png'
  is_picture = True

  def to_device(self, stored: tf.Tensor) -> tf.Tensor:
    return to_float(stored)

  def to_stored(self, values: tf.Tensor) -> tf.Tensor:
    return to_uint8(values)

  def grid_size(self, shape: Sequence[int]) -> int:
    return tiles(shape, _TILES)

  def picture(self, samples: np.ndarray, *, columns: int = 0) -> np.ndarray:
    return grid(samples, columns=columns)

  def encode(self, sample: np.ndarray) -> bytes:
    return png(sample)

  def shows(self, content: bytes, sample: np.ndarray) -> bool:
    """Compares pixels, since compressed bytes differ between versions of zlib."""
    try:
      return np.array_equal(tf.io.decode_png(content), sample)
    except tf.errors.InvalidArgumentError:
      return False


def to_float(images: tf.Tensor) -> tf.Tensor:
  """Converts uint8 [..., C] in [0, 255] to float32 in [-1, 1]."""
  return tf.cast(images, tf.float32) / 127.5 - 1.0


def to_uint8(images: tf.Tensor) -> tf.Tensor:
  """Converts float [..., C] in [-1, 1] to uint8: clips, then rounds to nearest, halves to even."""
  return tf.cast(tf.round((tf.clip_by_value(images, -1.0, 1.0) + 1.0) * 127.5), tf.uint8)


def grid(images: np.ndarray, *, columns: int = 0, gap: int = 2) -> np.ndarray:
  """Tiles uint8 [N, H, W, C] into one picture uint8 [rows*(H+gap)+gap, columns*(W+gap)+gap, C].

  RGBA tiles keep their alpha; the gaps between them are opaque.

  Args:
    images: N pictures of one size.
    columns: Tiles per row; 0 makes about as many columns as rows.
    gap: Width in pixels of the white lines around tiles.
  """
  count, height, width, channels = images.shape
  columns = columns or math.ceil(math.sqrt(count))
  rows = math.ceil(count / columns)
  picture = np.full(
    (rows * (height + gap) + gap, columns * (width + gap) + gap, channels), 255, np.uint8
  )
  for index, image in enumerate(images):
    top = gap + index // columns * (height + gap)
    left = gap + index % columns * (width + gap)
    picture[top : top + height, left : left + width] = image
  return picture


# Ten distinguishable colours, uint8 RGB: Matplotlib's tab10 with a darker grey.
COLOURS = np.array(
  [
    (31, 119, 180),
    (255, 127, 14),
    (44, 160, 44),
    (214, 39, 40),
    (148, 103, 189),
    (140, 86, 75),
    (227, 119, 194),
    (90, 90, 90),
    (188, 189, 34),
    (23, 190, 207),
  ],
  np.uint8,
)


def scatter(
  places: np.ndarray, labels: np.ndarray, *, side: int = 480, reach: float = 0.0, radius: int = 2
) -> np.ndarray:
  """Plots points around (0, 0), the second axis upwards, as a picture uint8 [side, side, 3].

  Args:
    places: Points, float [N, 2].
    labels: Classes, int [N]; class k is drawn in colour k modulo 10.
    side: Height and width of the picture in pixels.
    reach: Largest coordinate shown, which no point may exceed; 0 takes that of the farthest point.
    radius: Half the size of a point, which is a square with sides of 2 * radius + 1 pixels.
  """
  picture = np.full((side, side, 3), 255, np.uint8)
  picture[side // 2] = picture[:, side // 2] = 200  # Grey axes.
  reach = reach or max(float(np.abs(places).max(initial=0.0)), 1e-6)  # Never 0: a divisor.
  places = (
    np.rint((places / reach * [1, -1] + 1) / 2 * (side - 1 - 2 * radius)).astype(int) + radius
  )
  for (across, down), label in zip(places, labels):
    rows, columns = (slice(middle - radius, middle + radius + 1) for middle in (down, across))
    picture[rows, columns] = COLOURS[label % len(COLOURS)]
  return picture


def enlarge(picture: np.ndarray, *, least: int = 480) -> np.ndarray:
  """Repeats pixels of [H, W, C] so that the shorter side has `least` or more; never shrinks."""
  factor = max(1, math.ceil(least / min(picture.shape[:2])))
  return picture.repeat(factor, 0).repeat(factor, 1)


def png(picture: np.ndarray) -> bytes:
  """Encodes a picture uint8 [H, W, C], of 1, 3 or 4 (RGBA) channels, as bytes of a PNG file."""
  return tf.io.encode_png(picture).numpy()


def write_png(path: str, picture: np.ndarray) -> None:
  """Writes a picture uint8 [H, W, C] with C of 1, 3 or 4 as a PNG file; `path` may be gs://."""
  atomic_files.write(path, png(picture))
