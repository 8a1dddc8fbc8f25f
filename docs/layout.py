"""The rooms of the package and what they import; docs/render.py puts both into docs/layout.md."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
import functools
import pathlib

import tables

PACKAGE = pathlib.Path(__file__).parents[1] / 'tfgan_pipeline'


def rooms() -> dict[str, str]:
  """Returns the room's name, of a folder or a module in the root -> what may be in it."""
  paths = [*PACKAGE.glob('*/__init__.py'), *PACKAGE.glob('*.py')]
  texts = {}
  for path in sorted(paths):
    if path != PACKAGE / '__init__.py':
      name = path.parent.name if path.name == '__init__.py' else path.stem
      texts[name] = (ast.get_docstring(ast.parse(path.read_text())) or '').splitlines()[0]
  return texts


def imported(node: ast.AST) -> Iterator[str]:
  """Yields dotted names that code imports when it runs: not those for type checkers alone."""
  if isinstance(node, ast.If) and ast.unparse(node.test) == 'TYPE_CHECKING':
    return
  if isinstance(node, ast.Import):
    yield from (alias.name for alias in node.names)
  elif isinstance(node, ast.ImportFrom):
    yield from (f'{node.module}.{alias.name}' for alias in node.names)
  for child in ast.iter_child_nodes(node):
    yield from imported(child)


def edges(names: Mapping[str, str]) -> dict[str, set[str]]:
  """Returns each room -> the rooms that its files import."""
  result: dict[str, set[str]] = {name: set() for name in names}
  for path in PACKAGE.rglob('*.py'):
    room = path.relative_to(PACKAGE).with_suffix('').parts[0]
    for module in imported(ast.parse(path.read_text())) if room in names else ():
      package, _, rest = module.partition('.')
      other = rest.partition('.')[0]
      if package == PACKAGE.name and other in names and other != room:
        result[room].add(other)
  return result


def drawing(graph: Mapping[str, set[str]]) -> str:
  """Returns a Mermaid graph; an import that follows from two others has no arrow."""

  @functools.cache
  def reached(room: str) -> frozenset[str]:
    return frozenset().union(*({other} | reached(other) for other in graph[room]))

  @functools.cache
  def floor(room: str) -> int:
    return max((floor(other) + 1 for other in graph[room]), default=0)

  lines = ['```mermaid', 'flowchart TD']
  for room in sorted(graph, key=lambda name: (-floor(name), name)):
    for other in sorted(graph[room]):
      if not any(other in reached(between) for between in graph[room] - {other}):
        lines.append(f'  {room} --> {other}')
  return '\n'.join([*lines, '```'])


def rooms_page() -> str:
  """Returns the drawing and the table of rooms as Markdown."""
  names = rooms()
  graph = edges(names)
  columns = {
    'room': [f'`{name}`' for name in names],
    'what may be in it': list(names.values()),
    'imports': [', '.join(sorted(graph[name])) or 'nothing' for name in names],
  }
  return drawing(graph) + '\n\n' + tables.markdown(columns)
