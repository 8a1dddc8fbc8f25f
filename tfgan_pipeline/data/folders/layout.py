"""Pictures, classes and splits of an image_folder dataset, derived from its folders.

    /pictures/*.jpg                      no sub-folders: no labels
    /pictures/cat/**/*.jpg, dog/...      sub-folders are classes: numbers in their order, then names
    /pictures/train/..., val/, test/     folders with names of splits are the splits
    /pictures/all_of_them/...            a single folder around everything is no class

Pictures in folders inside a class folder belong to that class. A split without class folders beside
a labelled train split has hidden labels, -1.
"""

from __future__ import annotations

from collections.abc import Sequence
import os
import re
from typing import Any, NamedTuple

import numpy as np

from tfgan_pipeline.data.dataset import SPLIT_NAMES
from tfgan_pipeline.errors import UsageError, listed

# Words in names of folders, in any case -> the split that they mean.
_SPLIT_WORDS = {
  **dict.fromkeys(('train', 'training'), 'train'),
  **dict.fromkeys(('val', 'valid', 'validate', 'validation', 'dev'), 'validation'),
  **dict.fromkeys(('test', 'testing'), 'test'),
}
# Train, TEST_SET, val2017, training-images, test1
_SPLIT_FOLDER = re.compile(
  rf'({"|".join(_SPLIT_WORDS)})[ _.-]*(sets?|data|split|images|imgs)?[ _.-]*\d*', re.IGNORECASE
)
_NUMBER = re.compile(r'[+-]?\d+(\.\d+)?', re.ASCII)

_Path = list[str]  # Folders and name of a picture, from the root of all or of its split.


class Layout(NamedTuple):
  """Splits, classes and labels of N pictures.

  Attributes:
    parts: Split -> indices of its pictures; None without folders for splits.
    classes: Names of the classes; () without labels.
    labels: One label per picture: 0 without labels, -1 in a split whose labels are hidden.
  """

  parts: dict[str, np.ndarray] | None
  classes: tuple[str, ...]
  labels: list[int]


def read_layout(root: str, names: list[str]) -> Layout:
  """Derives splits, classes and labels from the paths of pictures.

  Args:
    root: Folder of the pictures, for messages.
    names: Paths of the pictures relative to `root`.

  Raises:
    UsageError: Some pictures lie beside folders, some folders are splits and others are not, two
      are the same split, or none is for training.
  """
  paths = {'': [name.split(os.sep) for name in names]}
  _unwrap(paths)
  split_of = _split_of_folders(root, names, paths[''])
  parts = None
  if split_of:
    members = np.array([split_of[path[0]] for path in paths['']])
    parts = {part: np.flatnonzero(members == part) for part in SPLIT_NAMES if part in members}
    inner = [path[1:] for path in paths['']]
    paths = {part: [inner[index] for index in indices] for part, indices in parts.items()}
    _unwrap(paths)
  labelled = {}
  for part, members in (parts or {'': np.arange(len(names))}).items():
    refuse_loose_pictures(root, [names[index] for index in members], paths[part])
    labelled[part] = len(paths[part][0]) > 1
  if not labelled['train' if parts else '']:
    return Layout(parts, (), [0] * len(names))
  found = {path[0] for part in paths if labelled[part] for path in paths[part]}
  _refuse_splits_in_classes(root, paths)
  classes = tuple(sorted(found, key=_in_order))
  label_of = {name: label for label, name in enumerate(classes)}
  labels = np.full(len(names), -1)
  for part, members in (parts or {'': np.arange(len(names))}).items():
    if labelled[part]:
      labels[members] = [label_of[path[0]] for path in paths[part]]
  return Layout(parts, tuple(map(_as_text, classes)), labels.tolist())


def refuse_loose_pictures(root: str, names: Sequence[str], paths: Sequence[_Path]) -> None:
  """Raises UsageError if some pictures lie in folders and others beside these."""
  loose = [name for name, path in zip(names, paths) if len(path) == 1]
  if 0 < len(loose) < len(paths):
    raise UsageError(
      f'--data_dir={root}: {_as_text(loose[0])} lies beside class folders; '
      'put every picture into one, or none'
    )


