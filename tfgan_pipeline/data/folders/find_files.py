"""Search for files in a user's folder: each real file once, whatever links lead to it.

found = find_files('/pictures')
found.names          # ['cat/1.jpg', ...], sorted, relative to the folder
found.passed_over    # {'cat/again.jpg': 'link to a file that counts already'}
"""

from __future__ import annotations

import os
from typing import NamedTuple

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError, is_there_another

# Names that pictures usually have. What a file is follows from its content; these tell the pictures
# in a folder that this package wrote, and which unreadable files are called broken pictures.
EXTENSIONS = ('.png', '.jpg', '.jpeg', '.webp', '.bmp', '.gif', '.tif', '.tiff')


class FoundFiles(NamedTuple):
  """Files below a folder.

  Attributes:
    names: Sorted paths relative to the folder.
    passed_over: Path -> why it is not among `names`.
  """

  names: list[str]
  passed_over: dict[str, str]


def find_files(root: str, flag: str = '--data_dir') -> FoundFiles:
  """Finds all regular files below `root` that are not hidden; links are followed, once.

  Of several ways to one file, that without links counts, else the first one in alphabetical order.

  Args:
    root: Folder; may be gs://, where there are no links.
    flag: Flag that named the folder, for messages.

  Raises:
    UsageError: `root` is no folder, or its name is not UTF-8, which files of a run have to be.
  """
  try:
    root.encode()
  except UnicodeEncodeError:
    raise UsageError(
      f'{flag}={root.encode(errors="backslashreplace").decode()}: is no UTF-8; rename the folder, '
      'or name it by a link'
    ) from None
  if '://' in root:
    if not tf.io.gfile.isdir(root):
      raise UsageError(f'{flag}={root}: there is no such folder')
    return FoundFiles(_walk(root), {})
  if not os.path.isdir(root):
    raise UsageError(f'{flag}={root}: there is no such folder{is_there_another(root)}')
  return _find_local(root)


def find_pictures(root: str, extensions: tuple[str, ...] = EXTENSIONS) -> list[str]:
  """Returns the sorted paths, relative to `root`, of all files named like pictures, not hidden."""
  return [name for name in _walk(root) if name.lower().endswith(extensions)]


def _walk(root: str) -> list[str]:
  names = []
  for folder, _, files in tf.io.gfile.walk(root):
    inside = os.path.relpath(folder, root)
    names += [os.path.normpath(os.path.join(inside, file)) for file in files]
  return sorted(
    name for name in names if not any(part.startswith('.') for part in name.split(os.sep))
  )


def _find_local(root: str) -> FoundFiles:
  names: list[str] = []
  passed_over: dict[str, str] = {}
  seen: set[str] = set()  # Real paths of folders and files.
  folders, links = [('', os.path.realpath(root))], []
  while folders or links:
    if not folders:  # All is found that can be reached without one of these links.
      link = links.pop(0)
      real = os.path.realpath(os.path.join(root, link))
      if real in seen:
        passed_over[link] = 'link to what counts already'
      elif os.path.isdir(real):
        folders.append((link, real))
      elif os.path.isfile(real):
        seen.add(real)
        names.append(link)
      else:
        passed_over[link] = 'link to no file'
      continue
    folder, real = folders.pop()
    if real in seen:
      continue
    seen.add(real)
    try:
      entries = sorted(os.scandir(real), key=lambda entry: entry.name)
    except OSError as error:
      passed_over[folder or '.'] = error.strerror or 'cannot be opened'
      continue
    for entry in entries:
      name = os.path.join(folder, entry.name)
      if entry.name.startswith('.'):
        continue
      if entry.is_symlink():
        links.append(name)
      elif entry.is_dir():
        folders.append((name, entry.path))
      elif entry.is_file():
        seen.add(entry.path)
        names.append(name)
      else:  # Reading a pipe would wait for ever.
        passed_over[name] = 'no regular file'
    links.sort()
  return FoundFiles(sorted(names), passed_over)
