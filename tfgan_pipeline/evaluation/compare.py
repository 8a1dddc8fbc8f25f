"""Ranks scores of one definition, and says of others in what their definitions differ.

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
  """A record and where it comes from.

  Attributes:
    run: What it is a score of, for the table.
    file: The file it was read from, for messages.
    record: The record.
  """

  run: str
  file: str
  record: Record


@dataclasses.dataclass(frozen=True)
class Row:
  """One checkpoint.

  Attributes:
    run: As in its entries.
    step: Of the checkpoint; None for a folder of images.
    score: Full name of the score.
    value: The score, the mean over seeds where there are several.
    low, high: 95 % interval; None when nothing is known of it.
    seeds: How many sets of samples were scored.
    floor: What a perfect generator would score, for a Frechet distance.
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
  """Rows best first, one per run and step.

  Several sets of samples of one checkpoint (other seeds, otherwise one definition) are one row,
  with Student's 95 % interval of their mean. A single one has the interval its record gives, as
  `<metric>_low` and `<metric>_high`, if it does.

  Args:
    entries: Any order; those without this score are left out.
    metric: A score's name, with its extractor or without: 'fid', 'fid[inception]'.
    best_of_run: Whether to keep each run's best row only.

  Raises:
    UsageError: The metric has no direction, no record has it, or two records are not comparable:
      the fields of their definitions that differ are named.
  """
  lower = better(metric) == 'lower'
  found = [(name, entry) for entry in entries for name in _names(entry.record, metric)]
  if not found:
    raise UsageError(f'--metric={metric}: in none of these records')
  first_name, first = found[0]
  groups: dict[tuple[str, int | None], dict[object, tuple[str, Record]]] = {}
  for name, entry in found:
    fields = differences(first.record, first_name, entry.record, name)
    if fields:
      raise UsageError(f'not comparable: {"; ".join(fields)} ({first.file}, {entry.file})')
    key = (entry.run, entry.record.get('step'))
    # A seed scored twice is one score; a record with an interval counts more than a later one.
    seed = entry.record['definition'].get('sample_seed')
    group = groups.setdefault(key, {})
    if seed not in group or _beside(name, 'low') in entry.record['scores']:
      group[seed] = name, entry.record
  rows = [_row(run, step, list(records.values())) for (run, step), records in groups.items()]
  rows.sort(key=lambda row: row.value if lower else -row.value)
  if best_of_run:
    best: dict[str, Row] = {}
    for row in rows:
      best.setdefault(row.run, row)
    rows = list(best.values())
  return rows


def differences(one: Record, score: str, other: Record, other_score: str) -> list[str]:
  """The fields in which the definitions of two scores differ, with both values; [] if they compare.

  A field is written with dots, `extractor.fingerprint: a1 and b2`.
  """
  ids = [
    record.get('score_ids', {}).get(name) for record, name in ((one, score), (other, other_score))
  ]
  if ids[0] and ids[0] == ids[1]:
    return []
  first, second = _flat(one['definition']), _flat(other['definition'])
  names = [
    name for name in {**first, **second} if first.get(name, 'absent') != second.get(name, 'absent')
  ]
  # Other seeds compare; so do other metrics beside this one, unless nothing else tells them apart.
  names = [name for name in names if name != 'sample_seed']
  names = [name for name in names if name not in OTHER_SCORES] or names
  return [f'{name}: {first.get(name, "absent")} and {second.get(name, "absent")}' for name in names]


def as_table(rows: Sequence[Row], form: str) -> str:
  """Rows as 'text', 'markdown' or 'csv', with a column only where there is something to say.

  Numbers have six digits, in csv all.
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
  # A run may be called 1e5, which is no number.
  tablefmt = {'text': 'plain', 'markdown': 'github'}[form]
  return tabulate(digits, headers='keys', tablefmt=tablefmt, disable_numparse=True)


def _names(record: Record, metric: str) -> list[str]:
  """The finite scores that go by this name."""
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
    quantile = special.stdtrit(len(values) - 1, 0.975)  # Of Student's t.
    half = quantile * statistics.stdev(values) / math.sqrt(len(values))
    low, high = mean - half, mean + half
  else:
    low, high = (record['scores'].get(_beside(score, end)) for end in ('low', 'high'))
  floor = record['scores'].get(_beside(score, 'floor'))
  return Row(run, step, score, mean, low, high, len(values), floor)


def _beside(score: str, suffix: str) -> str:
  """'fid[inception]', 'low' -> 'fid_low[inception]'."""
  stem, bracket, extractor = score.partition('[')
  return f'{stem}_{suffix}{bracket}{extractor}'


def _flat(definition: dict[str, Any], prefix: str = '') -> dict[str, Any]:
  flat = {}
  for key, value in definition.items():
    if isinstance(value, dict):
      flat.update(_flat(value, f'{prefix}{key}.'))
    else:
      flat[prefix + key] = value
  return flat
