"""Exceptions that the binaries turn into one line on stderr and an exit code.

A library caller sees ordinary exceptions.
"""

from __future__ import annotations

import math
import operator
import re


class UsageError(ValueError):
  """The request was wrong, the software is fine; exit code 2.

  The message is one line that names the flag, argument or file at fault.
  """


class ComponentError(TypeError):
  """The source of a component is not understood; the message says where; exit code 2."""


class Interrupted(Exception):
  """The job stopped before its end, and the same command continues it; exit code 75.

  A signal or `max_hours` made it save and stop, or another worker was lost.
  """


class Unreachable(OSError):
  """Storage did not answer, and may do so when the same command is given again; exit code 75."""


class WriteError(OSError):
  """A file of a run cannot be written; what was there before is whole; exit code 1."""


class NonFiniteError(ArithmeticError):
  """A loss or gradient norm became infinite or not a number; exit code 1."""


class DamagedCheckpoint(UsageError):
  """A checkpoint exists and cannot be read, or not yet: its writer may still be at it."""


class RunReplaced(UsageError):
  """The run that was being scored is gone from its directory, or another has taken its place."""


class CheckFailed(Exception):
  """A check was made and its answer is no; the message says to what; exit code 1."""


def require(
  where: str,
  *,
  at_least: float | None = None,
  above: float | None = None,
  at_most: float | None = None,
  below: float | None = None,
  **values: float,
) -> None:
  """Raises UsageError for a value that is not finite or out of bounds.

  Args:
    where: What the message starts with, such as '--penalties'; may be empty.
    at_least: What all values should be; so are the other three.
    above: A bound that is itself excluded.
    at_most: A bound.
    below: A bound that is itself excluded.
    **values: By the names that the message gives them.
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
      wanted = ' and '.join(f'{word} {bound}' for word, _, bound in rules) or 'finite'
      raise UsageError(f'{where}: {name}={value} should be {wanted}'.removeprefix(': '))


def first_line(error: BaseException) -> str:
  """The start of a message, without the op it came from; TensorFlow's can run to pages."""
  text = re.sub(r'\{\{.*?\}\}', '', str(getattr(error, 'message', '') or error))
  for line in text.splitlines():
    # Of an error in a graph the place comes first, in many lines.
    if line.strip() and not re.match(r'Graph execution error|Detected at node|\s|File ', line):
      return line.strip()[:200]
  return text.strip()[:200] or type(error).__name__
