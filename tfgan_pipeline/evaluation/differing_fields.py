"""Fields that tell things with many fields from one another.

tell_apart([{'loss': 'hinge', 'seed': 0}, {'loss': 'modified', 'seed': 0}])
# [{'loss': 'hinge'}, {'loss': 'modified'}]
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import json
from typing import Any

# Values by name, which for nested ones is dotted, such as 'reference.split'.
Fields = dict[str, Any]
ABSENT = 'absent'


def tell_apart(
  things: Sequence[Fields], *, last: Callable[[str], bool] = lambda _: False
) -> list[Fields]:
  """Returns for each thing the fields in which not all are equal; {} for a single thing.

  Args:
    things: Fields of things that all differ; a missing field has the value 'absent'.
    last: Whether a field, given by name, is named only if no other field tells two things apart.
  """
  names = dict.fromkeys(name for fields in things for name in fields)
  differing = [name for name in names if len({text_of(thing, name) for thing in things}) > 1]
  shown = [name for name in differing if not last(name)]
  for name in differing:
    labels = [json.dumps([text_of(thing, key) for key in shown]) for thing in things]
    if len(set(labels)) == len(things):
      break
    if name not in shown:
      shown.append(name)
  return [{name: thing.get(name, ABSENT) for name in shown} for thing in things]


def text_of(fields: Mapping[str, Any], name: str) -> str:
  """Returns the value of a field as a text: a text as it is, anything else as JSON."""
  value = fields.get(name, ABSENT)
  return value if isinstance(value, str) else json.dumps(value)


def heading(label: Mapping[str, Any]) -> str:
  """Returns a label as one line, 'weights: raw, num_generated: 2000'; '' for an empty one."""
  return ', '.join(f'{name}: {value}' for name, value in label.items())
