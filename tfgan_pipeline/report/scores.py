"""Scores of runs: for each definition a chart with floors and intervals, and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.best_of import Cell, Row
from tfgan_pipeline.evaluation.compare import Entry, Table, tables
from tfgan_pipeline.evaluation.differing_fields import Fields, heading, tell_apart
from tfgan_pipeline.metrics.ranking import BESIDE, better, is_detail
from tfgan_pipeline.report.chart import Chart, Series, draw
from tfgan_pipeline.report.numbers import short
from tfgan_pipeline.report.recorded_run import RecordedRun

_FIRST = ('fid', 'psnr')  # Scores by which runs are told from one another, the preferred one first.


@dataclasses.dataclass(frozen=True)
class ScoreTable:
  """Scores of one metric and one definition.

  Attributes:
    metric: Name of the score without its extractor.
    name: Full name of the score, such as 'fid[classifier:digits]'.
    better: 'lower' or 'higher'.
    definition: What tells the definition from others of this score, as a line; '' for the only one.
    rows: Rows by run and step.
    best: The best row.
    levels: Name and value of scores to compare with, such as ('floor', 2.7).
    chart: Chart of the rows, a line for each run; None where no run has several steps.
  """

  metric: str
  name: str
  better: str
  definition: str
  rows: Sequence[Row]
  best: Row
  levels: Sequence[tuple[str, float]]
  chart: Chart | None


def score_tables(runs: Sequence[RecordedRun]) -> list[ScoreTable]:
  """Returns tables of all scores of runs that rank, first those that runs are compared by."""
  entries = [Entry(run.name, record) for run in runs for record in run.scores]
  found = []
  for metric in _metrics(entries):
    try:
      tables_of_metric = tables(entries, [metric], sort='step')
    except UsageError:  # No finite value anywhere.
      continue
    by_name: dict[str, list[Table]] = {}
    for table in tables_of_metric:
      by_name.setdefault(table.names[metric], []).append(table)
    for same in by_name.values():
      # Extractors have names of their own: what else tells definitions of one score apart?
      labels = tell_apart([table.definition for table in same])
      found += [_score_table(*pair) for pair in zip(same, labels)]
  return found


def _score_table(table: Table, label: Fields) -> ScoreTable:
  (metric,) = table.metrics
  name, rows = table.names[metric], table.rows
  levels = _levels([row.cells[metric] for row in rows])
  note = f'{better(metric).capitalize()} is better.'
  if any(row.cells[metric].low is not None for row in rows):
    note += ' Bars are 95 % intervals.'
  if table.optimism:
    note += f' The best of these {len(rows)} flatters by about {short(table.optimism)}.'
  return ScoreTable(
    metric,
    name,
    better(metric),
    heading(label),
    rows,
    min(rows, key=lambda row: row.rank),
    levels,
    _chart(name, metric, rows, levels, note),
  )


@dataclasses.dataclass(frozen=True)
class Best:
  """The best checkpoint of each run, by the score that runs are compared by.

  Attributes:
    table: The table of the score.
    rows: The best row of each run that has one, by the run's name, best run first.
  """

  table: ScoreTable
  rows: Mapping[str, Row]


def best_of_runs(found: Sequence[ScoreTable]) -> Best | None:
  """Returns the best checkpoints by the preferred score, and of it the table of most rows."""
  if not found:
    return None
  place = {metric: number for number, metric in enumerate(_FIRST)}
  table = min(found, key=lambda one: (place.get(one.metric, len(place)), -len(one.rows)))
  rows: dict[str, Row] = {}
  for row in sorted(table.rows, key=lambda row: row.rank):
    rows.setdefault(row.run, row)
  return Best(table, rows)


def _metrics(entries: Sequence[Entry]) -> list[str]:
  """Returns the names of scores that rank and are no detail of another one, FID first."""
  names: dict[str, None] = {}
  for entry in entries:
    stems = {name.split('[')[0] for name in entry.record['scores']}
    for name in entry.record['scores']:
      stem = name.split('[')[0]
      if not is_detail(stem, stems) and _ranks(stem):
        names.setdefault(stem)
  return sorted(names, key=lambda name: name not in _FIRST)


def _ranks(score: str) -> bool:
  try:
    return bool(better(score))
  except UsageError:
    return False


def _levels(cells: Sequence[Cell]) -> list[tuple[str, float]]:
  """Returns scores to compare with, by the ends of their names, where all cells that know agree."""
  values = {end: {cell.beside[end] for cell in cells if end in cell.beside} for end in BESIDE}
  return [(end, value) for end, found in values.items() if len(found) == 1 for value in found]


def _chart(
  title: str,
  metric: str,
  rows: Sequence[Row],
  levels: Sequence[tuple[str, float]],
  note: str,
) -> Chart | None:
  by_run: dict[str, list[Row]] = {}
  for row in rows:
    by_run.setdefault(row.run, []).append(row)
  if max(map(len, by_run.values())) < 2:
    return None
  series = []
  for run, own in by_run.items():
    cells = [row.cells[metric] for row in own]
    ends = [None if c.low is None or c.high is None else (c.low, c.high) for c in cells]
    steps = [row.step or 0 for row in own]
    series.append(Series(run, steps, [cell.value for cell in cells], ends))
  return draw(title, series, levels, note, ratios=True)
