"""Exceptions that binaries turn into one line on stderr and an exit code, checks, and hints.

Messages are written in terms of flags, `--max_steps=0: should be at least 1`. Callers of the
library get them as ordinary exceptions in terms of arguments, `max_steps=0: should be at least 1`.
"""

from __future__ import annotations

from collections.abc import Iterable
import difflib
import math
import operator
import os
import re

_speaks_of_flags = False
# A command for a shell, which stays as it is; the flag at the start, whose value ends at a colon;
# any other flag, with its value if that is one word.
_FLAG = re.compile(
  r"""(?P<command>tfgan-[\w-]+(\ +--\S+)+)
  | ^--(?P<first>\w+)=(?P<whole>[^\s'"([{:](?:(?!:\ |\ \(was\ )[^'"])*)(?=:\ |$)
  | (?<![\w-])--(?P<name>[a-z]\w*)
    (?:=(?P<word>(?:[^\s'":;,()[\]]|[,:](?=\w))*[^\s'":;,()[\].])(?=\.?(?:[\s:;,)`]|$)))?""",
  re.VERBOSE,
)
_LITERAL = re.compile(r'[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?|True|False|None')


def speak_of_flags(flags: bool = True) -> None:
  """Sets whether messages are in terms of flags, for binaries, or of arguments, as at the start."""
  global _speaks_of_flags
  _speaks_of_flags = flags


def in_terms_of_arguments(text: str) -> str:
  """Returns a message with flags as arguments of Python: `--change=data` becomes change='data'.

  A command with its flags stays as it is, and so does a value whose end cannot be told.
  """
  return _FLAG.sub(_argument, text).replace('the same command', 'the same call')


def spoken(text: str) -> str:
  """Returns a message as it is in a binary, and in terms of arguments in Python."""
  return text if _speaks_of_flags else in_terms_of_arguments(text)


def _argument(match: re.Match[str]) -> str:
  if match['command']:
    return match[0]
  name, value = match['first'] or match['name'], match['whole'] or match['word']
  if value is None:
    return name
  return f'{name}={value if _LITERAL.fullmatch(value) else repr(value)}'


class _Message(Exception):
  """Exception whose text is in terms of flags in a binary, and of arguments in Python."""

  def __str__(self) -> str:
    return spoken(super().__str__())

  @property
  def names_a_flag(self) -> bool:
    """Whether the message starts with a flag."""
    return str(self.args[0] if self.args else '').startswith('--')


class UsageError(_Message, ValueError):
  """A wrong request, such as an unknown name or a value out of range; exit code 2.

  The message is one line that names the flag, argument or file at fault.
  """


class LackOfMemory(UsageError):
  """More memory is needed than there is, perhaps for a while only; exit code 2."""


class ComponentError(_Message, TypeError):
  """An invalid definition of a component; the message has file and line; exit code 2."""


class Interrupted(_Message):
  """A stop of a job before its end, from which the same command continues; exit code 75.

  Reasons are a signal, the limit `max_hours`, and the loss of another worker.
  """


class Unreachable(_Message, OSError):
  """A storage that does not answer now; the same command may succeed later; exit code 75."""


class WriteError(_Message, OSError):
  """A failure to write a file of a run; the file's earlier content is intact; exit code 1."""


class NonFiniteError(_Message, ArithmeticError):
  """A loss or gradient norm that is infinite or not a number; exit code 1."""


class DamagedCheckpoint(UsageError):
  """A checkpoint that cannot be read, perhaps because it is still being written; exit code 2."""


class RunReplaced(UsageError):
  """A run that was removed from its directory, or replaced there, while scored; exit code 2."""


class CheckFailed(_Message):
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
      start = f'{where}: {name}={value}' if where else f'{name}={value}:'
      raise UsageError(f'{start} should be {bounds}')


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


def listed(names: Iterable[str], most: int = 20) -> str:
  """Returns names joined by commas for a message; of more than `most`, how many are left out."""
  names = list(names)
  more = f' and {len(names) - most:,} more' if len(names) > most else ''
  return ', '.join(names[:most]) + more


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
