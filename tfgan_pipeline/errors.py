"""Exceptions that binaries turn into one line on stderr and an exit code, checks, and hints.

Callers of the library get them as ordinary exceptions.
"""

from __future__ import annotations

from collections.abc import Iterable
import difflib
import math
import operator
import os
import re


class UsageError(ValueError):
  """A wrong request, such as an unknown name or a value out of range; exit code 2.

  The message is one line that names the flag, argument or file at fault.
  """


class LackOfMemory(UsageError):
  """More memory is needed than there is, perhaps for a while only; exit code 2."""


class ComponentError(TypeError):
  """An invalid definition of a component; the message has file and line; exit code 2."""


class Interrupted(Exception):
  """A stop of a job before its end, from which the same command continues; exit code 75.

  Reasons are a signal, the limit `max_hours`, and the loss of another worker.
  """


class Unreachable(OSError):
  """A storage that does not answer now; the same command may succeed later; exit code 75."""


class WriteError(OSError):
  """A failure to write a file of a run; the file's earlier content is intact; exit code 1."""


class NonFiniteError(ArithmeticError):
  """A loss or gradient norm that is infinite or not a number; exit code 1."""


class DamagedCheckpoint(UsageError):
  """A checkpoint that cannot be read, perhaps because it is still being written; exit code 2."""


class RunReplaced(UsageError):
  """A run that was removed from its directory, or replaced there, while scored; exit code 2."""


class CheckFailed(Exception):
  """A requested check that failed; the message says which; exit code 1."""


def require(
  where: str,
  *,
  at_least: float | None = None,
  above: float | None = None,
  at_most: float | None = None,
  below: float | None = None,
  **values: float,
) -> None:
  """Raises UsageError if a value is not finite or out of bounds.

  Args:
    where: Start of the message, such as '--penalties'; may be empty.
    at_least: Lower bound of all values, itself allowed.
    above: Lower bound of all values, itself excluded.
    at_most: Upper bound of all values, itself allowed.
    below: Upper bound of all values, itself excluded.
    **values: Values to check, by the names that the message gives them.

  Raises:
    UsageError: A value is not finite or out of bounds; the message names the first such value.
  """
  rules = (
    ('at least', operator.ge, at_least),
    ('above', operator.gt, above),
    ('at most', operator.le, at_most),
    ('less than', operator.lt, below),
  )
  rules = [(word, fits, bound) for word, fits, bound in rules if bound is not None]
  for name, value in values.items():
    if not math.isfinite(value) or not all(fits(value, bound) for _, fits, bound in rules):
      bounds = ' and '.join(f'{word} {bound}' for word, _, bound in rules) or 'finite'
      raise UsageError(f'{where}: {name}={value} should be {bounds}'.removeprefix(': '))


def first_line(error: BaseException) -> str:
  """Returns the first informative line of an error's message, at most 200 characters.

  TensorFlow's messages can run to pages and may start with the operation that failed.
  """
  text = re.sub(r'\{\{.*?\}\}', '', str(getattr(error, 'message', '') or error))
  for line in text.splitlines():
    # Skips the lines with which errors in graphs tell the place, ahead of the message proper.
    if line.strip() and not re.match(r'Graph execution error|Detected at node|\s|File ', line):
      return line.strip()[:200]
  return text.strip()[:200] or type(error).__name__


def did_you_mean(word: str, known: Iterable[str]) -> str:
  """Returns '; did you mean hinge?' for the known word closest to `word`; '' if none is close.

  A word may be close to a part of a known one, as hinge is to wasserstein_hinge.
  """
  known = list(known)
  parts = {part: name for name in known for part in name.split('_') if len(part) > 2}
  close = difflib.get_close_matches(word, known, n=1) or [
    parts[part] for part in difflib.get_close_matches(word, parts, n=1, cutoff=0.8)
  ]
  return f'; did you mean {close[0]}?' if close else ''


def is_there_another(path: str) -> str:
  """Returns '; did you mean /data/cats?' for what lies where a missing local path goes astray.

  That is the name closest to the first name of the path that does not exist.
  """
  parent, name = os.path.split(path.rstrip('/'))
  if '://' in path or not name or os.path.exists(path):
    return ''
  if not os.path.isdir(parent or '.'):
    return is_there_another(parent)
  try:
    names = os.listdir(parent or '.')
  except OSError:
    return ''
  return did_you_mean(path, [os.path.join(parent, other) for other in names if other[0] != '.'])
