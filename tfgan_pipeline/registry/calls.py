"""What is known of a component without calling it: its hyper-parameters, and calls checked by them.

component = of_source(node, module)           # of a parsed function, without importing it
component.signature                           # 'hinge(margin=1.0)'
component.bind((2,), {})                      # {'margin': 2.0}, or UsageError
"""

from __future__ import annotations

import ast
from collections.abc import Callable
import dataclasses
import inspect
from typing import Any

from tfgan_pipeline.errors import UsageError

_REQUIRED = inspect.Parameter.empty
_TYPES = {'int': int, 'float': float, 'bool': bool, 'str': str, 'tuple': tuple, 'None': type(None)}


@dataclasses.dataclass(frozen=True)
class Parameter:
  """One hyper-parameter of a component.

  Attributes:
    name: As written in the call string.
    annotation: Source text of the type, made of int, float, bool, str, tuple and None joined by
      `|`; empty when anything goes.
    default: The default value, or `inspect.Parameter.empty` when the argument must be given.
  """

  name: str
  annotation: str
  default: Any

  @property
  def required(self) -> bool:
    return self.default is _REQUIRED

  def __str__(self) -> str:
    return self.name if self.required else f'{self.name}={_literal(self.default)}'

  def check(self, value: Any) -> Any:
    """Returns `value` in the declared type; raises UsageError when it has another."""
    allowed = tuple(_TYPES[name.strip()] for name in self.annotation.split('|') if name.strip())
    if not allowed:
      return value
    if float in allowed and isinstance(value, int) and not isinstance(value, bool):
      return float(value) if int not in allowed else value
    if isinstance(value, bool) and bool not in allowed or not isinstance(value, allowed):
      raise UsageError(f'argument {self.name}={_literal(value)} should be {self.annotation}')
    return value


@dataclasses.dataclass(frozen=True)
class Component:
  """What is known about a component without importing it."""

  name: str
  module: str
  doc: str
  parameters: tuple[Parameter, ...]

  @property
  def signature(self) -> str:
    return f'{self.name}({", ".join(map(str, self.parameters))})' if self.parameters else self.name

  def bind(self, args: tuple, kwargs: dict[str, Any]) -> dict[str, Any]:
    """All hyper-parameters by name, checked, with defaults filled in."""
    names = [parameter.name for parameter in self.parameters]
    if len(args) > len(names):
      raise UsageError(f'{len(args)} arguments given, {self.signature} takes {len(names)}')
    given = dict(zip(names, args))
    for key, value in kwargs.items():
      if key not in names:
        raise UsageError(f'no argument {key!r} in {self.signature}')
      if key in given:
        raise UsageError(f'argument {key!r} given twice')
      given[key] = value
    bound = {}
    for parameter in self.parameters:
      if parameter.name in given:
        bound[parameter.name] = parameter.check(given[parameter.name])
      elif parameter.required:
        raise UsageError(f'argument {parameter.name!r} is missing, as in {self.signature}')
      else:
        bound[parameter.name] = parameter.default
    return bound


@dataclasses.dataclass(frozen=True)
class Call:
  """A parsed and checked component string."""

  name: str
  arguments: dict[str, Any] = dataclasses.field(hash=False)

  def __str__(self) -> str:
    """The canonical form: every hyper-parameter by name, so equal calls are equal strings."""
    inside = ', '.join(f'{key}={_literal(value)}' for key, value in self.arguments.items())
    return f'{self.name}({inside})' if inside else self.name


def _literal(value: Any) -> str:
  if isinstance(value, str):
    return value if value.isidentifier() else repr(value)
  if isinstance(value, tuple):
    return '(' + ''.join(f'{_literal(element)}, ' for element in value).rstrip() + ')'
  return repr(value)


def of_source(node: ast.FunctionDef, module: str) -> Component:
  """The component that a function in the source of a module defines."""
  parameters = tuple(
    Parameter(
      argument.arg,
      ast.unparse(argument.annotation) if argument.annotation else '',
      _REQUIRED if default is None else ast.literal_eval(default),
    )
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults)
  )
  return Component(node.name, module, _first_line(ast.get_docstring(node)), parameters)


def of_function(function: Callable) -> Component:
  """The component that a function is."""
  parameters = tuple(
    Parameter(p.name, _annotation(p.annotation), p.default)
    for p in inspect.signature(function).parameters.values()
    if p.kind == p.KEYWORD_ONLY
  )
  doc = _first_line(inspect.getdoc(function))
  return Component(function.__name__, function.__module__, doc, parameters)


def _annotation(annotation: Any) -> str:
  if annotation is inspect.Parameter.empty:
    return ''
  return (
    annotation if isinstance(annotation, str) else getattr(annotation, '__name__', str(annotation))
  )


def _first_line(doc: str | None) -> str:
  return (doc or '').strip().split('\n')[0]
