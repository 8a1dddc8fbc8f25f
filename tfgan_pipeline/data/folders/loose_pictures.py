"""A folder of pictures of one shape, as they are stored, to be scored or scored against.

    split = picture_split('/tmp/samples', '--generated_dir')

Unlike a dataset it has no classes, no splits and no shape of its own: sub-folders only hold
pictures, and nothing is resized unless that is asked for, as it would change the scores.
"""

from __future__ import annotations

import functools
import os

from tfgan_pipeline.data.folders import decoding
from tfgan_pipeline.data.folders.layout import picture_names
from tfgan_pipeline.data.splits.files import POOL, FileSplit
from tfgan_pipeline.errors import UsageError


def picture_split(root: str, flag: str, *, size: int = 0) -> FileSplit:
  """All pictures below `root`, in the order of their paths; each is decoded once to check it.

  Args:
    root: The folder, which may be gs://.
    flag: What it was given as, for messages.
    size: Crop to the central square and resize it to so many pixels; 0 keeps what is stored.

  Raises:
    UsageError: No pictures, one that cannot be read, or two of different shapes.
  """
  names = picture_names(root, flag)
  read = functools.partial(decoding.read_picture, size=size, channels=0, resize='crop')

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
  recipe = f'crop lanczos {size}' if size else 'as stored'
  return FileSplit(root, names, [0] * len(names), image_shape=first, read=read, recipe=recipe)


def _text(shape: tuple[int, ...]) -> str:
  return 'x'.join(map(str, shape))