def _split_of_folders(root: str, names: Sequence[str], paths: Sequence[_Path]) -> dict[str, str]:
  """Returns top folder -> split, if the folders are splits; {} if none of them is."""
  folders = sorted({path[0] for path in paths if len(path) > 1})
  split_of = {folder: split for folder in folders if (split := split_named(folder))}
  others = [folder for folder in folders if folder not in split_of]
  if not split_of:
    words = [set(map(str.lower, re.findall('[A-Z]?[a-z]+|[A-Z]+', folder))) for folder in folders]
    hinted = {_SPLIT_WORDS[word] for found in words for word in found & set(_SPLIT_WORDS)}
    if 'train' in hinted and len(hinted) > 1:
      raise UsageError(
        f'--data_dir={root}: {_listed(folders)} look like splits, which are called train, '
        'validation and test; rename the folders, or name one of them as --data_dir'
      )
    return {}
  if others:
    raise UsageError(
      f'--data_dir={root}: {_listed(list(split_of))} are names of splits, and {_listed(others)} '
      'are not; move the others away, or rename those that are classes'
    )
  refuse_loose_pictures(root, names, paths)
  for part in SPLIT_NAMES:
    same = [folder for folder, split in split_of.items() if split == part]
    if len(same) > 1:
      raise UsageError(
        f'--data_dir={root}: has both a {same[0]} and a {same[1]} folder, and one is to be {part}'
      )
  if 'train' not in split_of.values():
    raise UsageError(
      f'--data_dir={root}: {_listed(folders)} are names of splits, and there is no train folder; '
      'add one, or rename those that are classes'
    )
  return split_of


def _refuse_splits_in_classes(root: str, paths: dict[str, list[_Path]]) -> None:
  """Raises UsageError if folders taken for classes hold folders of splits, which lie too deep."""
  inside = {tuple(path[:2]) for members in paths.values() for path in members if len(path) > 2}
  for outer in [outer for outer, inner in sorted(inside) if split_named(inner) == 'train']:
    others = [name for folder, name in sorted(inside) if folder == outer and split_named(name)]
    if len(others) > 1:
      raise UsageError(
        f'--data_dir={root}: {_as_text(outer)} holds {_listed(others)}, which are splits, and '
        f'splits lie around classes; move them up, or name {_as_text(outer)} as --data_dir'
      )


def split_named(folder: str) -> str:
  """Returns the split that the name of a folder means; '' if that is none."""
  match = _SPLIT_FOLDER.fullmatch(folder)
  return _SPLIT_WORDS[match[1].lower()] if match else ''


def _unwrap(paths: dict[str, list[_Path]]) -> None:
  """Takes away, in place, single folders around all pictures of a split, which are no classes.

  In a split, a single folder stays if another split has a class of that name among several. The
  only folder of all stays if it is called train, which leaves the other splits empty.
  """
  while True:
    tops = {
      part: {path[0] for path in members} if all(len(path) > 1 for path in members) else set()
      for part, members in paths.items()
    }
    classes = {name for found in tops.values() if len(found) > 1 for name in found}
    wrapped = [
      part
      for part, found in tops.items()
      if len(found) == 1
      and not found & classes
      and not (part == '' and split_named(*found) == 'train')
    ]
    if not wrapped:
      return
    # One at a time, train first: the classes found inside may be those of another split.
    paths[wrapped[0]] = [path[1:] for path in paths[wrapped[0]]]


def _in_order(name: str) -> tuple[Any, ...]:
  """Returns the key that sorts names of classes: numbers by value, then others, digits by value."""
  if _NUMBER.fullmatch(name):
    return (0, float(name), name)
  # Text and digits take turns in the parts, so that equal places are comparable.
  parts = re.split(r'(\d+)', name, flags=re.ASCII)
  return (1, [int(part) if place % 2 else part for place, part in enumerate(parts)], name)


def _as_text(name: str) -> str:
  r"""Returns a name of a file as text that can be written: bytes outside of UTF-8 as \xff."""
  return name.encode('utf-8', 'surrogateescape').decode('utf-8', 'backslashreplace')


def _listed(folders: Sequence[str]) -> str:
  """Joins names for a message; of many, the first ten."""
  return listed(map(_as_text, folders), 10)
