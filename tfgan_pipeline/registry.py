"""Names of components -> the functions that build them, addressed by strings that are calls.

A component is a function with one of this module's decorators:

    from tfgan_pipeline import registry

    @registry.loss
    def hinge(*, margin: float = 1.0):
      '''First line: what --list shows.'''

and is chosen by a string such as `hinge`, `hinge(2)` or `hinge(margin=2.0)`. Its keyword-only
parameters are its hyper-parameters, in the order in which positional arguments of the string fill
them; whatever stands before the `*` is context that the pipeline supplies. A function decorated in
any file of a registry's package is found by reading the source, so nothing is imported (TensorFlow
least of all) until the component is built. One decorated elsewhere, in a script or a notebook, is
known once that code has run.

Strings are parsed with `ast` and may hold literals, bare words (taken as strings) and nested calls
(kept as strings for the component to parse). Nothing is ever evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
import dataclasses
import functools
import importlib
import inspect
import pathlib
from typing import Any

from tfgan_pipeline.errors import UsageError

_PACKAGE_ROOT = pathlib.Path(__file__).parent
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


class Registry:
  """The components of one kind.

  Args:
    kind: What one is called in messages, and the name of its decorator in this module.
    folder: Sub-package of tfgan_pipeline whose files are searched.
  """

  def __init__(self, kind: str, folder: str):
    self.kind = kind
    self.folder = folder
    self._runtime: dict[str, Callable] = {}

  def __call__(self, function: Callable) -> Callable:
    """Decorator: registers `function` under its own name and returns it unchanged."""
    if not function.__module__.startswith(f'tfgan_pipeline.{self.folder}.'):
      self._runtime[function.__name__] = function
    return function

  @functools.cached_property
  def _found(self) -> dict[str, Component]:
    found: dict[str, Component] = {}
    for path in sorted((_PACKAGE_ROOT / self.folder).rglob('*.py')):
      relative = path.relative_to(_PACKAGE_ROOT).with_suffix('')
      module = '.'.join(('tfgan_pipeline', *relative.parts))
      for node in ast.parse(path.read_text(encoding='utf-8')).body:
        if isinstance(node, ast.FunctionDef) and any(map(self._decorates, node.decorator_list)):
          if node.name in found:
            raise TypeError(f'{self.kind} {node.name} is in {found[node.name].module} and {module}')
          found[node.name] = _component_of_source(node, module)
    return found

  def _decorates(self, decorator: ast.expr) -> bool:
    return ast.unparse(decorator) == f'registry.{self.kind}'

  def components(self) -> dict[str, Component]:
    """Every component by name, sorted."""
    runtime = {name: _component_of_function(fn) for name, fn in self._runtime.items()}
    return dict(sorted({**self._found, **runtime}.items()))

  def parse(self, text: str) -> Call:
    """Reads `text` as exactly one component call. Raises UsageError with what is wrong."""
    calls = self.parse_all(text)
    if len(calls) != 1:
      raise UsageError(f'one {self.kind} is needed, got {len(calls)}')
    return calls[0]

  def parse_all(self, text: str) -> tuple[Call, ...]:
    """Reads `text` as any number of component calls separated by commas."""
    if not text.strip():
      return ()
    try:
      tree = ast.parse(text.strip(), mode='eval').body
    except (SyntaxError, ValueError):
      raise UsageError(f'cannot be read as name(argument=value): {text!r}') from None
    nodes = tree.elts if isinstance(tree, ast.Tuple) else [tree]
    return tuple(self._call_of_node(node) for node in nodes)

  def _call_of_node(self, node: ast.expr) -> Call:
    head = node.func if isinstance(node, ast.Call) else node
    if not isinstance(head, ast.Name):
      raise UsageError(f'a {self.kind} is written name(argument=value), not {ast.unparse(node)!r}')
    components = self.components()
    if head.id not in components:
      raise UsageError(
        f'unknown {self.kind} {head.id!r}; there are: '
        + ', '.join(component.signature for component in components.values())
      )
    args: tuple = ()
    kwargs: dict[str, Any] = {}
    if isinstance(node, ast.Call):
      if any(keyword.arg is None for keyword in node.keywords):
        raise UsageError(f'** is not understood in {ast.unparse(node)!r}')
      args = tuple(_value(argument) for argument in node.args)
      kwargs = {keyword.arg: _value(keyword.value) for keyword in node.keywords}
    try:
      return Call(head.id, components[head.id].bind(args, kwargs))
    except UsageError as error:
      raise UsageError(f'{self.kind} {head.id!r}: {error}') from None

  def function(self, name: str) -> Callable:
    """The function behind a name, importing its file if needed."""
    if name in self._runtime:
      return self._runtime[name]
    return getattr(importlib.import_module(self._found[name].module), name)

  def build(self, text: str, *context: Any) -> Any:
    """Calls the one component named by `text` with the pipeline's context."""
    call = self.parse(text)
    return self.function(call.name)(*context, **call.arguments)

  def build_all(self, text: str, *context: Any) -> list[Any]:
    """Calls every component named by `text`, in order."""
    return [self.function(call.name)(*context, **call.arguments) for call in self.parse_all(text)]


def _value(node: ast.expr) -> Any:
  if isinstance(node, ast.Name):
    return node.id
  if isinstance(node, ast.Call):
    return ast.unparse(node)
  if isinstance(node, (ast.Tuple, ast.List)):
    return tuple(_value(element) for element in node.elts)
  try:
    return ast.literal_eval(node)
  except (ValueError, TypeError, SyntaxError):
    raise UsageError(f'not a number, word or string: {ast.unparse(node)}') from None


def _literal(value: Any) -> str:
  if isinstance(value, str):
    return value if value.isidentifier() else repr(value)
  if isinstance(value, tuple):
    return '(' + ''.join(f'{_literal(element)}, ' for element in value).rstrip() + ')'
  return repr(value)


def _component_of_source(node: ast.FunctionDef, module: str) -> Component:
  parameters = tuple(
    Parameter(
      argument.arg,
      ast.unparse(argument.annotation) if argument.annotation else '',
      _REQUIRED if default is None else ast.literal_eval(default),
    )
    for argument, default in zip(node.args.kwonlyargs, node.args.kw_defaults)
  )
  return Component(node.name, module, _first_line(ast.get_docstring(node)), parameters)


def _component_of_function(function: Callable) -> Component:
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


dataset = Registry('dataset', 'data')
augmentation = Registry('augmentation', 'data')
network = Registry('network', 'networks')
model = Registry('model', 'models')
noise = Registry('noise', 'models')
loss = Registry('loss', 'losses')
penalty = Registry('penalty', 'losses')
reconstruction = Registry('reconstruction', 'losses')
discriminator_augmentation = Registry('discriminator_augmentation', 'losses')
optimizer = Registry('optimizer', 'training')
schedule = Registry('schedule', 'training')
on_nan = Registry('on_nan', 'training')
extractor = Registry('extractor', 'evaluation')
metric = Registry('metric', 'metrics')
image_metric = Registry('image_metric', 'metrics')
protocol = Registry('protocol', 'evaluation')

ALL = (
  dataset,
  augmentation,
  network,
  model,
  noise,
  loss,
  penalty,
  reconstruction,
  discriminator_augmentation,
  optimizer,
  schedule,
  on_nan,
  extractor,
  metric,
  image_metric,
  protocol,
)
