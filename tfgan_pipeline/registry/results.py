"""Check of what components of users return, so that a slip is told where the component is built."""

from __future__ import annotations

from collections.abc import Callable
import typing
from typing import Any

from tfgan_pipeline.errors import UsageError


def require_type(kind: str, name: str, result: object, example: Callable[..., Any]) -> None:
  """Raises UsageError unless a component's result has the type of another one's of its kind.

  Args:
    kind: Kind of the component, such as 'loss'.
    name: Name of the component.
    result: The result.
    example: Component of the package of that kind, whose annotation has the type.
  """
  try:
    expected = typing.get_type_hints(example).get('return')
  except NameError:  # A type that is imported for type checkers alone.
    return
  cls = typing.get_origin(expected) or expected
  if cls is Callable:
    is_right = callable(result)
  else:
    is_right = not isinstance(cls, type) or isinstance(result, cls)
  if not is_right:
    raise UsageError(
      f'{kind} {name}: returned {type(result).__name__}, and should return '
      f'{getattr(cls, "__name__", cls)}; docs/extending.md has an example'
    )
