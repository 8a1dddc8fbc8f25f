"""Pictures of one folder among others, as of one side of pairs or of one domain.

/pictures/A/train/1.jpg, /pictures/B/...    folder A, and in it the splits
/pictures/train/A/1.jpg, ...                splits, and in each the folder A
/pictures/trainA/1.jpg, trainB/...          names of splits before that of the folder
"""

from __future__ import annotations

from collections.abc import Sequence
import os

from tfgan_pipeline.data.folders.layout import split_named
from tfgan_pipeline.errors import UsageError, listed


def partner_keys(names: Sequence[str], others: Sequence[str]) -> tuple[list[str], list[str]]:
  """Returns keys for the files of two sides: partners have equal keys.

  A key is a path without its extension, and without the folders in which all files of the side lie
  and none of the other side: names of sides, not of classes, of which a side may have one alone.

  Args:
    names: Paths of the files of one side.
    others: Paths of the files of the other side.
  """
  sides = [[name.split(os.sep) for name in side] for side in (names, others)]
  folders = [[set(path[:-1]) for path in side] for side in sides]
  shared = [set.intersection(*sets) if sets else set() for sets in folders]
  left_out = (shared[0].difference(*folders[1]), shared[1].difference(*folders[0]))
  one, other = (
    ['/'.join([*(part for part in path if part not in out), _stem(file)]) for *path, file in side]
    for side, out in zip(sides, left_out)
  )
  return one, other


def _stem(file: str) -> str:
  return os.path.splitext(file)[0]


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
