"""Finds components by reading the files of a folder, so that nothing has to be imported.

However a file spells the decorator, `@registry.loss`, `@loss` or `@r.loss`, it is resolved through
the file's imports and assignments. What is decorated and can be no component is an error rather
than left out, and so is a registry in a place where reading cannot follow it.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
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
    names = _Names(path, relative, tree, kinds)
    _refuse_hidden(path, tree, names, kinds)
    for node, kind in _decorated(path, tree, names, kinds):
      at = f'{path}:{node.lineno}: {kind} {node.name}'
      if kinds[kind] != folder:
        raise ComponentError(f'{at} is searched in {_PACKAGE}/{kinds[kind]} and not here')
      if not isinstance(node, ast.FunctionDef):
        raise ComponentError(f'{at} should be a function, made with def')
      if node not in tree.body:
        raise ComponentError(f'{at} should stand at the top level of its file')
      if node.name in found[kind]:
        raise ComponentError(f'{at}: the name is taken, see {found[kind][node.name].place}')
      try:
        found[kind][node.name] = calls.of_source(node, names.module, str(path))
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

  Raises:
    ComponentError: A name is a registry here and something else there.
  """

  def __init__(
    self, path: pathlib.Path, relative: pathlib.Path, tree: ast.Module, kinds: Mapping[str, str]
  ):
    *packages, name = relative.with_suffix('').parts
    package = [_PACKAGE, *packages]
    self.module = '.'.join(package if name == '__init__' else [*package, name])
    self._path = path
    self._names: dict[str, str] = {}
    for node in ast.walk(tree):
      if isinstance(node, ast.Import):
        for alias in node.names:
          if alias.asname:
            self._bind(node, alias.asname, alias.name)
      elif isinstance(node, ast.ImportFrom):
        above = package[: len(package) - node.level + 1] if node.level else []
        origin = '.'.join([*above, *filter(None, [node.module])])
        for alias in node.names:
          if (origin, alias.name) == (_REGISTRY, '*'):
            for kind in kinds:
              self._bind(node, kind, f'{_REGISTRY}.{kind}')
          self._bind(node, alias.asname or alias.name, f'{origin}.{alias.name}')
      elif (
        isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value and (name := _assigned(node))
      ):
        if _is_registry(value := self.resolve(node.value), kinds):
          self._bind(node, name, value)

  def _bind(self, node: ast.stmt, name: str, value: str) -> None:
    before = self._names.setdefault(name, value)
    if before != value and _REGISTRY in f'{before}.{value}':
      raise ComponentError(
        f'{self._path}:{node.lineno}: {name} is {before} and {value}; one name should be one thing'
      )

  def resolve(self, node: ast.AST) -> str:
    """The full dotted name that an expression is; empty if it is no name."""
    if isinstance(node, ast.Attribute):
      return f'{self.resolve(node.value)}.{node.attr}'
    return self._names.get(node.id, node.id) if isinstance(node, ast.Name) else ''


def _assigned(node: ast.AST) -> str:
  """The name that a statement such as `name = value` gives to a value; empty for another one."""
  if isinstance(node, ast.Assign) and len(node.targets) == 1:
    target = node.targets[0]
  elif isinstance(node, ast.AnnAssign) and node.value:
    target = node.target
  else:
    return ''
  return target.id if isinstance(target, ast.Name) else ''


def _is_registry(name: str, kinds: Mapping[str, str]) -> bool:
  """Whether a dotted name is one of the registries or the module that has them."""
  origin, _, kind = name.rpartition('.')
  return name == _REGISTRY or origin == _REGISTRY and kind in kinds


def _refuse_hidden(
  path: pathlib.Path, tree: ast.Module, names: _Names, kinds: Mapping[str, str]
) -> None:
  """Raises ComponentError where a registry is used so that reading cannot follow it."""
  for node, parent in _hidden(tree, lambda node: _is_registry(names.resolve(node), kinds)):
    within = ast.unparse(parent).split('\n')[0]
    raise ComponentError(
      f'{path}:{node.lineno}: a component is written with @registry. and its kind above a def, '
      f'and not as in {within}'
    )


def _hidden(
  parent: ast.AST, is_registry: Callable[[ast.AST], bool], *, importing: bool = True
) -> Iterator[tuple[ast.expr, ast.AST]]:
  """Uses of registries, and what they are a part of, that may register a component unseen.

  While a file is imported, a registry may decorate, be asked for what it has, as in
  `registry.loss.build`, and get another name. Calling one, at any time, may not be.
  """
  deferred = isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
  asks = isinstance(parent, ast.Attribute) and not parent.attr.startswith('__')
  for field, value in ast.iter_fields(parent):
    for node in value if isinstance(value, list) else [value]:
      if not isinstance(node, ast.AST):
        continue
      if field == 'decorator_list' and is_registry(getattr(node, 'func', node)):
        continue  # Seen, and for _decorated to judge.
      if isinstance(node, ast.expr) and is_registry(node):
        calls_it = field == 'func' and isinstance(node, ast.Attribute)
        if calls_it or importing and not asks and not _assigned(parent):
          yield node, parent
      later = deferred and field == 'body'
      yield from _hidden(node, is_registry, importing=importing and not later)


def _decorated(
  path: pathlib.Path, tree: ast.Module, names: _Names, kinds: Mapping[str, str]
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, str]]:
  """Definitions with a registry's decorator, and the kind of that registry."""
  for node in ast.walk(tree):
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
      continue
    for decorator in node.decorator_list:
      called = isinstance(decorator, ast.Call)
      resolved = names.resolve(decorator.func if called else decorator)
      if not f'{resolved}.'.startswith(f'{_REGISTRY}.'):
        continue
      at, written = f'{path}:{decorator.lineno}:', f'@{ast.unparse(decorator)}'
      kind = resolved.removeprefix(f'{_REGISTRY}.')
      if kind not in kinds:
        raise ComponentError(f'{at} {written}: no such registry; there are {", ".join(kinds)}')
      if called:
        raise ComponentError(f'{at} {written} is written without parentheses')
      yield node, kind
