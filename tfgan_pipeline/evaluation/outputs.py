"""Scoring of what programs left in files: several paths by pattern, each for itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
import logging
import re

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.references.array_file import EXTENSIONS
from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.score_records import Record

_log = logging.getLogger(__name__)


def score_each(paths: str, flag: str, score: Callable[[str], Record]) -> Iterator[Record]:
  """Yields the record of each path; leaves out one of several that is refused, with a warning.

  Args:
    paths: Paths separated by commas, with *, ? and [...] as in a shell.
    flag: Flag that named the paths, for messages.
    score: Makes the record of a path.

  Raises:
    UsageError: A path or pattern names nothing, or nothing could be scored.
  """
  found = _list(paths, flag)
  last_error: UsageError | None = None
  count = 0
  for path in found:
    try:
      record = score(path)
    except UsageError as error:
      last_error = error
      if len(found) > 1:
        _log.warning('%s; left out', error)
      continue
    count += 1
    yield record
  if last_error and not count:
    raise last_error


def _list(paths: str, flag: str) -> list[str]:
  """Returns the paths without duplicates; those of a pattern are folders and files of arrays."""
  found: dict[str, None] = {}
  for path in [paths] if files.exists(paths) else [part.strip() for part in paths.split(',')]:
    if files.exists(path) or not re.search(r'[*?[]', path):
      found[path] = None
      continue
    matches = [
      match for match in files.matches(path) if match.endswith(EXTENSIONS) or files.is_folder(match)
    ]
    if not matches:
      raise UsageError(f'{flag}={path}: there is no such folder, and no .npy or .npz file')
    found.update(dict.fromkeys(matches))
  return list(found)
