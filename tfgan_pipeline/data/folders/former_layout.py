"""Folders as earlier versions read them, for the runs that began with these.

A folder around everything was a class, split folders were known by four exact names and only if no
other folder lay beside them, and classes were in alphabetical order even if they were numbers.
"""

from __future__ import annotations

import os

import numpy as np

from tfgan_pipeline.data.dataset import SPLIT_NAMES
from tfgan_pipeline.data.folders.layout import Layout, refuse_loose_pictures
from tfgan_pipeline.errors import UsageError

_SPLIT_FOLDERS = {**{name: name for name in SPLIT_NAMES}, 'val': 'validation'}


def read_former_layout(root: str, names: list[str]) -> Layout:
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
