"""The code that a run is made with: the package's revision, and components of other code.

    revision()                              # 'v0.1.0-3-gafc0cfc1d2e3-dirty'
    components = unreleased(experiment)     # {'loss mine': Source(path, text)}

A released component is known by the version alone. Of every other one, registered by a script or a
notebook, or in a file of the package that was added or edited, a run keeps the source.
"""

from __future__ import annotations

import ast
import base64
from collections.abc import Callable, Iterator
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
from tfgan_pipeline.config.settings import Settings

_PACKAGE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


@dataclasses.dataclass(frozen=True)
class Source:
  """The source of a component.

  Attributes:
    path: The file it is in; '' for a cell of a notebook.
    text: The file, or the function where there is no file; '' where Python knows no source.
    hash: 16 hexadecimal digits of the SHA-256 of the text, or of the byte code without one.
  """

  path: str
  text: str
  hash: str

  def to_dict(self) -> dict[str, str]:
    """Returns what is worth a place in experiment.json."""
    return {'hash': self.hash, **({'path': self.path} if self.path else {})}


def revision() -> str | None:
  """Describes the commit of the package; '-dirty' if a file of it was changed or added since."""
  described = _git('describe', '--always', '--dirty', '--abbrev=12') if _is_tracked() else None
  if described and _changed_files() and not described.endswith('-dirty'):
    described += '-dirty'
  return described


def unreleased(settings: Settings) -> dict[str, Source]:
  """Finds the chosen components, nested ones too, whose code is not that of the released package.

  Args:
    settings: Names components in its fields.

  Returns:
    Sources by kind and name, such as 'loss mine'.
  """
  sources = {}
  for kind, name in _chosen(settings):
    function = kind.function(name)
    module = inspect.getmodule(function)
    path = getattr(module, '__file__', None) or ''
    inside = os.path.abspath(path).startswith(_PACKAGE + os.sep)
    if not inside or os.path.abspath(path) in _changed_files():
      sources[f'{kind.kind} {name}'] = _source_of(function)
  return dict(sorted(sources.items()))


def _chosen(settings: Settings) -> Iterator[tuple[registry.Registry[Any], str]]:
  for field in dataclasses.fields(settings):
    kind = field.metadata['one_of'] or field.metadata['some_of']
    if not kind:
      continue
    for call in kind.parse_all(getattr(settings, field.name)):
      yield kind, call.name
      for name in _names_in(call.arguments.values()):
        yield from ((other, name) for other in registry.ALL if name in other.components())


def _names_in(values: Any) -> Iterator[str]:
  """The words in arguments that are calls or names of components."""
  for value in values:
    if isinstance(value, tuple):
      yield from _names_in(value)
    elif isinstance(value, str):
      try:
        tree = ast.parse(value, mode='eval')
      except (SyntaxError, ValueError):
        continue
      yield from (node.id for node in ast.walk(tree) if isinstance(node, ast.Name))


def _source_of(function: Callable[..., object]) -> Source:
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
  """Whether this package is part of a git checkout, and does not merely lie inside of one."""
  return _git('ls-files', '--error-unmatch', '__init__.py') is not None


@functools.lru_cache  # What was imported stays as it was, too.
def _changed_files() -> frozenset[str]:
  """Absolute paths of the files of this package that differ from its last commit or release."""
  if _is_tracked():
    lines = (_git('status', '--porcelain', '-z', '--untracked-files=all', '.') or '').split('\0')
    top = _git('rev-parse', '--show-toplevel') or ''
    return frozenset(os.path.join(top, line[3:]) for line in lines if line.endswith('.py'))
  try:
    files = importlib.metadata.files('tfgan-pipeline') or []
  except importlib.metadata.PackageNotFoundError:
    files = []
  released = {os.path.abspath(str(file.locate())): file.hash for file in files if file.hash}
  if os.path.join(_PACKAGE, '__init__.py') not in released:
    return frozenset()  # Nobody can tell.
  return frozenset(
    path
    for folder, _, names in os.walk(_PACKAGE)
    for path in (os.path.join(folder, name) for name in names if name.endswith('.py'))
    if path not in released or released[path].value != _record_hash(path)
  )


def _record_hash(path: str) -> str:
  """The SHA-256 of a file as the RECORD of an installed package writes it."""
  with open(path, 'rb') as file:
    digest = hashlib.sha256(file.read()).digest()
  return base64.urlsafe_b64encode(digest).decode().rstrip('=')


def _git(*arguments: str) -> str | None:
  """The output of a git command in the package's folder; None when it fails."""
  try:
    return subprocess.run(
      ['git', '-C', _PACKAGE, *arguments], capture_output=True, text=True, timeout=10, check=True
    ).stdout.strip('\n')
  except (OSError, subprocess.SubprocessError):
    return None
