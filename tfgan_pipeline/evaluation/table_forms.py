"""Forms of tables of scores: text, Markdown, CSV and JSON.

print(FORMS['markdown'](tables))
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import csv
import io
import json
from typing import Any

from tfgan_pipeline.evaluation.best_of import Row, with_suffix
from tfgan_pipeline.evaluation.compare import Table
from tfgan_pipeline.evaluation.differing_fields import heading

_CELL = ('low', 'high', 'seeds', 'floor')


def _text(tables: Sequence[Table]) -> str:
  return _headed(tables, 'plain', '{}')


def _markdown(tables: Sequence[Table]) -> str:
  return _headed(tables, 'github', '**{}**\n')


def _csv(tables: Sequence[Table]) -> str:
  """Returns one table of all, with a column for each field in which definitions or runs differ."""
  lines = [
    {**table.definition, **row.settings, **_columns(table)(row)}
    for table in tables
    for row in table.rows
  ]
  columns = _filled(lines)
  content = io.StringIO()
  writer = csv.writer(content, lineterminator='\n')
  writer.writerows([list(columns), *zip(*columns.values())])
  return content.getvalue().rstrip('\n')


def _json(tables: Sequence[Table]) -> str:
  """Returns a JSON list with an object on a line for each row."""
  rows = []
  for table in tables:
    for row in table.rows:
      scores = {}
      for metric, cell in row.cells.items():
        facts = {name: getattr(cell, name) for name in ('value', *_CELL)}
        scores[table.names[metric]] = facts
      about = {'rank': row.rank, 'run': row.run, 'step': row.step, 'scores': scores}
      picked = {'best_of': row.best_of, 'optimism': row.optimism} if row.best_of else {}
      averaged = {'settings': row.settings, 'steps': row.steps} if row.steps else {}
      rows.append(json.dumps({'definition': table.definition, **about, **picked, **averaged}))
  return '[' + ',\n'.join(rows) + ']'


FORMS: Mapping[str, Callable[[Sequence[Table]], str]] = {
  'text': _text,
  'markdown': _markdown,
  'csv': _csv,
  'json': _json,
}


def _headed(tables: Sequence[Table], tablefmt: str, form: str) -> str:
  from tabulate import tabulate

  parts = []
  for table in tables:
    columns = _filled(list(map(_columns(table), table.rows)))
    digits = {
      name: [f'{cell:.6g}' if isinstance(cell, float) else cell for cell in cells]
      for name, cells in columns.items()
    }
    # tabulate would show a run named 1e5 as the number 100000.
    text = tabulate(digits, headers='keys', tablefmt=tablefmt, disable_numparse=True)
    title = heading(table.definition)
    parts.append('\n'.join([form.format(title), text] if title else [text]))
  return '\n\n'.join(parts)


def _columns(table: Table) -> Callable[[Row], dict[str, Any]]:
  """Returns a function from a row of the table to its cells by column; None for an unknown one."""

  def columns(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = {'rank': row.rank, 'run': row.run, 'step': row.step}
    for metric, name in table.names.items():
      cell = row.cells.get(metric)
      found[name] = cell.value if cell else None
      for fact in _CELL:
        # With one metric, columns are called 'low'; with several, 'fid_low[inception]'.
        title = fact if len(table.metrics) == 1 else with_suffix(name, fact)
        found[title] = getattr(cell, fact) if cell else None
    return {**found, 'best of': row.best_of, 'optimism': row.optimism}

  return columns


def _filled(lines: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
  """Returns columns by title, without those that have no value."""
  titles = dict.fromkeys(title for line in lines for title in line)
  columns = {title: [line.get(title) for line in lines] for title in titles}
  return {title: cells for title, cells in columns.items() if any(c is not None for c in cells)}
