"""Converters that check values against the annotations of parameters.

    convert = converter('int | None')
    convert(3)                          # 3
    convert('three')                    # ValueError

Supported annotations are int, float, bool, str, tuple, None, Any, `tuple[int, ...]`,
`tuple[int, str]`, `Literal['a', 'b']`, combinations of these by `|`, `Optional` or `Union`, and all
of these in quotes.
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
  """Returns a function that checks a value against `annotation`, given as source text.

  The function returns the value, and raises ValueError if it has another type. An int becomes a
  float where only floats are allowed, and the words true and false become bools; nothing else is
  changed. An empty annotation allows anything.

  Raises:
    TypeError: `annotation` is not supported.
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
    return functools.partial(_check_type, _TYPES[name])
  if isinstance(node, ast.Constant) and isinstance(node.value, str):
    return converter(node.value)
  if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
    return _join(_converter(node.left), _converter(node.right))
  if not isinstance(node, ast.Subscript):
    raise TypeError(ast.unparse(node))
  name = _last_name(node.value)
  elements = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
  if name == 'Optional' and len(elements) == 1:
    return _join(_converter(elements[0]), functools.partial(_check_type, type(None)))
  if name == 'Union':
    return _join(*map(_converter, elements))
  constants = [element.value for element in elements if isinstance(element, ast.Constant)]
  if name == 'Literal' and len(constants) == len(elements):
    return functools.partial(_check_choice, constants)
  if name in ('tuple', 'Tuple'):
    if len(elements) == 2 and ast.unparse(elements[1]) == '...':
      return functools.partial(_check_any_tuple, _converter(elements[0]))
    return functools.partial(_check_tuple, [_converter(element) for element in elements])
  raise TypeError(ast.unparse(node))


def _last_name(node: ast.expr) -> str | None:
  """Returns the last part of a dotted name: 'Optional' for typing.Optional; 'None' for None."""
  if isinstance(node, ast.Constant) and node.value is None:
    return 'None'
  return node.attr if isinstance(node, ast.Attribute) else getattr(node, 'id', None)


def _check_type(kind: type, value: Any) -> Any:
  if kind is float and type(value) is int:
    return float(value)
  if kind is bool and value in ('true', 'false'):  # As flags and JSON have them.
    return value == 'true'
  # Python's bool is a subclass of int, but True is no number here.
  if not isinstance(value, kind) or isinstance(value, bool) and kind is not bool:
    raise ValueError
  return value


def _check_choice(choices: list[Any], value: Any) -> Any:
  if not any(type(value) is type(choice) and value == choice for choice in choices):
    raise ValueError
  return value


def _join(*converters: Converter) -> Converter:
  def convert(value: Any) -> Any:
    results = []
    for one in converters:
      try:
        results.append(one(value))
      except ValueError:
        continue
    # An int stays an int under `float | int`, although the float converter accepts it first.
    same_type = [result for result in results if type(result) is type(value)]
    if not results:
      raise ValueError
    return (same_type or results)[0]

  return convert


def _check_tuple(converters: list[Converter], value: Any) -> tuple[Any, ...]:
  if not isinstance(value, tuple) or len(value) != len(converters):
    raise ValueError
  return tuple(one(element) for one, element in zip(converters, value))


def _check_any_tuple(convert: Converter, value: Any) -> tuple[Any, ...]:
  if not isinstance(value, tuple):
    raise ValueError
  return tuple(map(convert, value))
