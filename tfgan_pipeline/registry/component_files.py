"""Search for components in source files, without importing anything.

Any spelling of a decorator, `@registry.loss`, `@loss` or `@r.loss`, is resolved through the file's
imports and assignments. A decorated object that cannot be a component raises ComponentError instead
of being left out. So does a registry that is called outside a decorator, as `registry.loss(f)`,
because a component registered that way cannot be found by reading the file.
"""

from __future__ import annotations

import ast
import collections
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
import pathlib

from tfgan_pipeline.errors import ComponentError
from tfgan_pipeline.registry import calls
from tfgan_pipeline.registry.calls import Component

_PACKAGE = 'tfgan_pipeline'
_REGISTRY = f'{_PACKAGE}.registry'


def find_components(
  root: pathlib.Path, folder: str, kinds: Mapping[str, str]
) -> dict[str, dict[str, Component]]:
  """Returns the components in the source files of a sub-package, by kind and name.

  Args:
    root: The directory of the package tfgan_pipeline.
    folder: The sub-package to search, with all folders inside it.
    kinds: Kind of component -> sub-package that must hold its components, for all kinds.

  Raises:
    ComponentError: A file is no Python source, or has a component that is invalid, in the wrong
      folder, or registered without a decorator; the message has file and line.
  """
  components: dict[str, dict[str, Component]] = {kind: {} for kind in kinds}
  for path in sorted((root / folder).rglob('*.py')):
    relative = path.relative_to(root)
    if any(part.startswith('.') for part in relative.parts):
      continue  # Hidden files, such as the copies that editors keep.
    module = '.'.join((_PACKAGE, *relative.with_suffix('').parts))
    for kind, component in read_components(path, module, kinds):
      label = f'{component.place}: {kind} {component.name}'
      if kinds[kind] != folder:
        raise ComponentError(f'{label} is searched in {_PACKAGE}/{kinds[kind]} and not here')
      if owner := components[kind].get(component.name):
        raise ComponentError(f'{label}: the name is taken, see {owner.place}')
      components[kind][component.name] = component
  return components


def read_components(
  path: pathlib.Path, module: str, kinds: Collection[str]
) -> Iterator[tuple[str, Component]]:
  """Yields kind and component for each component in one source file.

  Args:
    path: The file.
    module: Dotted name of its module, which ends in '.__init__' for that of a package.
    kinds: All kinds of components.

  Raises:
    ComponentError: The file is no Python source, or has a component that is invalid or registered
      without a decorator; the message has file and line.
  """
  tree = _parse(path)
  if b'registry' not in path.read_bytes():
    return  # Nothing can be registered there; most files are such, and reading trees is slow.
  statements = list(_statements(tree))
  names = _Names(path, module, statements, kinds)
  _refuse_hidden(path, tree, names, kinds)
  for node, kind in _find_decorated(path, statements, names, kinds):
    label = f'{path}:{node.lineno}: {kind} {node.name}'
    if not isinstance(node, ast.FunctionDef):
      raise ComponentError(f'{label} should be a function, made with def')
    if node not in tree.body:
      raise ComponentError(f'{label} should stand at the top level of its file')
    try:
      yield kind, calls.of_source(node, names.module, str(path))
    except ComponentError as error:
      raise ComponentError(f'{label}: {error}') from None


def _parse(path: pathlib.Path) -> ast.Module:
  try:
    return ast.parse(path.read_text(encoding='utf-8'))
  except SyntaxError as error:
    raise ComponentError(f'{path}:{error.lineno}: {error.msg}') from None
  except ValueError as error:  # A wrong encoding, or null bytes.
    raise ComponentError(f'{path}: is no Python source ({error})') from None


def _statements(tree: ast.Module) -> Iterator[ast.AST]:
  """Yields the file and all statements, inner ones last; expressions, most nodes, are left out."""
  nodes: collections.deque[ast.AST] = collections.deque([tree])
  while nodes:
    node = nodes.popleft()
    nodes.extend(child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.expr))
    yield node


