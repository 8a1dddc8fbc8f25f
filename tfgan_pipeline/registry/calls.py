"""Components with their hyper-parameters, and calls of them that are parsed and checked.

component = of_source(node, module)           # from a parsed function, without importing it
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
import os
from typing import Annotated, Any, TypeVar, get_origin

from tfgan_pipeline.errors import ComponentError, UsageError
from tfgan_pipeline.registry.annotations import converter

_REQUIRED = inspect.Parameter.empty
_T = TypeVar('_T')

# Type of a hyper-parameter that a component got later, as in `kernel: Later[str] = 'polynomial'`:
# at its default it stays out of canonical strings, so that former calls keep their ids.
Later = Annotated[_T, 'left out of canonical strings at its default']
_LATER = ('left out of canonical strings at its default',)


@dataclasses.dataclass(frozen=True)
class Parameter:
  """One hyper-parameter of a component.

  Attributes:
    name: The argument's name in a call string.
    annotation: Source text of the type, see annotations.py; empty when any value is allowed.
    default: The default value, or `inspect.Parameter.empty` when a call must give the argument.
    later: Whether the argument stays out of canonical strings at its default, see Later.
  """

  name: str
  annotation: str
  default: Any
  later: bool = False

  @property
  def required(self) -> bool:
    """Whether a call must give this argument."""
    return self.default is _REQUIRED

  def __str__(self) -> str:
    return self.name if self.required else f'{self.name}={_literal(self.default)}'

  def check(self, value: Any) -> Any:
    """Returns `value`, converted to float if only floats are allowed.

    Raises:
      UsageError: The value has another type than the annotation allows.
    """
    try:
      return converter(self.annotation)(value)
    except ValueError:
      raise UsageError(
        f'argument {self.name}={_literal(value)} should be {self.annotation}'
      ) from None


@dataclasses.dataclass(frozen=True)
class Component:
  """A component's name, module, description and hyper-parameters, known without importing it.

  Attributes:
    name: The component's name in a call string.
    module: Dotted name of the module that defines it.
    doc: First line of its docstring.
    parameters: Its hyper-parameters.
    place: Its file and line, as '/path/losses/mine.py:12'.
  """

  name: str
  module: str
  doc: str
  parameters: tuple[Parameter, ...]
  place: str = dataclasses.field(default='', compare=False)

  @property
  def file(self) -> str:
    """Path of the file that defines the component."""
    return os.path.abspath(self.place.rpartition(':')[0])

  @property
  def signature(self) -> str:
    """Name and arguments with their defaults, as in 'hinge(margin=1.0)'."""
    return f'{self.name}({", ".join(map(str, self.parameters))})' if self.parameters else self.name

  def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Returns all hyper-parameters by name, checked, with defaults filled in but for later ones.

    Args:
      args: Positional arguments of a call.
      kwargs: Keyword arguments of a call.

    Raises:
      UsageError: An argument is unknown, given twice, missing, or of the wrong type.
    """
    names = [parameter.name for parameter in self.parameters]
    if len(args) > len(names):
      raise UsageError(f'{len(args)} arguments given, {self.signature} takes {len(names)}')
    values = dict(zip(names, args))
    for key, value in kwargs.items():
      if key not in names:
        raise UsageError(f'no argument {key!r} in {self.signature}')
      if key in values:
        raise UsageError(f'argument {key!r} given twice')
      values[key] = value
    arguments = {}
    for parameter in self.parameters:
      if parameter.name in values:
        arguments[parameter.name] = parameter.check(values[parameter.name])
      elif parameter.required:
        raise UsageError(f'argument {parameter.name!r} is missing, as in {self.signature}')
      else:
        arguments[parameter.name] = parameter.default
      if parameter.later and arguments[parameter.name] == parameter.default:
        del arguments[parameter.name]
    return arguments


@dataclasses.dataclass(frozen=True)
class Call:
  """A call string, such as `hinge(margin=2.0)`, parsed and checked.

  Attributes:
    name: Name of the component.
    arguments: All hyper-parameters by name, defaults included; without later ones at their default.
  """

  name: str
  arguments: dict[str, Any] = dataclasses.field(hash=False)

  def __str__(self) -> str:
    """Returns the canonical string, with `arguments` by name; equal calls give equal strings."""
    arguments = ', '.join(f'{key}={_literal(value)}' for key, value in self.arguments.items())
    return f'{self.name}({arguments})' if arguments else self.name


def read_value(node: ast.expr) -> Any:
  """Converts an argument's syntax to its value; words and nested calls become strings.

  Raises:
    UsageError: The syntax is no literal, word or call.
  """
  if isinstance(node, ast.Name):
    return node.id
  if isinstance(node, ast.Call):
    return ast.unparse(node)
  if isinstance(node, (ast.Tuple, ast.List)):
    return tuple(read_value(element) for element in node.elts)
  try:
    return ast.literal_eval(node)
  except (ValueError, TypeError, SyntaxError):
    raise UsageError(f'not a number, word or string: {ast.unparse(node)}') from None


