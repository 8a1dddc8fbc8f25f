"""Names of components -> the functions that build them, addressed by strings that are calls.

A component is a function with one of this module's decorators:

    from tfgan_pipeline import registry

    @registry.loss
    def hinge(*, margin: float = 1.0):
      '''First line: what --list shows.'''

and is chosen by a string such as `hinge`, `hinge(2)` or `hinge(margin=2.0)`. Its keyword-only
parameters are its hyper-parameters, in the order in which positional arguments of the string fill
them; whatever stands before the `*` is context that the pipeline supplies. Their types are those of
annotations.py. A function decorated in any file of a registry's package is found by reading the
source, so nothing is imported (TensorFlow least of all) until the component is built. One decorated
elsewhere, in a script or a notebook, is known once that code has run; run again, the code replaces
it. What can be no component, or bears the name of another, is a ComponentError that says where.

Strings are parsed with `ast` and may hold literals, bare words (taken as strings) and nested calls
(kept as strings for the component to parse). Nothing is ever evaluated.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
import functools
import importlib
import pathlib
import sys
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

from tfgan_pipeline.errors import ComponentError, UsageError
from tfgan_pipeline.registry import calls, component_files
from tfgan_pipeline.registry.calls import Call, Component

if TYPE_CHECKING:  # What components get and return; nothing of it is loaded.
  import numpy as np

  from tfgan_pipeline.compat import keras, tf
  from tfgan_pipeline.data.dataset import DataOptions, Dataset
  from tfgan_pipeline.data.fields import Fields
  from tfgan_pipeline.discriminator_augment.policies import DiscriminatorAugmentation
  from tfgan_pipeline.evaluation.protocols import Protocol
  from tfgan_pipeline.extractors.base import Extractor, ExtractorContext
  from tfgan_pipeline.losses.adversarial import AdversarialLoss
  from tfgan_pipeline.losses.penalties import Penalty
  from tfgan_pipeline.losses.reconstruction import Reconstruction
  from tfgan_pipeline.media.base import Medium
  from tfgan_pipeline.metrics.features import Features
  from tfgan_pipeline.models.game import Game
  from tfgan_pipeline.models.noise import Noise
  from tfgan_pipeline.networks.spec import Networks, NetworkSpec

  _Map = Callable[[np.ndarray], np.ndarray]
  _Scores = dict[str, float]
  _OfImages = Callable[Concatenate[np.ndarray, np.ndarray, ...], _Scores]

_PACKAGE_ROOT = pathlib.Path(__file__).parents[1]
_Function = TypeVar('_Function', bound=Callable[..., object])
_Context = ParamSpec('_Context')
_Made = TypeVar('_Made')


class Registry(Generic[_Function]):
  """The components of one kind: functions of one type, hyper-parameters apart.

  Args:
    kind: What one is called in messages, and the name of its decorator in this module.
    folder: Sub-package of tfgan_pipeline whose files are searched.
  """

  def __init__(self, kind: str, folder: str):
    self.kind = kind
    self.folder = folder
    self._runtime: dict[str, _Function] = {}

  def __call__(self, function: _Function | None = None) -> _Function:
    """Decorator: registers `function` under its own name and returns it unchanged.

    Raises:
      ComponentError: It can be no component, its name is another's, or it stands in a file of this
        package and is not found by reading that; with file and line.
    """
    caller = sys._getframe(1)
    place = calls.place_of(function) or f'{caller.f_code.co_filename}:{caller.f_lineno}'
    if not callable(function):
      raise ComponentError(f'{place}: @registry.{self.kind} is written without parentheses')
    at = f'{place}: {self.kind} {getattr(function, "__name__", "")}'.rstrip()
    try:
      component = calls.of_function(function)
    except ComponentError as error:
      raise ComponentError(f'{at}: {error}') from None
    if f'{component.module}.'.startswith(f'tfgan_pipeline.{self.folder}.'):
      self._require_found(component, at)
      return function
    taken = self._found.get(component.name)
    before = self._runtime.get(component.name)
    if before and not _same_code(before, function):
      taken = calls.of_function(before)
    if taken:
      raise ComponentError(f'{at}: the name is taken, see {taken.place}')
    self._runtime[component.name] = function
    return function

  def _require_found(self, component: Component, at: str) -> None:
    for _ in range(2):
      found = self._found.get(component.name)
      if found and found.module == component.module:
        return
      _components_in.cache_clear()  # The file may be newer than what was read.
    raise ComponentError(
      f'{at}: is not found by reading the file; write @registry.{self.kind} above its def'
    )

  @property
  def _found(self) -> dict[str, Component]:
    return _components_in(self.folder)[self.kind]

  def components(self) -> dict[str, Component]:
    """Every component by name, sorted."""
    runtime = {name: calls.of_function(fn) for name, fn in self._runtime.items()}
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
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # The last two if too deep.
      raise UsageError(f'cannot be read as name(argument=value): {text!r}') from None
    nodes = tree.elts if isinstance(tree, ast.Tuple) else [tree]
    return tuple(self._call_of_node(node) for node in nodes)

  def _call_of_node(self, node: ast.expr) -> Call:
    head = node.func if isinstance(node, ast.Call) else node
    if not isinstance(head, ast.Name):
      raise UsageError(f'a {self.kind} is written name(argument=value), not {ast.unparse(node)!r}')
    known = self.components()
    if head.id not in known:
      raise UsageError(
        f'unknown {self.kind} {head.id!r}; there are: '
        + ', '.join(component.signature for component in known.values())
      )
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    if isinstance(node, ast.Call):
      named = [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg is not None]
      if len(named) < len(node.keywords):
        raise UsageError(f'** is not understood in {ast.unparse(node)!r}')
      args = tuple(_value(argument) for argument in node.args)
      for name, value in named:
        if name in kwargs:
          raise UsageError(f'{self.kind} {head.id!r}: argument {name!r} given twice')
        kwargs[name] = _value(value)
    try:
      return Call(head.id, known[head.id].bind(args, kwargs))
    except UsageError as error:
      raise UsageError(f'{self.kind} {head.id!r}: {error}') from None

  def function(self, name: str) -> _Function:
    """The function behind a name, importing its file if needed."""
    if name in self._runtime:
      return self._runtime[name]
    return getattr(importlib.import_module(self._found[name].module), name)

  def build(
    self: Registry[Callable[_Context, _Made]],
    text: str,
    *context: _Context.args,
    **named: _Context.kwargs,
  ) -> _Made:
    """Calls the one component named by `text` with the pipeline's context."""
    return self._call(self.parse(text), *context, **named)

  def build_all(
    self: Registry[Callable[_Context, _Made]],
    text: str,
    *context: _Context.args,
    **named: _Context.kwargs,
  ) -> list[_Made]:
    """Calls every component named by `text`, in order."""
    return [self._call(call, *context, **named) for call in self.parse_all(text)]

  def _call(self: Registry[Callable[..., _Made]], call: Call, *context: Any, **named: Any) -> _Made:
    return self.function(call.name)(*context, **named, **call.arguments)


