"""Pictures that a user names by --input: a folder, a file or a pattern.

sources = find_sources('/data/sketches', '/tmp/paintings')
"""

from __future__ import annotations

import dataclasses
import logging
import os
import re

from tfgan_pipeline.data.folders.find_files import find_files
from tfgan_pipeline.data.folders.picture_files import is_named_like_picture, is_picture
from tfgan_pipeline.errors import UsageError, listed
from tfgan_pipeline.runs import files
from tfgan_pipeline.sampling.translation import refuse_overlap

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Sources:
  """Pictures to read.

  Attributes:
    root: Folder that names are relative to.
    names: Sorted names, such as 'cats/1.jpg'.
  """

  root: str
  names: list[str]


def find_sources(path: str, output_dir: str = '') -> Sources:
  """Finds the pictures that a path or a pattern names, in folders with all folders in them.

  A file counts if it begins like a picture or has a picture's extension: what cannot be read of the
  latter is broken, and other files are left out. That holds for a file, in a folder, and for what a
  pattern matches.

  Args:
    path: The value of --input: a folder, a file, or a pattern with *, ? and [...]; may be gs://.
    output_dir: Folder of the outputs, which may not be among what `path` names, nor around it; ''
      for none.

  Raises:
    UsageError: There is no picture, or `output_dir` is such a folder.
  """
  _refuse_overlap(path, output_dir)
  root = path
  if files.exists(path):
    matches = [path]
    if not files.is_folder(path):
      root = os.path.dirname(path)
  else:
    matches = files.matches(path) if set('*?[') & set(path) else []
    root = os.path.dirname(re.split(r'[*?[]', path)[0])
  found: set[str] = set()
  passed_over: dict[str, str] = {}
  for match in matches:
    if files.is_folder(match):
      _refuse_overlap(match, output_dir)  # It may be a link.
      below = find_files(match, '--input')
      found.update(os.path.join(match, name) for name in below.names)
      passed_over |= {os.path.join(match, name): why for name, why in below.passed_over.items()}
    elif not files.is_local(match) or os.path.isfile(match):  # Reading a pipe would wait for ever.
      found.add(match)
  names = [name[len(root) :].lstrip('/') for name in sorted(found) if _counts(name)]
  if not names:
    raise UsageError(f'--input={path}: no picture there')
  left_out = [f'{name[len(root) :].lstrip("/")} ({why})' for name, why in passed_over.items()]
  if left_out:
    _log.info('%s: left out: %s', path, listed(left_out, 5))
  return Sources(root, names)


def _counts(path: str) -> bool:
  return is_picture(path) or bool(os.path.splitext(path)[1] and is_named_like_picture(path))


def _refuse_overlap(path: str, output_dir: str) -> None:
  if output_dir:
    refuse_overlap(path, output_dir, '--output_dir', '--input')