def _literal(value: Any) -> str:
  """Formats a value as text that the registry parses back to an equal value."""
  if isinstance(value, str):
    # Quoted otherwise: Python would parse keywords such as None as themselves, and would normalise
    # non-ASCII letters (NFKC).
    bare = value.isidentifier() and value.isascii() and not keyword.iskeyword(value)
    return value if bare else repr(value)
  if isinstance(value, tuple):
    return '(' + ''.join(f'{_literal(element)}, ' for element in value).rstrip() + ')'
  if isinstance(value, float) and math.isinf(value):
    return '1e999' if value > 0 else '-1e999'  # Python has no literal for infinity.
  return repr(value)


def name_of(text: str) -> str:
  """Returns the component's name in a canonical call string, 'adam' of 'adam(2e-4)'."""
  return text.partition('(')[0].strip()


def of_source(node: ast.FunctionDef, module: str, path: str = '') -> Component:
  """Returns the component that a parsed function definition describes.

  Args:
    node: The definition.
    module: Dotted name of the module that it is in.
    path: File of that module.

  Raises:
    ComponentError: An annotation is not supported, or a default is no literal.
  """
  parameters = tuple(
    _parameter(
      argument.arg,
      ast.unparse(argument.annotation) if argument.annotation else '',
      _REQUIRED if default is None else _read_default(argument.arg, default),
    )
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults)
  )
  doc = _first_line(ast.get_docstring(node))
  return Component(node.name, module, doc, parameters, f'{path}:{node.lineno}')


def of_function(function: Callable[..., object]) -> Component:
  """Returns the component that a function object describes.

  Raises:
    ComponentError: `function` is not made with def, an annotation is not supported, or a default
      cannot be written in a call string.
  """
  is_def = inspect.isfunction(inspect.unwrap(function))
  if not is_def or not function.__name__.isidentifier():
    raise ComponentError('should be a function, made with def')
  if inspect.iscoroutinefunction(inspect.unwrap(function)):
    raise ComponentError('should be a function, made with def and not with async def')
  parameters = tuple(
    _parameter(p.name, _annotation(p.annotation), _check_default(p.name, p.default))
    for p in inspect.signature(function).parameters.values()
    if p.kind == p.KEYWORD_ONLY
  )
  doc = _first_line(inspect.getdoc(function))
  return Component(function.__name__, function.__module__, doc, parameters, place_of(function))


def place_of(function: Any) -> str:
  """Returns file and line of a function as 'path:line'; '' for an object without code."""
  code = getattr(inspect.unwrap(function), '__code__', None)
  return f'{code.co_filename}:{code.co_firstlineno}' if code else ''


def is_same_code(one: Callable[..., object], other: Callable[..., object]) -> bool:
  """Returns whether `other` is `one` again, from a second run of its module or notebook cell."""
  return (
    (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)
    # One file can have two module names: __main__ as a script, its own when imported.
    or place_of(one) == place_of(other)
  )


def _parameter(name: str, annotation: str, default: Any) -> Parameter:
  declared, annotation = annotation, annotation.removeprefix('Later[')
  later = annotation != declared
  annotation = annotation.removesuffix(']') if later else annotation
  try:
    converter(annotation)
  except TypeError:
    raise ComponentError(
      f'argument {name} is annotated {annotation}, which is not understood; use int, float, bool, '
      'str, tuple[...], Literal[...] or None, joined by |'
    ) from None
  return Parameter(name, annotation, default, later)


def _read_default(name: str, default: ast.expr) -> Any:
  try:
    return ast.literal_eval(default)
  except (ValueError, TypeError, SyntaxError):
    raise _default_error(name, ast.unparse(default)) from None


def _check_default(name: str, default: Any) -> Any:
  if default is not _REQUIRED and not _is_literal(default):
    raise _default_error(name, repr(default))
  return default


def _is_literal(value: Any) -> bool:
  if isinstance(value, tuple):
    return all(map(_is_literal, value))
  return value is None or isinstance(value, (bool, int, float, str))


def _default_error(name: str, text: str) -> ComponentError:
  return ComponentError(
    f'the default of argument {name} should be a number, string or tuple, not {text}'
  )


def _annotation(annotation: Any) -> str:
  if annotation is inspect.Parameter.empty:
    return ''
  if get_origin(annotation) is Annotated and annotation.__metadata__ == _LATER:
    return f'Later[{inspect.formatannotation(annotation.__origin__)}]'
  return annotation if isinstance(annotation, str) else inspect.formatannotation(annotation)


def _first_line(doc: str | None) -> str:
  return (doc or '').strip().split('\n')[0]
