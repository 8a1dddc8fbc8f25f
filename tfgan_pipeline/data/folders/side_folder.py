"""Pictures of one folder among others, as of one side of pairs or of one domain.

/pictures/A/train/1.jpg, /pictures/B/...    folder A, and in it the splits
/pictures/train/A/1.jpg, ...                splits, and in each the folder A
/pictures/trainA/1.jpg, trainB/...          names of splits before that of the folder
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
import os

from tfgan_pipeline.data.folders.layout import split_named
from tfgan_pipeline.errors import UsageError, listed


def folders_of_both(one: Iterable[str], other: Iterable[str]) -> set[str]:
  """Returns the names of folders in which both sides of pairs have files, as of a class.

  Args:
    one: Paths of all files of the first side.
    other: Paths of all files of the second side. Files that both sides have do not count.
  """
  sides = set(one) - set(other), set(other) - set(one)
  first, second = ({part for name in side for part in name.split(os.sep)[:-1]} for side in sides)
  return first & second


def partner_keys(names: Iterable[str], both: Collection[str]) -> list[str]:
  """Returns the path of each file without extension, and without folders of its side alone.

  Partners in two folders have equal keys.

  Args:
    names: Paths of files of one side. Folders that all of them share are left out.
    both: Folders of `folders_of_both`, which stay: all files may be of one class by chance.
  """
  paths = [name.split(os.sep) for name in names]
  shared = set.intersection(*(set(path[:-1]) for path in paths)) if paths else set()
  left_out = shared.difference(both)
  return [
    '/'.join([*(folder for folder in folders if folder not in left_out), os.path.splitext(file)[0]])
    for *folders, file in paths
  ]


def inside_folder(root: str, names: Sequence[str], folder: str) -> dict[str, str]:
  """Returns the files of a folder, wherever it stands in their paths.

  Args:
    root: Folder of all files, for messages.
    names: Paths of files relative to `root`.
    folder: Name of the folder, such as 'A'; a folder trainA counts as the folder A in train.

  Returns:
    Path of a file -> path without the folder and without extension: partners in two folders have
    equal ones.

  Raises:
    UsageError: No file lies in such a folder; the message lists the folders that there are.
  """
  inside = {}
  for name in names:
    *folders, file = name.split(os.sep)
    for place, part in enumerate(folders):
      split = part.removesuffix(folder).rstrip(' _.-') if part.endswith(folder) else ''
      if part == folder or split and split_named(split):
        path = [*folders[:place], *([split] if split else []), *folders[place + 1 :]]
        inside[name] = os.path.join(*path, os.path.splitext(file)[0])
        break
  if not inside:
    folders = dict.fromkeys(part for name in names for part in name.split(os.sep)[:-1])
    raise UsageError(
      f"dataset 'image_folder': folder={folder}: no picture in {root} is in a folder of this name; "
      f'there are {listed(sorted(folders)) or "no folders"}'
    )
  return inside