def _same_code(one: Callable[..., object], other: Callable[..., object]) -> bool:
  """Whether one function is the other, its module or notebook cell having run again."""
  return (
    (one.__module__, one.__qualname__) == (other.__module__, other.__qualname__)
    or calls.place_of(one) == calls.place_of(other)  # A script and the module it is imported as.
  )


@functools.cache
def _components_in(folder: str) -> dict[str, dict[str, Component]]:
  kinds = {one.kind: one.folder for one in ALL}
  return component_files.find_components(_PACKAGE_ROOT, folder, kinds)


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


# What components of each kind get, before their hyper-parameters, and what they return.
dataset: Registry[Callable[Concatenate[DataOptions, ...], Dataset]] = Registry('dataset', 'data')
augmentation: Registry[Callable[Concatenate[tf.Tensor, tf.Tensor, ...], tf.Tensor]] = Registry(
  'augmentation', 'data'
)
medium: Registry[Callable[..., Medium]] = Registry('medium', 'media')
network: Registry[Callable[Concatenate[NetworkSpec, ...], Networks]] = Registry(
  'network', 'networks'
)
model: Registry[Callable[Concatenate[Noise, Fields, ...], Game]] = Registry('model', 'models')
noise: Registry[Callable[..., Noise]] = Registry('noise', 'models')
loss: Registry[Callable[..., AdversarialLoss]] = Registry('loss', 'losses')
penalty: Registry[Callable[..., Penalty]] = Registry('penalty', 'losses')
reconstruction: Registry[Callable[..., Reconstruction]] = Registry('reconstruction', 'losses')
discriminator_augmentation: Registry[Callable[..., DiscriminatorAugmentation]] = Registry(
  'discriminator_augmentation', 'discriminator_augment'
)
optimizer: Registry[Callable[..., keras.optimizers.Optimizer]] = Registry('optimizer', 'training')
schedule: Registry[
  Callable[Concatenate[float, ...], keras.optimizers.schedules.LearningRateSchedule]
] = Registry('schedule', 'training')
on_nan: Registry[Callable[..., int]] = Registry('on_nan', 'training')
extractor: Registry[Callable[Concatenate[ExtractorContext, ...], Extractor]] = Registry(
  'extractor', 'extractors'
)
metric: Registry[Callable[Concatenate[Features, Features, ...], _Scores]] = Registry(
  'metric', 'metrics'
)
image_metric: Registry[_OfImages] = Registry('image_metric', 'metrics')
pair_metric: Registry[_OfImages] = Registry('pair_metric', 'metrics')
generator_metric: Registry[Callable[Concatenate[_Map, _Map, int, int, ...], _Scores]] = Registry(
  'generator_metric', 'evaluation'
)
protocol: Registry[Callable[..., Protocol]] = Registry('protocol', 'evaluation')

ALL = tuple(kind for kind in globals().values() if isinstance(kind, Registry))
