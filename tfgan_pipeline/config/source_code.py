"""The code that a run uses: the revision of this package, and source of unreleased components.

    revision()                              # 'v0.1.0-3-gafc0cfc1d2e3-dirty'
    components = unreleased(experiment)     # {'loss mine': Source(path, text)}

The version identifies released components. For all others, those that a script or notebook
registers and those in added or edited files of this package, a run keeps the source.
"""

from __future__ import annotations

import ast
import base64
from collections.abc import Callable, Iterator, Mapping
import dataclasses
import functools
import hashlib
import importlib.metadata
import inspect
import marshal
import os
import subprocess
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.config.function_source import source_of
from tfgan_pipeline.config.settings import Settings

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclasses.dataclass(frozen=True)
class Source:
  """The source of a component.

  Attributes:
    path: File with the component; '' for a cell of a notebook.
    text: Content of the file, or of the function if there is no file; '' if Python has no source.
    hash: First 16 hexadecimal digits of the SHA-256 of `text`, or of the byte code if it is empty.
    module: Dotted name of the installed module with the component, which another machine may have
      at another path; '' for a file or the running program.
  """

  path: str
  text: str
  hash: str
  module: str = ''

  def to_dict(self) -> dict[str, str]:
    """Returns hash and, where there are any, path and module, as experiment.json records them."""
    places = {'path': self.path, 'module': self.module}
    return {'hash': self.hash, **{name: place for name, place in places.items() if place}}


_given: dict[str, Source] = {}  # Functions of the running program, by name.


def revision() -> str | None:
  """Returns `git describe` of this package, with '-dirty' if files differ; None outside git."""
  description = _git('describe', '--always', '--dirty', '--abbrev=12') if _is_tracked() else None
  if description and _changed_files() and not description.endswith('-dirty'):
    description += '-dirty'
  return description


def read_function(function: Callable[..., Any], params: Mapping[str, Any]) -> Source:
  """Returns the source of a function of the running program, see function_source.py.

  Args:
    function: The function.
    params: Value of its argument `params`, if it has one.
  """
  text = source_of(function, params)
  return Source('', text, hashlib.sha256(text.encode()).hexdigest()[:16])


def add_function(name: str, source: Source) -> None:
  """Makes a function known whose name components have as an argument: runs with it keep `source`.

  A function of this name that was known before is forgotten.
  """
  _given[name] = source


def unreleased(settings: Settings) -> dict[str, Source]:
  """Returns the sources of components in `settings` whose code is not in the released package.

  Args:
    settings: Settings whose fields name components, which may name others in their arguments.

  Returns:
    Sources by kind and name, such as 'loss mine', sorted; a function that the running program gave
    is of the kind 'function'.
  """
  sources = {}
  for kind, name in _find_components(settings):
    function = kind.function(name)
    module = inspect.getmodule(function)
    path = getattr(module, '__file__', None) or ''
    is_in_package = os.path.abspath(path).startswith(_PACKAGE + os.sep)
    if not is_in_package or os.path.abspath(path) in _changed_files():
      source = _read_source(function)
      module_name = registry.outside.module_of(kind.kind, name)
      sources[f'{kind.kind} {name}'] = dataclasses.replace(source, module=module_name)
  for name in _find_functions(settings):
    sources[f'function {name}'] = _given[name]
  return dict(sorted(sources.items()))


def _find_components(settings: Settings) -> Iterator[tuple[registry.Registry[Any], str]]:
  """Yields registry and name of each component in `settings`, nested ones included."""
  for field in dataclasses.fields(settings):
    kind = field.metadata['one_of'] or field.metadata['some_of']
    if not kind:
      continue
    for call in kind.parse_all(getattr(settings, field.name)):
      yield kind, call.name
      for name in _find_names(call.arguments.values()):
        yield from ((other, name) for other in registry.ALL if name in other.components())


def _find_functions(settings: Settings) -> Iterator[str]:
  """Yields the functions of the running program that components name in their arguments."""
  for field in dataclasses.fields(settings):
    if kind := field.metadata['one_of'] or field.metadata['some_of']:
      for call in kind.parse_all(getattr(settings, field.name)):
        yield from (name for name in call.arguments.values() if str(name) in _given)


def _find_names(values: Any) -> Iterator[str]:
  """Yields all names in argument values that parse as component strings, however nested."""
  for value in values:
    if isinstance(value, tuple):
      yield from _find_names(value)
    elif isinstance(value, str):
      try:
        tree = ast.parse(value, mode='eval')
      except (SyntaxError, ValueError):
        continue
      yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _read_source(function: Callable[..., object]) -> Source:
  path = os.path.abspath(inspect.getsourcefile(function) or '')
  text = ''
  if os.path.isfile(path):
    with open(path, encoding='utf-8') as file:
      text = file.read()
  else:
    path = ''
    try:
      text = inspect.getsource(function)
    except (OSError, TypeError):
      pass
  content = text.encode() or marshal.dumps(function.__code__)
  return Source(path, text, hashlib.sha256(content).hexdigest()[:16])


def _is_tracked() -> bool:
  """Returns whether git tracks this package, which may merely lie inside another checkout."""
  return _git('ls-files', '--error-unmatch', '__init__.py') is not None


@functools.lru_cache  # Once per process: imported code stays the same when its file changes.
def _changed_files() -> frozenset[str]:
  """Returns absolute paths of the package's files that differ from its last commit or release."""
  if _is_tracked():
    lines = (_git('status', '--porcelain', '-z', '--untracked-files=all', '.') or '').split('\0')
    top = _git('rev-parse', '--show-toplevel') or ''
    return frozenset(os.path.join(top, line[3:]) for line in lines if line.endswith('.py'))
  try:
    files = importlib.metadata.files('tfgan-pipeline') or []
  except importlib.metadata.PackageNotFoundError:
    files = []
  hashes = {os.path.abspath(str(file.locate())): file.hash for file in files if file.hash}
  if os.path.join(_PACKAGE, '__init__.py') not in hashes:
    return frozenset()  # Without a record of installed files, changes cannot be detected.
  return frozenset(
    path
    for folder, _, names in os.walk(_PACKAGE)
    for path in (os.path.join(folder, name) for name in names if name.endswith('.py'))
    if path not in hashes or hashes[path].value != _record_hash(path)
  )


def _record_hash(path: str) -> str:
  """Returns the SHA-256 of a file in the format of an installed package's RECORD (PEP 376)."""
  with open(path, 'rb') as file:
    digest = hashlib.sha256(file.read()).digest()
  return base64.urlsafe_b64encode(digest).decode().rstrip('=')


def _git(*arguments: str) -> str | None:
  """Returns the output of a git command run in the package's folder; None when it fails."""
  try:
    return subprocess.run(
      ['git', '-C', _PACKAGE, *arguments], capture_output=True, text=True, timeout=10, check=True
    ).stdout.strip('\n')
  except (OSError, subprocess.SubprocessError):
    return None
