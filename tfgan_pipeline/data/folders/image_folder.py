"""`--dataset=image_folder(size=(64, 128)) --data_dir=/pictures`: a user's own pictures.

layout.py defines what folders mean, decoding.py how a picture becomes an array.
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
from tfgan_pipeline.data.folders.former_layout import read_former_layout
from tfgan_pipeline.data.folders.layout import picture_names, read_layout
from tfgan_pipeline.data.folders.partition import partition
from tfgan_pipeline.data.splits.files import POOL, FileSplit
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.sizes import height_and_width

_log = logging.getLogger(__name__)
_MAX_WARNINGS = 100  # Unreadable files named in the log; all of them are counted.


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

  Pictures are png, jpg, webp, bmp, gif or tiff files; hidden files are ignored, and files that
  cannot be decoded are skipped and named in the log. Pictures that do not fit into memory are
  decoded on every use; then only the beginning of each file is checked at the start.

  Args:
    options: `data_dir` (may be gs://) and the memory limit.
    size: Pixels per side, or (height, width).
    channels: 1 for greyscale, 3 for colour, 4 for colour with alpha. With 1 and 3, transparency is
      laid over white.
    validation: Share of the pictures held out for validation, in proportion to the classes; used
      only without split folders.
    test: Share of the pictures held out for the final evaluation, in proportion to the classes;
      used only without split folders.
    resize: 'crop' (to the largest central part with the proportions of `size`) or 'stretch'.

  Raises:
    UsageError: There are no readable pictures, the layout is ambiguous, or an argument is out of
      range.
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
    indices = _find_readable(root, names, lambda index, path: images.__setitem__(index, read(path)))
  else:
    images = None
    indices = _find_readable(root, names, lambda _, path: decoding.check_header(path))
  readable_names = [names[index] for index in indices]
  layout = (read_former_layout if options.former else read_layout)(root, readable_names)
  parts = layout.parts or partition(
    readable_names, layout.labels, {'validation': validation, 'test': test}
  )

  def build_split(members: np.ndarray) -> Split:
    files = FileSplit(
      root,
      [readable_names[member] for member in members],
      np.asarray(layout.labels, np.int32)[members],
      image_shape=shape,
      read=read,
      recipe=f'{resize} lanczos',
    )
    if images is None:
      return files
    arrays = {'image': images[indices[members]], 'label': files.labels}
    return MemorySplit(arrays, stored=files)

  return Dataset.of_images(
    name=os.path.basename(os.path.normpath(root)),
    image_shape=shape,
    label_names=layout.classes,
    splits={part: build_split(members) for part, members in parts.items()},
  )


def _find_readable(root: str, names: list[str], action: Callable[[int, str], None]) -> np.ndarray:
  """Returns the indices of files for which `action` raises nothing, and logs the other files."""

  def error_of(index: int) -> str:
    try:
      action(index, os.path.join(root, names[index]))
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      return str(error).split('\n')[0] or type(error).__name__
    return ''

  errors = list(POOL.map(error_of, range(len(names))))
  failures = [f'{name}: {error}' for name, error in zip(names, errors) if error]
  if len(failures) == len(names):
    raise UsageError(
      f'--data_dir={root}: none of {len(names)} pictures can be read, as {failures[0]}'
    )
  for line in failures[:_MAX_WARNINGS]:
    _log.warning('skipped %s', line)
  if failures:
    _log.warning(
      '%d of %d pictures in %s skipped, as they cannot be read', len(failures), len(names), root
    )
  return np.array([index for index, error in enumerate(errors) if not error])
