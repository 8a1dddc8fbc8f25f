"""Tables of scores: one for each definition, since only scores of one definition are comparable.

for table in tables(entries, ['fid', 'kid'], where=['weights=average']):
  print(table.definition, table.rows[0].run)         # best first
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
import dataclasses
import itertools
import json
import math
import re
from typing import Any

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.best_of import Cell, Row, best_of_each_run, cell_of, optimism
from tfgan_pipeline.evaluation.differing_fields import Fields, tell_apart, text_of
from tfgan_pipeline.evaluation.over_seeds import Training, average_over_seeds
from tfgan_pipeline.metrics.ranking import better
from tfgan_pipeline.runs.score_records import OTHER_SCORES, Record

SEED = 'sample_seed'


@dataclasses.dataclass(frozen=True)
class Entry:
  """A score record and its origin.

  Attributes:
    run: The name of the run or image folder that was scored, for the table.
    record: The record.
  """

  run: str
  record: Record


@dataclasses.dataclass(frozen=True)
class Table:
  """Scores of one definition.

  Attributes:
    definition: The fields in which the tables' definitions differ, by dotted name; {} for the only
      table.
    metrics: The metrics as they were asked for; the first one ranks.
    names: Full name of each metric's score, such as 'fid[inception]', by metric.
    rows: The rows in the order to show.
    optimism: Amount by which the first of all rows is flattered for being the best of them; None
      if unknown.
  """

  definition: Fields
  metrics: Sequence[str]
  names: Mapping[str, str]
  rows: Sequence[Row]
  optimism: float | None = None


def tables(
  entries: Iterable[Entry],
  metrics: Sequence[str],
  *,
  where: Sequence[str] = (),
  sort: str = 'rank',
  best_of_run: bool = False,
  trainings: Mapping[str, Training] | None = None,
) -> list[Table]:
  """Returns a table for each definition; rows are of one run and step.

  Sample sets of one checkpoint that differ in nothing but the seed share a row, with Student's 95 %
  interval of their mean. The cell of a single set takes the interval from the `<metric>_low` and
  `<metric>_high` of its record, if there are any.

  Args:
    entries: Records in any order; those without any of the scores are left out.
    metrics: Names of scores, with or without extractor: 'fid', 'fid[inception]'. The first ranks.
    where: Conditions `field=value` on definitions, as of --where; all must hold.
    sort: 'rank' for the best row first, or 'step' for the rows by run and step.
    best_of_run: Whether to keep only the best row of each run.
    trainings: Trainings by run, to make one row of runs that differ in the seed alone; records of
      other runs are left out. By default each run has its own rows.

  Raises:
    UsageError: A metric does not rank or is in no record, or no record meets the conditions.
  """
  try:
    directions = {metric: better(metric) for metric in metrics}
  except UsageError as error:
    raise UsageError(f'--metric={error}') from None
  if trainings is not None:
    entries = [e for e in entries if e.run in trainings and trainings[e.run].has(e.record)]
  entries = _select(list(entries), where)
  scored = [(entry, names) for entry in entries if (names := _names(entry.record, metrics))]
  for metric in metrics:
    if not any(metric in names for _, names in scored):
      raise UsageError(f'--metric={metric}: in none of these records')
  has_extractor = any('[' in name for _, names in scored for name in names.values())
  settings: dict[str, list[tuple[Entry, dict[str, str]]]] = {}
  for entry, names in scored:
    setting = _setting(entry.record['definition'], has_extractor)
    settings.setdefault(json.dumps(setting, sort_keys=True), []).append((entry, names))
  found, facts = [], []
  for group in settings.values():
    measurements = _measurements(group)
    # Two measurements of one metric, fid(ddof=0) and fid(ddof=1), are of two tables.
    for choice in itertools.product(*(measurements[metric].values() or [[]] for metric in metrics)):
      members = dict(zip(metrics, choice))
      found.append(_table(members, directions, sort, best_of_run, trainings))
      facts.append(_facts(members, has_extractor))
  labels = tell_apart(facts, last=lambda name: name in OTHER_SCORES or 'fingerprint' in name)
  return [dataclasses.replace(table, definition=label) for table, label in zip(found, labels)]


_Member = tuple[Entry, str]  # A record and the full name of the score.


def _names(record: Record, metrics: Sequence[str]) -> dict[str, str]:
  """Returns the full name of the finite score in a record that each metric stands for."""
  names: dict[str, str] = {}
  for name, value in record['scores'].items():
    for metric in metrics:
      if metric in (name, name.split('[')[0]) and value is not None and math.isfinite(value):
        names.setdefault(metric, name)
  return names


def _select(entries: list[Entry], where: Sequence[str]) -> list[Entry]:
  """Returns the entries that meet all conditions; raises UsageError when none does."""
  flat = [(entry, flatten(entry.record['definition'])) for entry in entries]
  known = dict.fromkeys(name for _, fields in flat for name in fields)
  for condition in _conditions(where, known):
    field, equals, wanted = condition.partition('=')
    if not equals or field not in known:
      raise UsageError(
        f'--where={condition}: should be field=value, of the fields {", ".join(known)}'
      )
    values = dict.fromkeys(text_of(fields, field) for _, fields in flat)
    flat = [pair for pair in flat if text_of(pair[1], field) == wanted]
    if not flat:
      raise UsageError(f'--where={condition}: no such record; there are {", ".join(values)}')
  return [entry for entry, _ in flat]


def _conditions(where: Sequence[str], known: Iterable[str]) -> list[str]:
  """Splits 'a=1,b=2' at commas before names of fields; values may have commas of their own."""
  before_field = r',\s*(?=(?:' + '|'.join(map(re.escape, known)) + r')=)'
  return [part.strip() for text in where for part in re.split(before_field, text)]


def _setting(definition: Mapping[str, Any], has_extractor: bool) -> Fields:
  """Returns what must be equal in records that share a table, whatever else they measured."""
  left_out = {*OTHER_SCORES, SEED, *(() if has_extractor else ('extractor',))}
  return flatten({key: value for key, value in definition.items() if key not in left_out})


def _measurements(
  group: Sequence[tuple[Entry, dict[str, str]]],
) -> dict[str, dict[str, list[_Member]]]:
  """Returns the members of a setting by metric and by an id that comparable scores share.

  Records of earlier versions have no ids: such a score gets that of a record with equal metrics.
  """
  ids: dict[tuple[str, str], str] = {}
  for entry, names in group:
    for name in names.values():
      if found := entry.record.get('score_ids', {}).get(name):
        ids.setdefault((name, _others(entry)), found)
  measurements: dict[str, dict[str, list[_Member]]] = collections.defaultdict(dict)
  for entry, names in group:
    for metric, name in names.items():
      found = entry.record.get('score_ids', {}).get(name) or ids.get(
        (name, _others(entry)), _others(entry)
      )
      measurements[metric].setdefault(found, []).append((entry, name))
  return measurements


def _others(entry: Entry) -> str:
  """Returns the fields of a definition that a setting leaves out, but for the seed, as a text."""
  definition = entry.record['definition']
  return json.dumps({name: definition.get(name) for name in OTHER_SCORES})


def _table(
  members: Mapping[str, list[_Member]],
  directions: Mapping[str, str],
  sort: str,
  best_of_run: bool,
  trainings: Mapping[str, Training] | None,
) -> Table:
  """Returns the table of one choice of measurements; `members` are those of each metric."""
  cells: dict[tuple[str, int | None], dict[str, Cell]] = {}
  for metric, found in members.items():
    groups: dict[tuple[str, int | None], list[tuple[str, Record]]] = {}
    for entry, name in found:
      groups.setdefault((entry.run, entry.record.get('step')), []).append((name, entry.record))
    for key, records in groups.items():
      cells.setdefault(key, {})[metric] = cell_of(records)
  metrics = list(members)
  first = next(metric for metric in metrics if members[metric])
  is_lower_better = directions[first] == 'lower'
  rows = [Row(run, step, found) for (run, step), found in cells.items()]
  rows = _ranked(rows, first, is_lower_better)
  if best_of_run:
    rows = best_of_each_run(rows, first)
  if trainings is not None:
    rows = _ranked(average_over_seeds(rows, trainings), first, is_lower_better)
  if sort == 'step':
    rows.sort(key=lambda row: (row.run, -1 if row.step is None else row.step))
  names = {metric: found[0][1] for metric, found in members.items() if found}
  return Table({}, metrics, names, rows, optimism([row.cells.get(first) for row in rows]))


def _ranked(rows: Iterable[Row], metric: str, is_lower_better: bool) -> list[Row]:
  """Returns rows with their ranks, best first; those without a score of the metric come last."""
  sign = 1 if is_lower_better else -1
  ordered = sorted(
    rows, key=lambda row: sign * row.cells[metric].value if metric in row.cells else math.inf
  )
  return [dataclasses.replace(row, rank=number) for number, row in enumerate(ordered, 1)]


def _facts(members: Mapping[str, list[_Member]], has_extractor: bool) -> Fields:
  """Returns the setting of a table's records, and then what else they measured."""
  definition = next(found[0][0] for found in members.values() if found).record['definition']
  others = {name: definition[name] for name in OTHER_SCORES if definition.get(name)}
  return _setting(definition, has_extractor) | others


def flatten(definition: Mapping[str, Any], prefix: str = '') -> Fields:
  """Flattens a nested dictionary: {'a': {'b': 1}} -> {'a.b': 1}."""
  fields = {}
  for key, value in definition.items():
    if isinstance(value, Mapping):
      fields.update(flatten(value, f'{prefix}{key}.'))
    else:
      fields[prefix + key] = value
  return fields
