"""Folders of pictures of one shape, read as stored, for scoring or as a reference.

    split = picture_split('/tmp/samples', '--generated_dir')

Unlike a dataset, such a folder has no classes, no splits and no prescribed shape: sub-folders only
hold pictures, and nothing is resized unless requested, as resizing would change the scores.
Transparency is laid over white, unless the pictures are compared with images that have alpha.
"""

from __future__ import annotations

from collections.abc import Sequence
import functools
import os

from tfgan_pipeline.data.folders import decoding
from tfgan_pipeline.data.folders.layout import picture_names
from tfgan_pipeline.data.splits.files import POOL, FileSplit
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.sizes import height_and_width, size_text


def picture_split(
  root: str,
  flag: str,
  *,
  size: int | tuple[int, int] = 0,
  image_shape: Sequence[int] | None = None,
) -> FileSplit:
  """Returns a split of all pictures below `root`, in the order of their paths.

  Every picture is decoded once, to check it.

  Args:
    root: Folder of the pictures; may be gs://.
    flag: Flag that named the folder, for messages.
    size: Pixels per side, or (height, width): pictures are cropped to the largest central part of
      these proportions, and resized. 0 keeps the stored size.
    image_shape: (height, width, channels) of the images that the pictures are compared with. With
      4 channels pictures are read as RGBA, else as grey or RGB, whichever is stored.

  Raises:
    UsageError: There are no pictures, one cannot be read, or two have different shapes.
  """
  names = picture_names(root, flag)
  sides = height_and_width(size, '--resize_pictures') if size else None
  channels = 4 if image_shape and image_shape[2] == 4 else 0
  read = functools.partial(decoding.read_picture, size=sides, channels=channels, resize='crop')

  def read_shape(name: str) -> tuple[int, ...]:
    try:
      return read(os.path.join(root, name)).shape
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      raise UsageError(f'{flag}={root}: {name} cannot be read ({error})') from None

  shapes = dict(zip(names, POOL.map(read_shape, names)))
  first = shapes[names[0]]
  for name, other in shapes.items():
    if other != first:
      raise UsageError(
        f'{flag}={root}: {names[0]} is {_shape_text(first)} and {name} is {_shape_text(other)}; '
        'one shape is needed (--resize_pictures changes height and width)'
      )
  recipe = f'crop lanczos {size_text(sides)}' if sides else 'as stored'
  return FileSplit(root, names, [0] * len(names), image_shape=first, read=read, recipe=recipe)


def _shape_text(shape: tuple[int, ...]) -> str:
  return 'x'.join(map(str, shape))
