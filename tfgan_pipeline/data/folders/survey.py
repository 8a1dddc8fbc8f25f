"""The first look at a user's pictures: which can be read, their sizes and values, and why not.

    survey = survey_pictures('/pictures', keep=lambda index, pixels: None, read=read)
    survey.names            # those that can be read, sorted
    survey.describe()       # 'stored as 64x64 to 300x200; left out: 3 .txt (no picture)'

Every picture is decoded once, however it is held later, so that all ways to read a folder leave out
the same files.
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Mapping, Sequence
import dataclasses
import logging
import os
from typing import TYPE_CHECKING
import zlib

import numpy as np

from tfgan_pipeline.data.folders.decoding import values_of
from tfgan_pipeline.data.folders.find_files import FoundFiles
from tfgan_pipeline.data.folders.picture_files import (
  NoPicture,
  is_named_like_picture,
  open_picture,
)
from tfgan_pipeline.data.splits.files import POOL
from tfgan_pipeline.errors import UsageError

if TYPE_CHECKING:
  from PIL.Image import Image

_log = logging.getLogger(__name__)
_MAX_WARNINGS = 100  # Broken pictures named in the log; all of them are counted.
_MAX_KINDS = 8  # Sizes and reasons named in the description, which is one line.


@dataclasses.dataclass(frozen=True)
class Facts:
  """Facts about one picture.

  Attributes:
    size: (height, width) as stored, upright.
    is_jpeg: Whether the file is a JPEG.
    low: Smallest stored value of a colour.
    high: Largest stored value of a colour.
    white: Value of white by the number format; infinite if it has none.
    checksum: CRC-32 of the pixels that were read.
  """

  size: tuple[int, int]
  is_jpeg: bool
  low: float
  high: float
  white: float
  checksum: int

  def is_reduced_jpeg(self, size: tuple[int, int]) -> bool:
    """Returns whether earlier versions let the decoder of a JPEG reduce it for `size`."""
    return self.is_jpeg and min(self.size) >= 4 * max(size)


@dataclasses.dataclass(frozen=True)
class Survey:
  """Pictures that can be read, and why other files are left out.

  Attributes:
    names: N paths relative to the folder, sorted.
    facts: N facts, in this order.
    indices: int [N], places of `names` among the files that were looked at.
    left_out: Path -> reason.
  """

  names: list[str]
  facts: list[Facts]
  indices: np.ndarray
  left_out: Mapping[str, str]

  def describe(self) -> str:
    """Returns one line: stored sizes, and files left out by extension and reason."""
    sizes = collections.Counter(fact.size for fact in self.facts)
    by_area = sorted(sizes, key=lambda size: (size[0] * size[1], size))
    texts = ['x'.join(map(str, size)) for size in by_area]
    if len(texts) > 3:
      texts = [f'{texts[0]} to {texts[-1]}, {len(texts):,} sizes']
    lines = ['stored as ' + ', '.join(texts)] if texts else []
    if self.left_out:
      lines.append('left out: ' + reasons_text(self.left_out))
    return '; '.join(lines)


def reasons_text(left_out: Mapping[str, str]) -> str:
  """Returns counts of files by extension and reason, the most frequent first."""
  kinds = collections.Counter(
    (os.path.splitext(name)[1].lower() or 'without extension', reason)
    for name, reason in left_out.items()
  )
  texts = [f'{count:,} {kind} ({reason})' for (kind, reason), count in kinds.most_common()]
  more = f', {len(texts) - _MAX_KINDS} more kinds' if len(texts) > _MAX_KINDS else ''
  return ', '.join(texts[:_MAX_KINDS]) + more


def survey_pictures(
  root: str,
  found: FoundFiles,
  read: Callable[[Image], np.ndarray],
  *,
  keep: Callable[[int, np.ndarray], None] = lambda index, pixels: None,
  flag: str = '--data_dir',
) -> Survey:
  """Reads every file that may be a picture, in parallel, and logs the broken ones by name.

  Args:
    root: Folder of the files; may be gs://.
    found: The files.
    read: Upright Pillow image -> pixels uint8 [H, W, C].
    keep: Function that gets the place of each picture among `found.names`, and its pixels.
    flag: Flag that named the folder, for messages.

  Raises:
    UsageError: No file is a picture that can be read.
  """

  def look(index: int) -> Facts | Exception:
    try:
      image = open_picture(os.path.join(root, found.names[index]))
      pixels = read(image)
      keep(index, pixels)
      return _facts(image, pixels)
    except MemoryError:
      raise
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      return error

  results = list(POOL.map(look, range(len(found.names))))
  errors = {
    name: result for name, result in zip(found.names, results) if isinstance(result, Exception)
  }
  good = [index for index, result in enumerate(results) if isinstance(result, Facts)]
  left_out = {**found.passed_over, **{name: told(error) for name, error in errors.items()}}
  broken = [
    name
    for name, error in errors.items()
    if not isinstance(error, NoPicture) or os.path.splitext(name)[1] and is_named_like_picture(name)
  ]
  if not good and broken:
    raise UsageError(
      f'{flag}={root}: none of {len(broken)} pictures can be read, as {broken[0]}: '
      f'{left_out[broken[0]]}'
    )
  if not good:
    others = f'; there are: {reasons_text(left_out)}' if left_out else ''
    raise UsageError(f'{flag}={root}: no pictures in it{others}')
  report_broken(root, {name: left_out[name] for name in broken}, len(good) + len(broken))
  return Survey(
    [found.names[index] for index in good],
    [result for result in results if isinstance(result, Facts)],
    np.array(good),
    left_out,
  )


def report_broken(root: str, reasons: Mapping[str, str], count: int) -> None:
  """Warns of broken pictures by name, of which there are `count` with the sound ones."""
  for name, reason in list(reasons.items())[:_MAX_WARNINGS]:
    _log.warning('skipped %s: %s', name, reason)
  if reasons:
    _log.warning(
      '%d of %d pictures in %s skipped, as they cannot be read', len(reasons), count, root
    )


def told(error: Exception) -> str:
  """Returns the first line of an error, or its type."""
  return str(error).split('\n')[0] or type(error).__name__


def data_range(root: str, names: Sequence[str]) -> tuple[float, float]:
  """Returns the smallest and the largest stored value of all pictures that can be opened.

  Raises:
    UsageError: The values are all equal, or of no picture finite.
  """

  def extremes(name: str) -> tuple[float, float] | None:
    try:
      return values_of(open_picture(os.path.join(root, name)))[:2]
    except Exception:  # Named when the picture is read.
      return None

  found = [pair for pair in POOL.map(extremes, names) if pair and np.isfinite(pair).all()]
  if not found:
    raise UsageError(f'--data_dir={root}: range=data: no picture there can be read')
  low, high = min(low for low, _ in found), max(high for _, high in found)
  if not low < high:
    raise UsageError(f'--data_dir={root}: range=data: all values are {low:g}, which is no range')
  return low, high


def _facts(image: Image, pixels: np.ndarray) -> Facts:
  low, high, white = values_of(image)
  return Facts(
    size=(image.height, image.width),
    is_jpeg=image.format in ('JPEG', 'MPO'),
    low=low,
    high=high,
    white=white,
    checksum=zlib.crc32(pixels.tobytes()),
  )
