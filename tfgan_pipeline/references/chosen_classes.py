"""Classes that --labels chooses, by name or by number."""

from __future__ import annotations

from collections.abc import Sequence
import re

from tfgan_pipeline.errors import UsageError


def chosen_classes(text: str, names: Sequence[str]) -> tuple[int, ...]:
  """Returns the labels of classes, in the order of `text`; () for ''.

  Args:
    text: Names or numbers with commas, and ranges of numbers: 'cat,dog', '3', '0-4'. What is both a
      name and a number is a name.
    names: Names of the classes in the order of their labels.

  Raises:
    UsageError: There is no such class; the message lists those that there are.
  """
  labels: list[int] = []
  for part in filter(None, map(str.strip, text.split(','))):
    numbers = re.fullmatch(r'(\d{1,6})(?:-(\d{1,6}))?', part, re.ASCII)
    if part in names:
      labels.append(names.index(part))
    elif numbers and int(numbers[2] or numbers[1]) < len(names):
      labels += range(int(numbers[1]), int(numbers[2] or numbers[1]) + 1)
    else:
      known = ', '.join(names) if len(names) <= 30 else f'{", ".join(names[:30])} and so on'
      raise UsageError(
        f'--labels={text}: no class {part!r}; '
        + (f'there are {known}, or 0 to {len(names) - 1}' if names else 'the data has no labels')
      )
  if text and not labels:
    raise UsageError(f'--labels={text}: should be names or numbers of classes')
  return tuple(dict.fromkeys(labels))
