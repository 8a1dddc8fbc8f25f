"""A folder of pictures of one shape, as they are stored, to be scored or scored against.

    split = picture_split('/tmp/samples', '--generated_dir')

Unlike a dataset it has no classes, no splits and no shape of its own: sub-folders only hold
pictures, and nothing is resized unless that is asked for, as it would change the scores.
Transparency is laid over white, unless what the pictures are compared with has alpha.
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
  """All pictures below `root`, in the order of their paths; each is decoded once to check it.

  Args:
    root: The folder, which may be gs://.
    flag: What it was given as, for messages.
    size: Crop to the largest central part of the proportions of a size, so many pixels a side or
      (height, width), and resize to it; 0 keeps what is stored.
    image_shape: (height, width, channels) of what the pictures are compared with. With 4 channels
      pictures are read as RGBA, else as grey or RGB, whichever is stored.

  Raises:
    UsageError: No pictures, one that cannot be read, or two of different shapes.
  """
  names = picture_names(root, flag)
  sides = height_and_width(size, '--resize_pictures') if size else None
  channels = 4 if image_shape and image_shape[2] == 4 else 0
  read = functools.partial(decoding.read_picture, size=sides, channels=channels, resize='crop')

  def shape(name: str) -> tuple[int, ...]:
    try:
      return read(os.path.join(root, name)).shape
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      raise UsageError(f'{flag}={root}: {name} cannot be read ({error})') from None

  shapes = dict(zip(names, POOL.map(shape, names)))
  first = shapes[names[0]]
  for name, other in shapes.items():
    if other != first:
      raise UsageError(
        f'{flag}={root}: {names[0]} is {_text(first)} and {name} is {_text(other)}; '
        'one shape is needed (--resize_pictures changes height and width)'
      )
  recipe = f'crop lanczos {size_text(sides)}' if sides else 'as stored'
  return FileSplit(root, names, [0] * len(names), image_shape=first, read=read, recipe=recipe)


def _text(shape: tuple[int, ...]) -> str:
  return 'x'.join(map(str, shape))
