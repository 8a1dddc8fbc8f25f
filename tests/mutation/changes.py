"""Small changes to a source file: an operator, a comparison, a constant, a sign.

    for change in changes_of(source):
      change.apply(source)        # The source with that one change.

Left alone is what no test should hold on to: annotations, decorators, messages, logging, and the
defaults of dataclass fields that are None.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
import dataclasses

_OPERATORS: dict[type, tuple[str, str]] = {
  ast.Add: ('+', '-'),
  ast.Sub: ('-', '+'),
  ast.Mult: ('*', '/'),
  ast.Div: ('/', '*'),
  ast.FloorDiv: ('//', '*'),
  ast.Mod: ('%', '//'),
  ast.Pow: ('**', '*'),
  ast.Lt: ('<', '<='),
  ast.LtE: ('<=', '<'),
  ast.Gt: ('>', '>='),
  ast.GtE: ('>=', '>'),
  ast.Eq: ('==', '!='),
  ast.NotEq: ('!=', '=='),
  ast.And: ('and', 'or'),
  ast.Or: ('or', 'and'),
}
_TOLD = {'warning', 'info', 'error', 'UsageError', 'ValueError', 'ComponentError', 'first_line'}


@dataclasses.dataclass(frozen=True)
class Change:
  """A replacement of the characters from `start` to `end`.

  Attributes:
    line: The number of the line, from 1.
    start: Offset of the first character that is replaced.
    end: Offset behind the last one.
    new: What is put there.
  """

  line: int
  start: int
  end: int
  new: str

  def apply(self, source: str) -> str:
    """Returns the source with this change."""
    return source[: self.start] + self.new + source[self.end :]


def changes_of(source: str) -> list[Change]:
  """Lists the changes that can be made to a source, in order."""
  lines = source.splitlines(keepends=True)
  starts = [0]
  for line in lines:
    starts.append(starts[-1] + len(line))

  def offset(line: int, column: int) -> int:
    """Converts a position of ast, in UTF-8 bytes of a line, into one in the source."""
    return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

  def span(node: ast.expr) -> tuple[int, int]:
    return offset(node.lineno, node.col_offset), offset(node.end_lineno, node.end_col_offset)

  def between(left: ast.expr, right: ast.expr, kind: ast.AST) -> Change | None:
    old, new = _OPERATORS.get(type(kind), ('', ''))
    first, last = span(left)[1], span(right)[0]
    at = source.find(old, first, last) if old else -1
    return Change(left.end_lineno, at, at + len(old), new) if at >= 0 else None

  found: list[Change | None] = []
  for node in _code(ast.parse(source)):
    if isinstance(node, (ast.BinOp, ast.AugAssign)):
      pair = (node.left, node.right) if isinstance(node, ast.BinOp) else (node.target, node.value)
      found.append(between(*pair, node.op))
    elif isinstance(node, ast.Compare):
      for left, kind, right in zip([node.left, *node.comparators], node.ops, node.comparators):
        found.append(between(left, right, kind))
    elif isinstance(node, ast.BoolOp):
      for left, right in zip(node.values, node.values[1:]):
        found.append(between(left, right, node.op))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not)):
      start, word = span(node)[0], 'not' if isinstance(node.op, ast.Not) else '-'
      found.append(Change(node.lineno, start, start + len(word), ' ' * len(word)))
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float, bool):
      start, end = span(node)
      new = not node.value if isinstance(node.value, bool) else _other(node.value)
      found.append(Change(node.lineno, start, end, str(new)))
  return sorted(filter(None, found), key=lambda change: change.start)


def _other(number: float) -> float:
  """A value near a number: one more of an integer, half as much again of a fraction."""
  return number + 1 if isinstance(number, int) or not number else number * 1.5


def _code(tree: ast.AST) -> Iterator[ast.AST]:
  """Walks the nodes of a tree that may be changed."""
  for node in ast.iter_child_nodes(tree):
    if node in getattr(tree, 'decorator_list', ()):  # Of a method.
      continue
    if isinstance(node, (ast.JoinedStr, ast.Raise, ast.Assert)):
      continue
    if isinstance(node, ast.Call):
      name = getattr(node.func, 'attr', getattr(node.func, 'id', ''))
      if name in _TOLD:
        continue
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
      for part in [getattr(node, 'args', None), *node.body]:
        if part is not None:
          yield from _code_of(part)
      continue
    if isinstance(node, ast.arg):
      continue  # An annotation.
    if isinstance(node, ast.AnnAssign):
      if node.value is not None:
        yield from _code_of(node.value)
      continue
    yield from _code_of(node)


def _code_of(node: ast.AST) -> Iterator[ast.AST]:
  yield node
  yield from _code(node)
