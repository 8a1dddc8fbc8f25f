"""Outcome of a sweep: how far its runs are, a table over seeds, a picture, the best run.

outcome = outcome_of(runs, 'fid')
outcome.tables, outcome.best, outcome.picture
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import math
from typing import Any

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.best_of import Row
from tfgan_pipeline.evaluation.compare import Entry, Table, tables
from tfgan_pipeline.evaluation.over_seeds import Training
from tfgan_pipeline.metrics.ranking import better
from tfgan_pipeline.report.chart import Series, draw
from tfgan_pipeline.report.picture import svg
from tfgan_pipeline.runs.score_records import Record, records_of
from tfgan_pipeline.runs.stop_request import stop_reason
from tfgan_pipeline.sweep.halving import key_of
from tfgan_pipeline.sweep.plan import Run

_LINES = 12  # Settings in a picture: the best ones.


@dataclasses.dataclass(frozen=True)
class Outcome:
  """Scores of a sweep.

  Attributes:
    tables: A table for each definition, with a row for each setting, means over its seeds.
    best: The best checkpoint of the first table.
    best_run: Run of the best checkpoint.
    picture: SVG of the score by step, a line for each setting.
  """

  tables: Sequence[Table]
  best: Row
  best_run: Run
  picture: str


def is_done(run: Run, until: int, score: str, eval_dir: str = '') -> bool:
  """Returns whether a run has reached a step, or was asked to stop, and its end has a score.

  Args:
    run: The run.
    until: The step.
    score: Name of the score.
    eval_dir: Folder of --eval_dir.
  """
  directory = run.directory
  if not directory.exists():
    return False
  step = max(directory.saved_steps(), default=-1)
  reached = step >= min(until, run.experiment.max_steps) or bool(stop_reason(directory, until))
  return reached and any(
    record['step'] == step and _has(record, score) for record in records_of(directory, eval_dir)
  )


def means_at(runs: Sequence[Run], step: int, score: str, eval_dir: str = '') -> dict[str, float]:
  """Returns the mean over seeds of each setting's last score up to a step, by `key_of` its runs."""
  entries = []
  for run in runs:
    records = [one for one in _records(run, eval_dir) if one['step'] <= step and _has(one, score)]
    last = max((one['step'] for one in records), default=-1)
    entries += [Entry(run.name, one) for one in records if one['step'] == last]
  if not entries:
    return {}
  keys = {run.name: key_of(run) for run in runs}
  table = tables(entries, [score], best_of_run=True, trainings=_trainings(runs))[0]
  return {keys[next(iter(row.steps))]: row.cells[score].value for row in table.rows}


def outcome_of(runs: Sequence[Run], score: str, eval_dir: str = '') -> Outcome | None:
  """Returns the outcome of runs by a score; None if none of them has it."""
  entries = [Entry(run.name, one) for run in runs for one in _records(run, eval_dir)]
  if not any(_has(entry.record, score) for entry in entries):
    return None
  trainings = _trainings(runs)
  best = tables(entries, [score], best_of_run=True)[0].rows[0]
  by_step = tables(entries, [score], sort='step', trainings=trainings)[0]
  return Outcome(
    tables(entries, [score], best_of_run=True, trainings=trainings),
    best,
    next(run for run in runs if run.name == best.run),
    _picture(by_step, score),
  )


def _records(run: Run, eval_dir: str) -> list[Record]:
  """Returns the score records of the run that is in the folder now."""
  directory = run.directory
  if not directory.exists():
    return []
  run_id = directory.run_id
  return [one for one in records_of(directory, eval_dir) if one.get('run_id', '') == run_id]


def _has(record: Record, score: str) -> bool:
  return any(
    score in (name, name.split('[')[0]) and math.isfinite(value)
    for name, value in record['scores'].items()
  )


def _trainings(runs: Sequence[Run]) -> dict[str, Training]:
  """Returns what tells runs apart: the swept settings alone, also those that define no run."""
  found = {}
  for run in runs:
    if run.directory.exists():
      setting: Mapping[str, Any] = run.setting
      found[run.name] = Training(run.directory.run_id, dict(setting), run.experiment.seed)
  return found


def _picture(table: Table, score: str) -> str:
  """Returns an SVG of mean scores by step, with intervals over seeds and the floor."""
  by_setting: dict[str, list[Row]] = {}
  for row in table.rows:
    by_setting.setdefault(_label(row), []).append(row)
  sign = 1 if better(score) == 'lower' else -1
  order = sorted(
    by_setting, key=lambda name: min(sign * _value(r, score) for r in by_setting[name])
  )
  series = []
  for name in order[:_LINES]:
    rows = sorted(by_setting[name], key=lambda row: row.step or 0)
    cells = [row.cells[score] for row in rows]
    ends = [None if c.low is None or c.high is None else (c.low, c.high) for c in cells]
    series.append(Series(name, [row.step or 0 for row in rows], [c.value for c in cells], ends))
  floors = {row.cells[score].floor for row in table.rows}
  (floor,) = floors if len(floors) == 1 else (None,)
  note = f'{better(score).capitalize()} is better.'
  if any(any(one.ends) for one in series):
    note += ' Means over seeds; bars are 95 % intervals.'
  if len(order) > _LINES:
    note += f' The best {_LINES} of {len(order)} settings.'
  levels = [] if floor is None else [('floor', floor)]
  return svg(draw(table.names[score], series, levels, note, ratios=True))


def _label(row: Row) -> str:
  return ', '.join(f'{name}={value}' for name, value in row.settings.items()) or 'all'


def _value(row: Row, score: str) -> float:
  return row.cells[score].value


def check_score(score: str) -> bool:
  """Returns whether lower values of --best_by=`score` are better; raises UsageError if none are."""
  if not score:
    raise UsageError('--best_by: name the score that settings are compared by, such as fid')
  return better(score) == 'lower'
