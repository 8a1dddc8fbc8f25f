"""Folders of pictures of one shape, read as stored, for scoring or as a reference.

    split = picture_split('/tmp/samples', '--generated_dir')

Unlike a dataset, such a folder has no classes, no splits and no prescribed shape: sub-folders only
hold pictures, and nothing is resized unless requested, as resizing would change the scores.
Transparency is laid over white, unless the pictures are compared with images that have alpha, and
grey pictures among coloured ones get three equal channels.
"""

from __future__ import annotations

from collections.abc import Sequence
import functools
import logging
from typing import Any

from tfgan_pipeline.data.folders import decoding
from tfgan_pipeline.data.folders.find_files import find_files
from tfgan_pipeline.data.folders.survey import survey_pictures
from tfgan_pipeline.data.splits.files import FileSplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.sizes import height_and_width, size_text

_log = logging.getLogger(__name__)


def picture_split(
  root: str,
  flag: str,
  *,
  size: int | tuple[int, int] = 0,
  image_shape: Sequence[int] | None = None,
) -> FileSplit:
  """Returns a split of all pictures below `root`, in the order of their paths.

  Every picture is decoded once, to check it; those that cannot be read are left out and named in
  the log.

  Args:
    root: Folder of the pictures; may be gs://.
    flag: Flag that named the folder, for messages.
    size: Pixels per side, or (height, width): pictures are cropped to the largest central part of
      these proportions, and resized. 0 keeps the stored size.
    image_shape: (height, width, channels) of the images that the pictures are compared with. With
      4 channels pictures are read as RGBA, else as grey if all are stored so, or as RGB.

  Raises:
    UsageError: There are no pictures that can be read, or two have different shapes.
  """
  sides = height_and_width(size, '--resize_pictures') if size else None
  channels = 4 if image_shape and image_shape[2] == 4 else 0
  reading: dict[str, Any] = dict(size=sides, channels=channels, resize='crop')
  shapes: dict[int, tuple[int, ...]] = {}
  survey = survey_pictures(
    root,
    find_files(root, flag),
    functools.partial(decoding.to_pixels, **reading),
    keep=lambda index, pixels: shapes.__setitem__(index, pixels.shape),
    flag=flag,
  )
  grey = sum(shape[2] == 1 for shape in shapes.values())
  if 0 < grey < len(shapes):
    _log.info(
      '%s=%s: %d of %d pictures are grey; all are read as RGB', flag, root, grey, len(shapes)
    )
    reading['channels'] = 3
    shapes = {index: (*shape[:2], 3) for index, shape in shapes.items()}
  names, first = survey.names, shapes[survey.indices[0]]
  for name, index in zip(names, survey.indices):
    if shapes[index] != first:
      raise UsageError(
        f'{flag}={root}: {names[0]} is {_shape_text(first)} and {name} is '
        f'{_shape_text(shapes[index])}; one shape is needed (--resize_pictures changes height and '
        'width)'
      )
  recipe = 'as stored'
  if sides:
    reduced = any(fact.is_reduced_jpeg(sides) for fact in survey.facts)
    recipe = f'crop lanczos {size_text(sides)}{" in full" if reduced else ""}'
  read = functools.partial(decoding.read_picture, **reading)
  return FileSplit(root, names, [0] * len(names), image_shape=first, read=read, recipe=recipe)


def _shape_text(shape: tuple[int, ...]) -> str:
  return 'x'.join(map(str, shape))
