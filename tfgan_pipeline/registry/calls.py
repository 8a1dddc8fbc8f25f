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
import keyword
import math
from typing import Any

from tfgan_pipeline.errors import ComponentError, UsageError
from tfgan_pipeline.registry.annotations import converter

_REQUIRED = inspect.Parameter.empty


@dataclasses.dataclass(frozen=True)
class Parameter:
  """One hyper-parameter of a component.

  Attributes:
    name: As written in the call string.
    annotation: Source text of the type, see annotations.py; empty when anything goes.
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
    try:
      return converter(self.annotation)(value)
    except ValueError:
      raise UsageError(
        f'argument {self.name}={_literal(value)} should be {self.annotation}'
      ) from None


@dataclasses.dataclass(frozen=True)
class Component:
  """Name, module, first line and hyper-parameters of a component, known without importing it.

  Attributes:
    name: As written in a call string.
    module: Dotted name of the module that defines it.
    doc: First line of its docstring.
    parameters: Its hyper-parameters.
    place: Its file and line, as 'losses/mine.py:12'.
  """

  name: str
  module: str
  doc: str
  parameters: tuple[Parameter, ...]
  place: str = dataclasses.field(default='', compare=False)

  @property
  def signature(self) -> str:
    return f'{self.name}({", ".join(map(str, self.parameters))})' if self.parameters else self.name

  def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
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
  """Formats a value as text that the registry parses back to an equal value."""
  if isinstance(value, str):
    # Python reads keywords as themselves, and puts other letters into a normal form.
    bare = value.isidentifier() and value.isascii() and not keyword.iskeyword(value)
    return value if bare else repr(value)
  if isinstance(value, tuple):
    return '(' + ''.join(f'{_literal(element)}, ' for element in value).rstrip() + ')'
  if isinstance(value, float) and math.isinf(value):
    return '1e999' if value > 0 else '-1e999'
  return repr(value)


def of_source(node: ast.FunctionDef, module: str, path: str = '') -> Component:
  """The component that a function in the source of a module, the file at `path`, defines."""
  parameters = tuple(
    _parameter(
      argument.arg,
      ast.unparse(argument.annotation) if argument.annotation else '',
      _REQUIRED if default is None else _default(argument.arg, default),
    )
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults)
  )
  doc = _first_line(ast.get_docstring(node))
  return Component(node.name, module, doc, parameters, f'{path}:{node.lineno}')


def of_function(function: Callable[..., object]) -> Component:
  """The component that a function is.

  Raises:
    ComponentError: It is no function made with def, an annotation is not understood, or a default
      cannot be written in a call string.
  """
  made_with_def = inspect.isfunction(inspect.unwrap(function))
  if not made_with_def or not function.__name__.isidentifier():
    raise ComponentError('should be a function, made with def')
  if inspect.iscoroutinefunction(inspect.unwrap(function)):
    raise ComponentError('should be a function, made with def and not with async def')
  parameters = tuple(
    _parameter(p.name, _annotation(p.annotation), _checked_default(p.name, p.default))
    for p in inspect.signature(function).parameters.values()
    if p.kind == p.KEYWORD_ONLY
  )
  doc = _first_line(inspect.getdoc(function))
  return Component(function.__name__, function.__module__, doc, parameters, place_of(function))


def place_of(function: Any) -> str:
  """File and line of a function; '' of what is none."""
  code = getattr(inspect.unwrap(function), '__code__', None)
  return f'{code.co_filename}:{code.co_firstlineno}' if code else ''


def _parameter(name: str, annotation: str, default: Any) -> Parameter:
  try:
    converter(annotation)
  except TypeError:
    raise ComponentError(
      f'argument {name} is annotated {annotation}, which is not understood; use int, float, bool, '
      'str, tuple[...], Literal[...] or None, joined by |'
    ) from None
  return Parameter(name, annotation, default)


def _default(name: str, default: ast.expr) -> Any:
  try:
    return ast.literal_eval(default)
  except (ValueError, TypeError, SyntaxError):
    raise _wrong_default(name, ast.unparse(default)) from None


def _checked_default(name: str, default: Any) -> Any:
  if default is not _REQUIRED and not _can_be_written(default):
    raise _wrong_default(name, repr(default))
  return default


def _can_be_written(value: Any) -> bool:
  if isinstance(value, tuple):
    return all(map(_can_be_written, value))
  return value is None or isinstance(value, (bool, int, float, str))


def _wrong_default(name: str, written: str) -> ComponentError:
  return ComponentError(
    f'the default of argument {name} should be a number, string or tuple, not {written}'
  )


def _annotation(annotation: Any) -> str:
  if annotation is inspect.Parameter.empty:
    return ''
  return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _first_line(doc: str | None) -> str:
  return (doc or '').strip().split('\n')[0]
