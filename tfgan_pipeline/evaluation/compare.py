"""Ranks scores of one definition, and names the fields in which other definitions differ.

rows = rank(entries, 'fid')         # best first
print(as_table(rows, 'markdown'))
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import csv
import dataclasses
import io
import math
import statistics
from typing import Any

from scipy import special
from tabulate import tabulate

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.ranking import better
from tfgan_pipeline.runs.score_records import OTHER_SCORES, Record


@dataclasses.dataclass(frozen=True)
class Entry:
  """A score record and its origin.

  Attributes:
    run: The name of the run or image folder that was scored, for the table.
    file: The file that the record was read from, for messages.
    record: The record.
  """

  run: str
  file: str
  record: Record


@dataclasses.dataclass(frozen=True)
class Row:
  """A row of the table: the score of one checkpoint.

  Attributes:
    run: The name of the run or image folder that was scored.
    step: Step of the checkpoint; None for a folder of images.
    score: Full name of the score, such as 'fid[inception]'.
    value: The score; its mean over seeds where there are several.
    low, high: Ends of the 95 % interval; None when unknown.
    seeds: Number of sample sets that were scored.
    floor: The score that a perfect generator would get, for a Frechet distance; else None.
  """

  run: str
  step: int | None
  score: str
  value: float
  low: float | None
  high: float | None
  seeds: int
  floor: float | None


def rank(entries: Iterable[Entry], metric: str, *, best_of_run: bool = False) -> list[Row]:
  """Returns one row per run and step, best first.

  Sample sets of one checkpoint that differ in nothing but the seed share a row, with Student's 95 %
  interval of their mean. The row of a single set takes the interval from the `<metric>_low` and
  `<metric>_high` of its record, if there are any.

  Args:
    entries: Records in any order; those without the score are left out.
    metric: Name of a score, with or without its extractor: 'fid', 'fid[inception]'.
    best_of_run: Whether to keep only the best row of each run.

  Raises:
    UsageError: The metric does not rank, no record has it, or two records are not
      comparable; the message names the fields in which their definitions differ.
  """
  lower_is_better = better(metric) == 'lower'
  matches = [(name, entry) for entry in entries for name in _names(entry.record, metric)]
  if not matches:
    raise UsageError(f'--metric={metric}: in none of these records')
  first_name, first = matches[0]
  groups: dict[tuple[str, int | None], dict[object, tuple[str, Record]]] = {}
  for name, entry in matches:
    fields = differences(first.record, first_name, entry.record, name)
    if fields:
      raise UsageError(f'not comparable: {"; ".join(fields)} ({first.file}, {entry.file})')
    key = (entry.run, entry.record.get('step'))
    # A seed scored twice counts once; of two such records one with an interval is preferred.
    seed = entry.record['definition'].get('sample_seed')
    group = groups.setdefault(key, {})
    if seed not in group or _add_suffix(name, 'low') in entry.record['scores']:
      group[seed] = name, entry.record
  rows = [_row(run, step, list(records.values())) for (run, step), records in groups.items()]
  rows.sort(key=lambda row: row.value if lower_is_better else -row.value)
  if best_of_run:
    best: dict[str, Row] = {}
    for row in rows:
      best.setdefault(row.run, row)
    rows = list(best.values())
  return rows


def differences(one: Record, score: str, other: Record, other_score: str) -> list[str]:
  """Returns the fields in which the definitions of two scores differ; [] for comparable scores.

  Each is a text with both values, such as `extractor.fingerprint: a1 and b2`; dots separate the
  levels of nested fields.

  Args:
    one: The first record.
    score: Name of the score in the first record.
    other: The second record.
    other_score: Name of the score in the second record.
  """
  ids = [
    record.get('score_ids', {}).get(name) for record, name in ((one, score), (other, other_score))
  ]
  if ids[0] and ids[0] == ids[1]:
    return []
  first, second = _flatten(one['definition']), _flatten(other['definition'])
  names = [
    name for name in {**first, **second} if first.get(name, 'absent') != second.get(name, 'absent')
  ]
  # Scores compare across seeds, and whatever other metrics were measured with them. Such fields are
  # named only if no other field explains why the scores differ.
  names = [name for name in names if name != 'sample_seed']
  names = [name for name in names if name not in OTHER_SCORES] or names
  return [f'{name}: {first.get(name, "absent")} and {second.get(name, "absent")}' for name in names]


def as_table(rows: Sequence[Row], form: str) -> str:
  """Formats rows as a table; leaves out columns without a value.

  Args:
    rows: The rows, best first; at least one.
    form: 'text', 'markdown' or 'csv'. Numbers have six significant digits, in 'csv' all digits.
  """
  columns = {
    'rank': range(1, len(rows) + 1),
    'run': [row.run for row in rows],
    'step': [row.step for row in rows],
    rows[0].score: [row.value for row in rows],
    'low': [row.low for row in rows],
    'high': [row.high for row in rows],
    'seeds': [row.seeds for row in rows],
    'floor': [row.floor for row in rows],
  }
  columns = {name: cells for name, cells in columns.items() if set(cells) != {None}}
  if form == 'csv':
    content = io.StringIO()
    csv.writer(content, lineterminator='\n').writerows([list(columns), *zip(*columns.values())])
    return content.getvalue().rstrip('\n')
  digits = {
    name: [f'{cell:.6g}' if isinstance(cell, float) else cell for cell in cells]
    for name, cells in columns.items()
  }
  # tabulate would show a run named 1e5 as the number 100000.
  tablefmt = {'text': 'plain', 'markdown': 'github'}[form]
  return tabulate(digits, headers='keys', tablefmt=tablefmt, disable_numparse=True)


def _names(record: Record, metric: str) -> list[str]:
  """Returns the full names of the finite scores in a record that `metric` stands for."""
  return [
    name
    for name, value in record['scores'].items()
    if metric in (name, name.split('[')[0]) and math.isfinite(value)
  ]


def _row(run: str, step: int | None, records: list[tuple[str, Record]]) -> Row:
  score, record = records[0]
  values = [record['scores'][name] for name, record in records]
  mean = statistics.fmean(values)
  if len(values) > 1:
    quantile = special.stdtrit(len(values) - 1, 0.975)  # Student's t.
    half = quantile * statistics.stdev(values) / math.sqrt(len(values))
    low, high = mean - half, mean + half
  else:
    low, high = (record['scores'].get(_add_suffix(score, end)) for end in ('low', 'high'))
  floor = record['scores'].get(_add_suffix(score, 'floor'))
  return Row(run, step, score, mean, low, high, len(values), floor)


def _add_suffix(score: str, suffix: str) -> str:
  """Adds a suffix to a score's name: 'fid[inception]', 'low' -> 'fid_low[inception]'."""
  stem, bracket, extractor = score.partition('[')
  return f'{stem}_{suffix}{bracket}{extractor}'


def _flatten(definition: dict[str, Any], prefix: str = '') -> dict[str, Any]:
  """Flattens a nested dictionary: {'a': {'b': 1}} -> {'a.b': 1}."""
  fields = {}
  for key, value in definition.items():
    if isinstance(value, dict):
      fields.update(_flatten(value, f'{prefix}{key}.'))
    else:
      fields[prefix + key] = value
  return fields