class _Names:
  """Resolves the names of a source file to dotted names, from its imports and assignments.

  Attributes:
    module: The dotted name of the file's module.

  Raises:
    ComponentError: A name stands for a registry in one place and for something else in another.
  """

  def __init__(
    self, path: pathlib.Path, module: str, statements: Iterable[ast.AST], kinds: Collection[str]
  ):
    package = module.split('.')[:-1]
    self.module = module.removesuffix('.__init__')
    self._path = path
    self._names: dict[str, str] = {}
    for node in statements:
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
      elif isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value and (name := _target(node)):
        if _is_registry(value := self.resolve(node.value), kinds):
          self._bind(node, name, value)

  def _bind(self, node: ast.stmt, name: str, value: str) -> None:
    first = self._names.setdefault(name, value)
    if first != value and _REGISTRY in f'{first}.{value}':
      raise ComponentError(
        f'{self._path}:{node.lineno}: {name} is {first} and {value}; one name should be one thing'
      )

  def resolve(self, node: ast.AST) -> str:
    """Returns the full dotted name that an expression stands for; '' if it is no name."""
    if isinstance(node, ast.Attribute):
      return f'{self.resolve(node.value)}.{node.attr}'
    return self._names.get(node.id, node.id) if isinstance(node, ast.Name) else ''


def _target(node: ast.AST) -> str:
  """Returns the name that a statement such as `name = value` assigns to; '' for other nodes."""
  if isinstance(node, ast.Assign) and len(node.targets) == 1:
    target = node.targets[0]
  elif isinstance(node, ast.AnnAssign) and node.value:
    target = node.target
  else:
    return ''
  return target.id if isinstance(target, ast.Name) else ''


def _is_registry(name: str, kinds: Collection[str]) -> bool:
  """Returns whether a dotted name is a registry or the module that defines the registries."""
  origin, _, kind = name.rpartition('.')
  return name == _REGISTRY or origin == _REGISTRY and kind in kinds


def _refuse_hidden(
  path: pathlib.Path, tree: ast.Module, names: _Names, kinds: Collection[str]
) -> None:
  """Raises ComponentError for a use of a registry that may register a component unseen."""
  for node, parent in _find_hidden(tree, lambda node: _is_registry(names.resolve(node), kinds)):
    statement = ast.unparse(parent).split('\n')[0]
    raise ComponentError(
      f'{path}:{node.lineno}: a component is written with @registry. and its kind above a def, '
      f'and not as in {statement}'
    )


def _find_hidden(
  parent: ast.AST, is_registry: Callable[[ast.AST], bool], *, importing: bool = True
) -> Iterator[tuple[ast.expr, ast.AST]]:
  """Yields uses of registries that may register a component unseen, each with its parent node.

  Allowed while a file is imported are decorators, attributes such as `registry.loss.build`, and
  assignments of a registry to another name; inside functions, which run later, any use.
  A call by a dotted name, as in `registry.loss(f)`, is never allowed.

  Args:
    parent: The syntax node to search.
    is_registry: Tells whether a node stands for a registry.
    importing: Whether the node runs while its file is imported.
  """
  is_function = isinstance(parent, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
  is_lookup = isinstance(parent, ast.Attribute) and not parent.attr.startswith('__')
  for field, value in ast.iter_fields(parent):
    for node in value if isinstance(value, list) else [value]:
      if not isinstance(node, ast.AST):
        continue
      if field == 'decorator_list' and is_registry(getattr(node, 'func', node)):
        continue  # A visible component, which _find_decorated checks.
      if isinstance(node, ast.expr) and is_registry(node):
        is_dotted_call = field == 'func' and isinstance(node, ast.Attribute)
        if is_dotted_call or importing and not is_lookup and not _target(parent):
          yield node, parent
      runs_later = is_function and field == 'body'
      yield from _find_hidden(node, is_registry, importing=importing and not runs_later)


def _find_decorated(
  path: pathlib.Path, statements: Iterable[ast.AST], names: _Names, kinds: Collection[str]
) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, str]]:
  """Yields each definition with a registry's decorator, and the kind of that registry."""
  for node in statements:
    if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
      continue
    for decorator in node.decorator_list:
      is_call = isinstance(decorator, ast.Call)
      full_name = names.resolve(decorator.func if is_call else decorator)
      if not f'{full_name}.'.startswith(f'{_REGISTRY}.'):
        continue
      label, text = f'{path}:{decorator.lineno}:', f'@{ast.unparse(decorator)}'
      kind = full_name.removeprefix(f'{_REGISTRY}.')
      if kind not in kinds:
        raise ComponentError(f'{label} {text}: no such registry; there are {", ".join(kinds)}')
      if is_call:
        raise ComponentError(f'{label} {text} is written without parentheses')
      yield node, kind
