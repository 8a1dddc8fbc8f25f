"""Arrays as pictures: axes, dtype and range are checked, and values become 8 bits.

scale = Scale.of(arrays, 'faces.npy', (-1.0, 1.0))
pictures = scale.to_uint8(arrays[0][:64])           # uint8 [64, H, W, C]
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses
import logging

import numpy as np

from tfgan_pipeline.errors import UsageError

CHANNELS = (1, 3, 4)
AXES = ('NHWC', 'NCHW')
_CHUNK = 2**26  # Bytes that are looked at together.
# Ranges that are proposed for values within them, narrowest first: fractions, outputs of tanh,
# bytes, 12 bits and 16 bits.
_USUAL = ((0, 1), (-1, 1), (0, 255), (0, 4095), (0, 65535))
_FEW = 16  # Grey levels of 256: less than a sixteenth of the range is most likely a mistake.

_log = logging.getLogger(__name__)


def as_pictures(array: np.ndarray, where: str, axes: str = 'NHWC') -> np.ndarray:
  """Returns a view [N, H, W, C] of an array of pictures.

  Args:
    array: Numbers [N, H, W, C], [N, H, W], or [N, C, H, W] with `axes` NCHW.
    where: Start of the error message, such as a file.
    axes: 'NHWC' or 'NCHW'.

  Raises:
    UsageError: The dtype is none of numbers, or the axes are others; the message says which and
      how to change them.
  """
  if array.dtype.kind not in 'buif':
    raise UsageError(f'{where}: is {array.dtype}; pictures are whole numbers or floats')
  shape = array.shape
  if array.ndim == 3 and shape[2] not in CHANNELS:
    return _require_pictures(array[..., np.newaxis], where)
  if array.ndim == 3:
    raise UsageError(f'{where}: {shape} is one picture; pictures are [N, H, W, C]')
  if array.ndim != 4:
    raise UsageError(f'{where}: {shape} has {array.ndim} axes; reshape it to [N, H, W, C]')
  if axes == 'NCHW':
    if shape[1] not in CHANNELS:
      raise UsageError(
        f'{where}: {shape} has no 1, 3 or 4 channels on the second axis, as NCHW has'
      )
    return _require_pictures(np.moveaxis(array, 1, 3), where)
  if shape[3] not in CHANNELS:
    if shape[1] in CHANNELS:
      raise UsageError(
        f'{where}: {shape} has its channels first; say axes=NCHW, or save np.moveaxis(array, 1, 3)'
      )
    if shape[2] in CHANNELS:
      raise UsageError(f'{where}: {shape} has its pictures last; save np.moveaxis(array, 3, 0)')
    raise UsageError(f'{where}: {shape} has {shape[3]} channels on its last axis, not 1, 3 or 4')
  return _require_pictures(array, where)


def _require_pictures(array: np.ndarray, where: str) -> np.ndarray:
  if not array.size:
    raise UsageError(f'{where}: {array.shape} holds no pictures')
  return array


@dataclasses.dataclass(frozen=True)
class Scale:
  """Values that become black and white; all between are rounded to 8 bits.

  Attributes:
    low: Value that becomes 0.
    high: Value that becomes 255.
    as_stored: Whether values are uint8 already and stay as they are.
  """

  low: float = 0.0
  high: float = 255.0
  as_stored: bool = True

  @classmethod
  def of(
    cls, arrays: Sequence[np.ndarray], where: str, given: tuple[float, float] | str = ''
  ) -> Scale:
    """Returns the scale of pictures, whose values are all read to check them.

    Args:
      arrays: Pictures [N, H, W, C], of one dtype.
      where: Start of the error message.
      given: The values that stand for black and white, 'data' for the smallest and largest of all
        arrays, or '' for uint8 as stored.

    Raises:
      UsageError: Values are not finite, or beyond the range, or no range is given for values other
        than uint8; the message says which range they have.
    """
    as_stored = arrays[0].dtype == np.uint8
    if isinstance(given, str) and given not in ('', 'data'):
      raise UsageError(f'{where}: range={given} should be two numbers, or data')
    least, most = _bounds(arrays, where)
    found = f'values from {_text(least)} to {_text(most)}'
    if given == '':
      if not as_stored:
        raise UsageError(
          f'{where}: {arrays[0].dtype} {found}; say which are black and white, as in '
          f'range={_proposal(least, most)}'
        )
      if most - least < _FEW:
        _log.warning(
          '%s: %s of 0 to 255 are used; range=%s uses all', where, found, _proposal(least, most)
        )
      return cls()
    low, high = (least, most) if isinstance(given, str) else given
    if not low < high:
      raise UsageError(f'{where}: range=({_text(low)}, {_text(high)}) should rise; it has {found}')
    # Half a grey level beyond the range is rounding, as of a resize.
    slack = (high - low) / 510
    if least < low - slack or most > high + slack:
      raise UsageError(
        f'{where}: {found}, beyond range=({_text(low)}, {_text(high)}); say '
        f'range={_proposal(least, most)}'
      )
    if (most - least) * 16 < high - low:
      _log.warning(
        '%s: %s, less than a sixteenth of range=(%s, %s)', where, found, _text(low), _text(high)
      )
    return cls(float(low), float(high), as_stored=False)

  def to_uint8(self, values: np.ndarray) -> np.ndarray:
    """Converts numbers [...] to uint8 [...], rounded to nearest."""
    if self.as_stored:
      return np.ascontiguousarray(values)
    levels = (values.astype(np.float64) - self.low) * (255 / (self.high - self.low))
    return np.clip(np.rint(levels), 0, 255).astype(np.uint8)

  def __str__(self) -> str:
    return 'as stored' if self.as_stored else f'{self.low!r} to {self.high!r}'


def chunks(array: np.ndarray) -> Iterator[np.ndarray]:
  """Yields consecutive parts of an array [N, ...] of at most 64 MiB, or one row."""
  rows = max(1, _CHUNK // max(array[:1].nbytes, 1))
  for start in np.arange(0, len(array), rows):
    yield array[start : start + rows]


def _bounds(arrays: Sequence[np.ndarray], where: str) -> tuple[float, float]:
  """Returns the smallest and the largest value; raises UsageError if any is not finite."""
  least, most, first = np.inf, -np.inf, 0
  for array in arrays:
    for chunk in chunks(array):
      low, high = float(chunk.min()), float(chunk.max())
      if not np.isfinite(low + high):
        rows = np.flatnonzero(~np.isfinite(chunk).all(axis=(1, 2, 3)))
        raise UsageError(
          f'{where}: picture {first + int(rows[0])} has values that are not finite; '
          'leave it out, or replace them with np.nan_to_num'
        )
      least, most, first = min(least, low), max(most, high), first + len(chunk)
  return least, most


def _proposal(least: float, most: float) -> str:
  """Returns the text of the usual range that holds all values, or 'data'."""
  usual = (pair for pair in _USUAL if pair[0] <= least and most <= pair[1])
  found = next(usual, None)
  return 'data' if found is None else str(found)


def _text(value: float) -> str:
  return f'{value:.6g}'
