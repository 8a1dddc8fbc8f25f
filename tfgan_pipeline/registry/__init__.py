"""Registries of components: functions that are chosen by strings such as `hinge(margin=2.0)`.

A component is a function with one of this module's decorators:

    from tfgan_pipeline import registry

    @registry.loss
    def hinge(*, margin: float = 1.0):
      '''First line: what --list shows.'''

The call strings `hinge`, `hinge(2)` and `hinge(margin=2.0)` choose it. Its keyword-only parameters
are its hyper-parameters, filled in their order by positional arguments of the string;
annotations.py lists the types that they may have. Parameters before the `*` are context, which the
pipeline supplies.

Components in a registry's sub-package are found by reading its source files, so nothing is imported
(TensorFlow least of all) until a component is built. A component in a script or a notebook is
registered when that code runs, again if it runs again. `outside` finds those of files, modules
and packages. What cannot be a component, or has a taken name, raises ComponentError with its place.
Call strings are parsed with `ast` and may hold literals, bare words (taken as strings) and nested
calls (kept as strings for the component to parse). Nothing is ever evaluated.
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
from tfgan_pipeline.registry import calls, component_files, results, unknown
from tfgan_pipeline.registry.calls import Call, Component
from tfgan_pipeline.registry.outside import Outside

if TYPE_CHECKING:  # Types of what components get and return; never imported at run time.
  import numpy as np

  from tfgan_pipeline.anomaly.base import AnomalyContext, Detector
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
  from tfgan_pipeline.writers.trackers import TrackedRun, Writer

  _Map = Callable[[np.ndarray], np.ndarray]
  _Scores = dict[str, float]
  _OfFeatures = Callable[Concatenate[Features, Features, ...], _Scores]
  _OfImages = Callable[Concatenate[np.ndarray, np.ndarray, ...], _Scores]
  _OfPairs = Callable[Concatenate[Any, Any, ...], _Scores]  # Images, or their features.

_PACKAGE_ROOT = pathlib.Path(__file__).parents[1]
_Function = TypeVar('_Function', bound=Callable[..., object])
_Context = ParamSpec('_Context')
_Made = TypeVar('_Made')


class Registry(Generic[_Function]):
  """All components of one kind, such as losses, and the decorator that registers them.

  The type parameter is the type of a component's function, hyper-parameters left out.

  Args:
    kind: Word for a component of this kind in messages; the name of its decorator in this module.
    folder: Sub-package of tfgan_pipeline whose source files are searched for components.

  Attributes:
    advice: Messages about components of runs that are unknown here, by name of the component.
  """

  def __init__(self, kind: str, folder: str):
    self.kind = kind
    self.folder = folder
    self._runtime: dict[str, _Function] = {}
    self.advice: dict[str, str] = {}

  def __call__(self, function: _Function | None = None) -> _Function:
    """Registers the decorated `function` under its own name and returns it unchanged.

    Raises:
      ComponentError: `function` cannot be a component, its name is taken, or reading the source of
        its file, in the searched sub-package, does not find it. The message has file and line.
    """
    caller = sys._getframe(1)  # The decorator's line, for objects that have no line of their own.
    place = calls.place_of(function) or f'{caller.f_code.co_filename}:{caller.f_lineno}'
    if not callable(function):
      raise ComponentError(f'{place}: @registry.{self.kind} is written without parentheses')
    label = f'{place}: {self.kind} {getattr(function, "__name__", "")}'.rstrip()
    try:
      component = calls.of_function(function)
    except ComponentError as error:
      raise ComponentError(f'{label}: {error}') from None
    if f'{component.module}.'.startswith(f'tfgan_pipeline.{self.folder}.'):
      self._require_in_file(component, label)
      return function
    owner = self._file_components.get(component.name)
    namesake = outside.owner(self.kind, component.name)
    if namesake and namesake.file != component.file:
      owner = namesake
    previous = self._runtime.get(component.name)
    if previous and not calls.is_same_code(previous, function):
      owner = calls.of_function(previous)
    if owner:
      raise ComponentError(f'{label}: the name is taken, see {owner.place}')
    self._runtime[component.name] = function
    return function

  def _require_in_file(self, component: Component, label: str) -> None:
    for _ in range(2):
      match = self._file_components.get(component.name)
      if match and match.module == component.module:
        return
      _components_in.cache_clear()  # The file may have changed since it was read.
    raise ComponentError(
      f'{label}: is not found by reading the file; write @registry.{self.kind} above its def'
    )

  @property
  def _file_components(self) -> dict[str, Component]:
    return _components_in(self.folder)[self.kind]

  def components(self) -> dict[str, Component]:
    """Returns all components of this kind by name, in alphabetical order.

    Raises:
      ComponentError: An installed package has components that are invalid, or whose name is taken.
    """
    outside.find_packages()
    return dict(sorted(self._known().items()))

  def _known(self) -> dict[str, Component]:
    """Returns components by name, without those of packages that were not looked for yet."""
    runtime = {name: calls.of_function(fn) for name, fn in self._runtime.items()}
    return {**self._file_components, **outside.components(self.kind), **runtime}

  def parse(self, text: str) -> Call:
    """Parses `text` as exactly one component call, such as `hinge(margin=2.0)`.

    Raises:
      UsageError: `text` is not one call, or a name or value in it is wrong.
    """
    found = self.parse_all(text)
    if len(found) != 1:
      raise UsageError(f'one {self.kind} is needed, got {len(found)}')
    return found[0]

  def parse_all(self, text: str) -> tuple[Call, ...]:
    """Parses `text` as component calls separated by commas; empty text has none.

    Raises:
      UsageError: `text` cannot be read, or a name or value in it is wrong.
    """
    if not text.strip():
      return ()
    try:
      tree = ast.parse(text.strip(), mode='eval').body
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # The last two: nested too deep.
      raise UsageError(f'cannot be read as name(argument=value): {text!r}') from None
    nodes = tree.elts if isinstance(tree, ast.Tuple) else [tree]
    return tuple(self._call_of_node(node) for node in nodes)

  def _call_of_node(self, node: ast.expr) -> Call:
    head = node.func if isinstance(node, ast.Call) else node
    if not isinstance(head, ast.Name):
      raise UsageError(f'a {self.kind} is written name(argument=value), not {ast.unparse(node)!r}')
    components = self._known()
    if head.id not in components:
      components = self.components()
    if head.id not in components:
      raise unknown.error(self.kind, head.id, components, self.advice)
    args: tuple[Any, ...] = ()
    kwargs: dict[str, Any] = {}
    if isinstance(node, ast.Call):
      pairs = [(keyword.arg, keyword.value) for keyword in node.keywords if keyword.arg is not None]
      if len(pairs) < len(node.keywords):
        raise UsageError(f'** is not understood in {ast.unparse(node)!r}')
      args = tuple(calls.read_value(argument) for argument in node.args)
      for name, value in pairs:
        if name in kwargs:
          raise UsageError(f'{self.kind} {head.id!r}: argument {name!r} given twice')
        kwargs[name] = calls.read_value(value)
    try:
      return Call(head.id, components[head.id].bind(args, kwargs))
    except UsageError as error:
      raise UsageError(f'{self.kind} {head.id!r}: {error}') from None

  def function(self, name: str) -> _Function:
    """Returns the function of the component `name`, which must exist; may import its file."""
    if name not in self._runtime and name not in self._file_components:
      outside.load(self.kind, name)
    if name in self._runtime:
      return self._runtime[name]
    return getattr(importlib.import_module(self._file_components[name].module), name)

  def build(
    self: Registry[Callable[_Context, _Made]],
    text: str,
    *context: _Context.args,
    **named: _Context.kwargs,
  ) -> _Made:
    """Builds the one component that `text` names; returns the result of its function.

    Args:
      text: A component call; its arguments are the hyper-parameters.
      *context: Positional arguments that the pipeline supplies.
      **named: Keyword arguments that the pipeline supplies.

    Raises:
      UsageError: `text` is not exactly one valid call.
    """
    return self._call(self.parse(text), *context, **named)

  def build_all(
    self: Registry[Callable[_Context, _Made]],
    text: str,
    *context: _Context.args,
    **named: _Context.kwargs,
  ) -> list[_Made]:
    """Builds all components that `text` names; returns their results in this order.

    Args:
      text: Component calls separated by commas; their arguments are the hyper-parameters.
      *context: Positional arguments that the pipeline supplies to each.
      **named: Keyword arguments that the pipeline supplies to each.

    Raises:
      UsageError: `text` has an invalid call.
    """
    return [self._call(call, *context, **named) for call in self.parse_all(text)]

  def _call(self: Registry[Callable[..., _Made]], call: Call, *context: Any, **named: Any) -> _Made:
    result = self.function(call.name)(*context, **named, **call.arguments)
    if call.name in outside.components(self.kind):
      results.require_type(self.kind, call.name, result, self.function(min(self._file_components)))
    return result


@functools.cache
def _components_in(folder: str) -> dict[str, dict[str, Component]]:
  """Finds all components in the sub-package `folder`, by kind and name."""
  kinds = {one.kind: one.folder for one in ALL}
  return component_files.find_components(_PACKAGE_ROOT, folder, kinds)


# The registries. Each type says which context a component's function gets, ahead of its
# hyper-parameters, and what it returns.
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
tracker: Registry[Callable[Concatenate[TrackedRun, ...], Writer]] = Registry('tracker', 'writers')
extractor: Registry[Callable[Concatenate[ExtractorContext, ...], Extractor]] = Registry(
  'extractor', 'extractors'
)
metric: Registry[_OfFeatures] = Registry('metric', 'metrics')
image_metric: Registry[_OfImages] = Registry('image_metric', 'metrics')
pair_metric: Registry[_OfPairs] = Registry('pair_metric', 'metrics')
generator_metric: Registry[Callable[Concatenate[_Map, _Map, int, int, ...], _Scores]] = Registry(
  'generator_metric', 'evaluation'
)
protocol: Registry[Callable[..., Protocol]] = Registry('protocol', 'evaluation')
anomaly_method: Registry[Callable[Concatenate[AnomalyContext, ...], Detector]] = Registry(
  'anomaly_method', 'anomaly'
)

ALL = tuple(kind for kind in globals().values() if isinstance(kind, Registry))
outside = Outside({kind.kind: kind._known for kind in ALL})
