"""Source of functions that a Python program gives to a run, with the functions that they call.

text = source_of(generator_fn, {'batch_size': 32})
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
import functools
import inspect
import types
from typing import Any


def source_of(function: Callable[..., Any], params: Mapping[str, Any]) -> str:
  """Returns the text of a function and of all functions of its file that it uses.

  Arguments that are bound by functools.partial come first, and `params` if the function reads them.
  Of these, only numbers and texts count: others have no text that is equal in each process.
  '' if Python has no source, as of a built-in function.
  """
  inner, bound = function, []
  while isinstance(inner, functools.partial):
    bound += [*inner.args, *sorted(inner.keywords.items())]
    inner = inner.func
  if not inspect.isroutine(inner) and not inspect.isclass(inner):
    inner = type(inner).__call__
  inner = inspect.unwrap(inner)
  try:
    names = inspect.signature(inner).parameters
  except (TypeError, ValueError):
    names = {}
  if 'params' in names:
    bound += sorted(params.items())
  texts = list(_texts(inner, set()))
  return '\n'.join([*(f'# {value!r}' for value in bound if _is_literal(value)), *texts])


def _is_literal(value: Any) -> bool:
  try:
    ast.literal_eval(repr(value))
  except (ValueError, SyntaxError):
    return False
  return True


def _texts(function: Any, known: set[Any]) -> Iterator[str]:
  """Yields the texts of a function and of those of its file that it names, each once."""
  known.add(function)
  try:
    yield inspect.getsource(function)
  except (OSError, TypeError):
    return
  if not isinstance(function, types.FunctionType):
    return
  for name in sorted(_names(function.__code__)):
    used = function.__globals__.get(name)
    if isinstance(used, types.FunctionType) and used not in known:
      if used.__code__.co_filename == function.__code__.co_filename:
        yield from _texts(used, known)


def _names(code: types.CodeType) -> set[str]:
  """Returns the global names in a function's code, and in the code of functions inside."""
  inner = [part for part in code.co_consts if isinstance(part, types.CodeType)]
  return set(code.co_names).union(*map(_names, inner))
