"""Tables of text, for terminals, READMEs and spreadsheets.

print(table({'run': ['a', 'b'], 'fid': [1.5, None]}, 'markdown'))
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import csv
import io
from typing import Any


def table(columns: Mapping[str, Sequence[Any]], form: str = 'text') -> str:
  """Columns of one length by name, as 'text', 'markdown' or 'csv'.

  None is an empty cell, and a column of these is left out. Numbers have six digits, in csv all.
  """
  show = _short if form != 'csv' else lambda value: '' if value is None else str(value)
  cells = {name: list(map(show, values)) for name, values in columns.items()}
  cells = {name: texts for name, texts in cells.items() if any(texts)}
  lines = [list(cells), *map(list, zip(*cells.values()))]
  if form == 'csv':
    content = io.StringIO()
    csv.writer(content, lineterminator='\n').writerows(lines)
    return content.getvalue().rstrip('\n')
  if form == 'markdown':
    lines.insert(1, ['---'] * len(cells))
    return '\n'.join(f'| {" | ".join(line)} |' for line in lines)
  widths = [max(map(len, texts)) for texts in zip(*lines)]
  return '\n'.join(
    '  '.join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines
  )


def _short(value: Any) -> str:
  if value is None:
    return ''
  return f'{value:.6g}' if isinstance(value, float) else str(value)
