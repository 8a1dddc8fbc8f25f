"""Finds components by reading the files of a folder, so that nothing has to be imported.

However a file spells the decorator, `@registry.loss`, `@loss` or `@r.loss`, it is resolved through
the file's imports. What is decorated and can be no component is an error rather than left out.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
import pathlib

from tfgan_pipeline.errors import ComponentError
from tfgan_pipeline.registry import calls
from tfgan_pipeline.registry.calls import Component

_PACKAGE = 'tfgan_pipeline'
_REGISTRY = f'{_PACKAGE}.registry'


def find_components(
  root: pathlib.Path, folder: str, kinds: Mapping[str, str]
) -> dict[str, dict[str, Component]]:
  """Components by kind and name.

  Args:
    root: The directory of this package.
    folder: The sub-package to search, with those inside it.
    kinds: For each kind of component the sub-package in which it is searched.

  Raises:
    ComponentError: With the file, the line, and what is wrong there.
  """
  found: dict[str, dict[str, Component]] = {kind: {} for kind in kinds}
  for path in sorted((root / folder).rglob('*.py')):
    relative = path.relative_to(root)
    if any(part.startswith('.') for part in relative.parts):
      continue  # Copies that editors keep.
    tree = _parse(path)
    names = _Names(relative, tree, kinds)
    for node, kind in _decorated(path, tree, names, kinds):
      at = f'{path}:{node.lineno}: {kind} {node.name}'
      if kinds[kind] != folder:
        raise ComponentError(f'{at} is searched in {_PACKAGE}/{kinds[kind]} and not here')
      if not isinstance(node, ast.FunctionDef):
        raise ComponentError(f'{at} should be a function, made with def')
      if node not in tree.body:
        raise ComponentError(f'{at} should stand at the top level of its file')
      if node.name in found[kind]:
        raise ComponentError(f'{at} is in {found[kind][node.name].module}, too')
      try:
        found[kind][node.name] = calls.of_source(node, names.module)
      except ComponentError as error:
        raise ComponentError(f'{at}: {error}') from None
  return found


def _parse(path: pathlib.Path) -> ast.Module:
  try:
    return ast.parse(path.read_text(encoding='utf-8'))
  except SyntaxError as error:
    raise ComponentError(f'{path}:{error.lineno}: {error.msg}') from None
  except ValueError as error:  # Of its encoding, or null bytes.
    raise ComponentError(f'{path}: is no Python source ({error})') from None


class _Names:
  """Resolves the names of a source file to dotted names, from its imports and assignments.

  Attributes:
    module: The dotted name of the file.
  """

  def __init__(self, path: pathlib.Path, tree: ast.Module, kinds: Mapping[str, str]):
    *packages, name = path.with_suffix('').parts
    package = [_PACKAGE, *packages]
    self.module = '.'.join(package if name == '__init__' else [*package, name])
    self._names: dict[str, str] = {}
    for node in ast.walk(tree):
      if isinstance(node, ast.Import):
        self._names |= {alias.asname: alias.name for alias in node.names if alias.asname}
      elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else []
        origin = '.'.join([*above, *filter(None, [node.module])])
        for alias in node.names:
          if (origin, alias.name) == (_REGISTRY, '*'):
            self._names |= {kind: f'{_REGISTRY}.{kind}' for kind in kinds}
          self._names[alias.asname or alias.name] = f'{origin}.{alias.name}'
      elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
        if self.resolve(node.value).startswith(f'{_REGISTRY}.'):
          self._names[node.targets[0].id] = self.resolve(node.value)

  def resolve(self, node: ast.expr) -> str:
    """The full dotted name that an expression is; empty if it is no name."""
    if isinstance(node, ast.Attribute):
      return f'{self.resolve(node.value)}.{node.attr}'
    return self._names.get(node.id, node.id) if isinstance(node, ast.Name) else ''


def _decorated(
  path: pathlib.Path, tree: ast.Module, names: _Names, kinds: Mapping[str, str]
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, str]]:
  """Definitions with a registry's decorator, and the kind of that registry."""
  for node in ast.walk(tree):
    for decorator in getattr(node, 'decorator_list', ()):
      called = isinstance(decorator, ast.Call)
      origin, _, kind = names.resolve(decorator.func if called else decorator).rpartition('.')
      if origin != _REGISTRY:
        continue
      at, written = f'{path}:{decorator.lineno}:', f'@{ast.unparse(decorator)}'
      if kind not in kinds:
        raise ComponentError(f'{at} {written}: no such registry; there are {", ".join(kinds)}')
      if called:
        raise ComponentError(f'{at} {written} is written without parentheses')
      yield node, kind
