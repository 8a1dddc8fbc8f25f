"""`--dataset=image_folder(size=(64, 128)) --data_dir=/pictures`: a user's own pictures.

layout.py tells how folders are understood, decoding.py what is done to a picture.
"""

from __future__ import annotations

from collections.abc import Callable
import functools
import logging
import os

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.dataset import DataOptions, Dataset, Split
from tfgan_pipeline.data.folders import decoding
from tfgan_pipeline.data.folders.layout import picture_names, read_layout
from tfgan_pipeline.data.folders.partition import partition
from tfgan_pipeline.data.splits.files import POOL, FileSplit
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.sizes import height_and_width

_log = logging.getLogger(__name__)
_NAMED_AT_MOST = 100


@registry.dataset
def image_folder(
  options: DataOptions,
  *,
  size: int | tuple[int, int],
  channels: int = 3,
  validation: float = 0.1,
  test: float = 0.1,
  resize: str = 'crop',
) -> Dataset:
  """The pictures under --data_dir; sub-folders are classes, train/val/test folders are splits.

  Pictures are png, jpg, webp, bmp, gif or tiff files; hidden files are passed over, and files that
  cannot be decoded are left out and named in the log. What does not fit in memory is decoded
  whenever it is used; then only the beginning of every file is checked at the start.

  Args:
    options: `data_dir` (`gs://` too) and the memory limit.
    size: Pixels a side, or (height, width).
    channels: 1 for greyscale, 3 for colour, 4 for colour with alpha. With 1 and 3, transparency is
      laid over white.
    validation: Share of the pictures held out, in proportion to the classes, when there are no
      folders for the splits.
    test: Share held out for a last judgement, under the conditions of `validation`.
    resize: 'crop' (to the largest central part of the proportions of `size`) or 'stretch'.

  Raises:
    UsageError: No usable pictures, an unclear layout, or an argument out of range.
  """
  if channels not in decoding.MODES or resize not in decoding.RESIZES:
    raise UsageError(
      f"dataset 'image_folder': channels={channels}, resize={resize} should be 1, 3 or 4, and crop "
      'or stretch'
    )
  sides = height_and_width(size, "dataset 'image_folder'")
  root = options.data_dir
  if not root:
    raise UsageError("--data_dir: dataset 'image_folder' needs the folder of the pictures")
  names = picture_names(root)
  shape = (*sides, channels)
  read = functools.partial(decoding.read_picture, size=sides, channels=channels, resize=resize)
  if options.fits_memory(len(names), shape):
    images = np.empty((len(names), *shape), np.uint8)
    good = _attempt(root, names, lambda index, path: images.__setitem__(index, read(path)))
  else:
    images = None
    good = _attempt(root, names, lambda _, path: decoding.check_header(path))
  folder_splits, classes, labels = read_layout(root, [names[index] for index in good])
  good_names = [names[index] for index in good]
  parts = folder_splits or partition(good_names, labels, {'validation': validation, 'test': test})

  def split(members: np.ndarray) -> Split:
    files = FileSplit(
      root,
      [good_names[member] for member in members],
      np.asarray(labels, np.int32)[members],
      image_shape=shape,
      read=read,
      recipe=f'{resize} lanczos',
    )
    if images is None:
      return files
    arrays = {'image': images[good[members]], 'label': files.labels}
    return MemorySplit(arrays, stored=files)

  return Dataset.of_images(
    name=os.path.basename(os.path.normpath(root)),
    image_shape=shape,
    label_names=classes,
    splits={part: split(members) for part, members in parts.items()},
  )


def _attempt(root: str, names: list[str], action: Callable[[int, str], None]) -> np.ndarray:
  """Indices of the files for which `action` does not raise; the others are named in the log."""

  def error_of(index: int) -> str:
    try:
      action(index, os.path.join(root, names[index]))
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      return str(error).split('\n')[0] or type(error).__name__
    return ''

  errors = list(POOL.map(error_of, range(len(names))))
  broken = [f'{name}: {error}' for name, error in zip(names, errors) if error]
  if len(broken) == len(names):
    raise UsageError(
      f'--data_dir={root}: none of {len(names)} pictures can be read, as {broken[0]}'
    )
  for line in broken[:_NAMED_AT_MOST]:
    _log.warning('skipped %s', line)
  if broken:
    _log.warning(
      '%d of %d pictures in %s skipped, as they cannot be read', len(broken), len(names), root
    )
  return np.array([index for index, error in enumerate(errors) if not error])
