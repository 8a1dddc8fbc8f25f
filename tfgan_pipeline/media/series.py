"""Medium `series`: series of numbers in time, stored as two bytes a number, drawn as curves.

    pictures = to_images(values)      # float [N, T, C] in [-1, 1] -> uint8 [N, T, 2, C]
    values = of_images(pictures)

The medium knows the range of each channel, so that files have the units of the data.
"""

from __future__ import annotations

from collections.abc import Sequence
import io

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media import two_bytes
from tfgan_pipeline.media.base import Medium
from tfgan_pipeline.media.images import COLOURS, Image, grid, png

_MOST = 24  # Series in a picture.
_HEIGHT, _WIDTH = 64, 192  # Pixels of one, at least.


def to_images(values: np.ndarray) -> np.ndarray:
  """Converts float [N, T, C] to uint8 [N, T, 2, C]; clips to [-1, 1], then rounds."""
  return np.moveaxis(two_bytes.split(values), -1, 2)


def of_images(images: np.ndarray) -> np.ndarray:
  """Converts uint8 [N, T, 2, C] to float32 [N, T, C] in [-1, 1]."""
  return two_bytes.join(np.moveaxis(images, 2, -1))


@registry.medium
def series(*, low: tuple[float, ...] = (-1.0,), high: tuple[float, ...] = (1.0,)) -> Medium:
  """Series of numbers in time, drawn as curves and written as NumPy's files.

  Args:
    low: The least number of each channel, or of all.
    high: The largest number of each channel, or of all.
  """
  if len(low) != len(high) or any(first >= last for first, last in zip(low, high)):
    raise UsageError(f"medium 'series': low={low} should be below high={high}, channel by channel")
  return Series(low, high)


class Series(Image):
  """Medium of series, uint8 [T, 2, C]: the high and the low byte of each number."""

  extension = '.npy'
  is_picture = False

  def __init__(self, low: Sequence[float], high: Sequence[float]):
    self._low, self._high = np.array(low, np.float64), np.array(high, np.float64)

  def scaled(self, values: np.ndarray) -> np.ndarray:
    """Converts numbers [N, T, C] in the units of the data to float64 in [-1, 1]."""
    return (values - self._low) / (self._high - self._low) * 2 - 1

  def coordinates(self, samples: np.ndarray) -> np.ndarray:
    """Returns float32 [N, T, C] in the units of the data."""
    share = (of_images(samples).astype(np.float64) + 1) / 2
    return (self._low + share * (self._high - self._low)).astype(np.float32)

  def grid_size(self, shape: Sequence[int]) -> int:
    return _MOST

  def picture(self, samples: np.ndarray, *, columns: int = 0) -> np.ndarray:
    """Draws a curve for each channel, all series in one range from bottom to top."""
    values = of_images(samples)
    wide = max(1, -(-_WIDTH // values.shape[1]))
    rows = np.rint((1 - values) / 2 * (_HEIGHT - 1)).astype(int)  # [N, T, C], from the top.
    after = np.concatenate([rows[:, 1:], rows[:, -1:]], axis=1)
    first, last = np.minimum(rows, after), np.maximum(rows, after)
    tiles = np.full((len(values), _HEIGHT, values.shape[1], 3), 255, np.uint8)
    tiles[:, _HEIGHT // 2] = 225
    place = np.arange(_HEIGHT)[:, np.newaxis]  # Against [N, 1, T].
    for channel in range(values.shape[2]):
      low, high = (border[:, np.newaxis, :, channel] for border in (first, last))
      tiles[(low <= place) & (place <= high)] = COLOURS[channel % len(COLOURS)]
    return grid(tiles.repeat(wide, axis=2), columns=columns or 3)

  def encode(self, sample: np.ndarray) -> bytes:
    """Encodes one series as float32 [T, C], in the units of the data, in NumPy's format."""
    content = io.BytesIO()
    np.save(content, self.coordinates(sample[np.newaxis])[0])
    return content.getvalue()

  def shows(self, content: bytes, sample: np.ndarray) -> bool:
    return content == self.encode(sample)

  def beside(self, sample: np.ndarray) -> dict[str, bytes]:
    return {'.png': png(self.picture(sample[np.newaxis], columns=1))}
