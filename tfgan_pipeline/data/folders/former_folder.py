"""Folders as earlier versions read them, for the runs that began with these.

Files were pictures by their extension and counted once for each link. A folder around everything
was a class, split folders were known by four exact names and only if no other folder lay beside
them, and classes were in alphabetical order even if they were numbers. JPEGs much larger than the
result were halved by their decoder before the filter, and damaged metadata made a file unreadable.
"""

from __future__ import annotations

from collections.abc import Mapping
import functools
import io
import os

import numpy as np

from tfgan_pipeline.data.dataset import SPLIT_NAMES, DataOptions, Dataset
from tfgan_pipeline.data.folders.assembly import assemble
from tfgan_pipeline.data.folders.decoding import to_pixels
from tfgan_pipeline.data.folders.find_files import find_files, find_pictures
from tfgan_pipeline.data.folders.layout import Layout, refuse_loose_pictures
from tfgan_pipeline.data.folders.partition import partition
from tfgan_pipeline.data.splits.files import POOL, open_file
from tfgan_pipeline.errors import UsageError

_SPLIT_FOLDERS = {**{name: name for name in SPLIT_NAMES}, 'val': 'validation'}


def former_folder(
  options: DataOptions,
  root: str,
  *,
  shape: tuple[int, int, int],
  resize: str,
  shares: Mapping[str, float],
) -> Dataset:
  """Builds the dataset `image_folder` by the former rules.

  Args:
    options: Memory limit.
    root: Folder of the pictures.
    shape: (height, width, channels).
    resize: 'crop' or 'stretch'.
    shares: Split -> share of the pictures, for folders without splits.

  Raises:
    UsageError: No picture can be read, or the layout was refused.
  """
  find_files(root)  # Refuses what is no folder.
  read = functools.partial(_read, size=shape[:2], channels=shape[2], resize=resize)
  in_memory = options.fits_memory(len(names := find_pictures(root)), shape)

  def look(name: str) -> np.ndarray | None:
    path = os.path.join(root, name)
    try:
      return read(path) if in_memory else _check_header(path)
    except Exception:  # Pillow raises a dozen kinds for damaged files.
      return None

  found: list[np.ndarray | None] = list(POOL.map(look, names))
  good = [index for index, pixels in enumerate(found) if pixels is not None]
  if not good:
    raise UsageError(f'--data_dir={root}: no pictures in it')
  names = [names[index] for index in good]
  pixels = [image for image in found if image is not None]
  layout = _read_layout(root, names)
  layout = layout._replace(parts=layout.parts or partition(names, layout.labels, shares))
  return assemble(
    root,
    names,
    layout,
    shape=shape,
    read=read,
    recipe=lambda members: f'{resize} lanczos',
    images=(lambda members: np.stack([pixels[index] for index in members])) if in_memory else None,
  )


def _read(path: str, *, size: tuple[int, int], channels: int, resize: str) -> np.ndarray:
  from PIL import Image, ImageOps

  with open_file(path) as file:
    content = file.read()
  with Image.open(io.BytesIO(content)) as image:
    image.draft(None, (2 * max(size), 2 * max(size)))
    upright = ImageOps.exif_transpose(image)
    return to_pixels(upright, size=size, channels=channels, resize=resize)


def _check_header(path: str) -> np.ndarray:
  """Returns no pixels; raises Pillow's error if a file does not begin like a picture."""
  from PIL import Image

  with open_file(path) as file, Image.open(file):
    return np.empty(0)


def _read_layout(root: str, names: list[str]) -> Layout:
  """Derives splits, classes and labels from the paths of pictures by the former rules.

  Args:
    root: Folder of the pictures, for messages.
    names: Paths of the pictures relative to `root`.

  Raises:
    UsageError: Some pictures lie beside class folders, or a val beside a validation folder.
  """
  paths = [name.split(os.sep) for name in names]
  top_folders = {path[0] for path in paths if len(path) > 1}
  parts = None
  if (
    'train' in top_folders
    and top_folders <= set(_SPLIT_FOLDERS)
    and all(len(path) > 1 for path in paths)
  ):
    if {'val', 'validation'} <= top_folders:
      raise UsageError(f'--data_dir={root}: has both a val and a validation folder')
    split_of = np.array([_SPLIT_FOLDERS[path[0]] for path in paths])
    parts = {part: np.flatnonzero(split_of == part) for part in SPLIT_NAMES if part in split_of}
    paths = [path[1:] for path in paths]
  if all(len(path) == 1 for path in paths):
    return Layout(parts, (), [0] * len(paths))
  refuse_loose_pictures(root, names, paths)
  classes = tuple(sorted({path[0] for path in paths}))
  label_of = {name: label for label, name in enumerate(classes)}
  return Layout(parts, classes, [label_of[path[0]] for path in paths])
