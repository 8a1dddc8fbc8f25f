"""Checks values by the annotations of parameters.

    convert = converter('int | None')
    convert(3)                          # 3
    convert('three')                    # ValueError

Understood are int, float, bool, str, tuple, None, Any, `tuple[int, ...]`, `tuple[int, str]`,
`Literal['a', 'b']`, and these joined by `|`, `Optional` or `Union`; also in quotes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
import functools
from typing import Any

_TYPES = {'int': int, 'float': float, 'bool': bool, 'str': str, 'tuple': tuple, 'None': type(None)}
_ANYTHING = ('Any', 'object')
Converter = Callable[[Any], Any]


@functools.cache
def converter(annotation: str) -> Converter:
  """The function that returns a value in the annotated type, or raises ValueError.

  Whole numbers become floats where only floats are allowed; nothing else is changed.

  Raises:
    TypeError: The annotation is none of those understood.
  """
  try:
    return _converter(ast.parse(annotation or 'Any', mode='eval').body)
  except SyntaxError:
    raise TypeError(annotation) from None


def _converter(node: ast.expr) -> Converter:
  name = _last_name(node)
  if name in _ANYTHING:
    return lambda value: value
  if name in _TYPES:
    return functools.partial(_of_type, _TYPES[name])
  if isinstance(node, ast.Constant) and isinstance(node.value, str):
    return converter(node.value)
  if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
    return _any_of(_converter(node.left), _converter(node.right))
  if not isinstance(node, ast.Subscript):
    raise TypeError(ast.unparse(node))
  name = _last_name(node.value)
  inside = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
  if name == 'Optional' and len(inside) == 1:
    return _any_of(_converter(inside[0]), functools.partial(_of_type, type(None)))
  if name == 'Union':
    return _any_of(*map(_converter, inside))
  constants = [element.value for element in inside if isinstance(element, ast.Constant)]
  if name == 'Literal' and len(constants) == len(inside):
    return functools.partial(_one_of, constants)
  if name in ('tuple', 'Tuple'):
    if len(inside) == 2 and ast.unparse(inside[1]) == '...':
      return functools.partial(_tuple_of_any_length, _converter(inside[0]))
    return functools.partial(_tuple_of, [_converter(element) for element in inside])
  raise TypeError(ast.unparse(node))


def _last_name(node: ast.expr) -> str | None:
  """'Optional' of typing.Optional; 'None' of None."""
  if isinstance(node, ast.Constant) and node.value is None:
    return 'None'
  return node.attr if isinstance(node, ast.Attribute) else getattr(node, 'id', None)


def _of_type(kind: type, value: Any) -> Any:
  if kind is float and type(value) is int:
    return float(value)
  if not isinstance(value, kind) or isinstance(value, bool) and kind is not bool:
    raise ValueError
  return value


def _one_of(choices: list[Any], value: Any) -> Any:
  if not any(type(value) is type(choice) and value == choice for choice in choices):
    raise ValueError
  return value


def _any_of(*converters: Converter) -> Converter:
  def convert(value: Any) -> Any:
    fitting = []
    for one in converters:
      try:
        fitting.append(one(value))
      except ValueError:
        continue
    # `float | int` leaves an int as it is.
    unchanged = [found for found in fitting if type(found) is type(value)]
    if not fitting:
      raise ValueError
    return (unchanged or fitting)[0]

  return convert


def _tuple_of(converters: list[Converter], value: Any) -> tuple[Any, ...]:
  if not isinstance(value, tuple) or len(value) != len(converters):
    raise ValueError
  return tuple(one(element) for one, element in zip(converters, value))


def _tuple_of_any_length(convert: Converter, value: Any) -> tuple[Any, ...]:
  if not isinstance(value, tuple):
    raise ValueError
  return tuple(map(convert, value))
