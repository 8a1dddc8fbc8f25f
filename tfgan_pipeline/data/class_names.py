"""Classes that a user asks for by name or by number.

class_numbers('cat,dog', ('bird', 'cat', 'dog'))      # [1, 2]
class_numbers('0-1', ('bird', 'cat', 'dog'))          # [0, 1]
class_numbers(['dog', 0], ('bird', 'cat', 'dog'))     # [2, 0]
"""

from __future__ import annotations

from collections.abc import Sequence
import difflib
import operator
import re

from tfgan_pipeline.errors import UsageError, listed

Labels = str | Sequence[int | str]

# Longest range: more than any data set has classes, few enough for a list in memory.
_MAX_RANGE = 100_000


def class_numbers(labels: Labels, names: Sequence[str], flag: str = '--labels') -> list[int]:
  """Returns the numbers of classes, in the order asked for.

  A name goes before a number: where classes are called 1 to 10, '1' is the first of them. If a part
  of a text names no class, all numbers in the text count from 0.

  Args:
    labels: Names, numbers and rising ranges of numbers separated by commas, or a sequence of names
      and numbers.
    names: Names of all classes; names may contain commas.
    flag: Flag that has the labels, for messages.

  Raises:
    UsageError: There is no such class; the message lists the classes, similar names first.
  """
  if not isinstance(labels, str):
    return [_number_of(label, names, f'{flag}: ') for label in labels]
  where = f'{flag}={labels}: '
  parts = [label for part in _parts(labels, names) for label in _range(part, names, where)]
  if all(part in names for part in parts):
    return [names.index(part) for part in parts]
  numbers = [int(part) if re.fullmatch(r'\d{1,9}', part, re.ASCII) else part for part in parts]
  return [_number_of(part, names, where) for part in numbers]


def chosen_classes(labels: Labels, names: Sequence[str]) -> tuple[int, ...]:
  """Returns the numbers of classes, each once; arguments and errors as of class_numbers."""
  return tuple(dict.fromkeys(class_numbers(labels, names)))


def _parts(text: str, names: Sequence[str]) -> list[str]:
  """Splits a text at commas, except those within the name of a class."""
  words, parts = text.split(',') if text else [], []
  while words:
    ends = (end for end in range(len(words), 1, -1) if ','.join(words[:end]).strip() in names)
    end = next(ends, 1)
    parts.append(','.join(words[:end]).strip())
    words = words[end:]
  return parts


def _range(part: str, names: Sequence[str], where: str) -> list[str]:
  """Returns the numbers of a range such as 3-5 as texts; any other part alone."""
  match = re.fullmatch(r'(\d{1,9})-(\d{1,9})', part, re.ASCII)
  if not part:
    raise UsageError(f'{where}should be like 0-9, 3,5 or {",".join(names[:2]) or "cat,dog"}')
  if part in names or not match:
    return [part]
  first, last = int(match[1]), int(match[2])
  if last < first:
    raise UsageError(f'{where}{part} counts down; write {last}-{first}')
  if last - first >= _MAX_RANGE:
    raise UsageError(f'{where}{part} are more than {_MAX_RANGE:,}')
  return [str(number) for number in range(first, last + 1)]


def _number_of(label: int | str, names: Sequence[str], where: str) -> int:
  if isinstance(label, str) and label in names:
    return names.index(label)
  if not isinstance(label, str) and 0 <= label < len(names):
    return operator.index(label)
  if not names:
    raise UsageError(f'{where}the data has no labels')
  close = difflib.get_close_matches(
    str(label).lower(), [name.lower() for name in names], n=5, cutoff=0.5
  )
  first = sorted(
    (name for name in names if name.lower() in close), key=lambda name: close.index(name.lower())
  )
  raise UsageError(
    f'{where}no class {label!r}; there are classes 0 to {len(names) - 1}: '
    f'{listed(dict.fromkeys([*first, *names]))}'
  )
