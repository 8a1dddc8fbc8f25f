"""Pictures, classes and splits of an image_folder dataset, derived from its folders.

    /pictures/*.jpg                      no sub-folders: no labels
    /pictures/cat/**/*.jpg, dog/...      sub-folders are classes, in alphabetical order
    /pictures/train/..., val/, test/     with a `train` folder, these are the splits

Pictures in folders inside a class folder belong to that class.
"""

from __future__ import annotations

import os

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import SPLIT_NAMES
from tfgan_pipeline.data.folders import decoding
from tfgan_pipeline.errors import UsageError

_SPLIT_FOLDERS = {**{name: name for name in SPLIT_NAMES}, 'val': 'validation'}


def picture_names(root: str, flag: str = '--data_dir') -> list[str]:
  """Returns the sorted paths, relative to `root`, of all pictures below `root`.

  Args:
    root: Folder of the pictures; may be gs://.
    flag: Flag that named the folder, for messages.

  Raises:
    UsageError: `root` is no folder, or has no pictures.
  """
  if not tf.io.gfile.isdir(root):
    raise UsageError(f'{flag}={root}: there is no such folder')
  names = find_pictures(root)
  if not names:
    raise UsageError(f'{flag}={root}: no pictures ({", ".join(decoding.EXTENSIONS)}) in it')
  return names


def find_pictures(root: str) -> list[str]:
  """Returns the sorted paths, relative to `root`, of all files named like pictures, not hidden."""
  names = []
  for folder, _, files in tf.io.gfile.walk(root):
    inside = os.path.relpath(folder, root)
    for file in files:
      name = os.path.normpath(os.path.join(inside, file))
      hidden = any(part.startswith('.') for part in name.split(os.sep))
      if not hidden and name.lower().endswith(decoding.EXTENSIONS):
        names.append(name)
  return sorted(names)


def read_layout(
  root: str, names: list[str]
) -> tuple[dict[str, np.ndarray] | None, tuple[str, ...], list[int]]:
  """Derives splits, classes and labels from the paths of pictures.

  Args:
    root: Folder of the pictures, for messages.
    names: Paths of the pictures relative to `root`.

  Returns:
    (split -> indices into `names`, or None without split folders; class names, () without labels;
    one label per picture, 0 without labels).

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
  loose_paths = [path for path in paths if len(path) == 1]
  if len(loose_paths) == len(paths):
    return parts, (), [0] * len(paths)
  if loose_paths:
    raise UsageError(
      f'--data_dir={root}: {loose_paths[0][0]} lies beside class folders; '
      'put every picture into one, or none'
    )
  classes = tuple(sorted({path[0] for path in paths}))
  label_of = {name: label for label, name in enumerate(classes)}
  return parts, classes, [label_of[path[0]] for path in paths]
