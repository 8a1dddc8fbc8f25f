"""Means over training seeds: one row for runs whose experiments differ in the seed alone.

trainings = read_trainings([('/tmp/seed0', record), ('/tmp/seed1', other_record)])
tables(entries, ['fid'], trainings=trainings)       # of the module `compare`
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
import dataclasses
import json
import logging
import os
import statistics

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.settings import short_value
from tfgan_pipeline.errors import UsageError, spoken
from tfgan_pipeline.evaluation.best_of import Cell, Row, cell_over
from tfgan_pipeline.evaluation.differing_fields import Fields, heading, tell_apart
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.recorded_changes import recorded_changes
from tfgan_pipeline.runs.score_records import Record

_log = logging.getLogger(__name__)
_DATA = 'data'  # Fingerprint of the training data, beside the fields of an experiment.
_CODE = 'code'  # Hashes of components that are not of the released package.


@dataclasses.dataclass(frozen=True)
class Training:
  """The training of a run, as its experiment.json has it.

  Attributes:
    run_id: The id of the run; '' for a run of version 0.1.0, which has none.
    settings: All that defines the run but its seed: fields of the experiment as a user would type
      them, the run and step that its weights began as, what sessions changed, the fingerprint of
      the data, and hashes of code. Places and the cadence of saving are none of it.
    seed: The seed of the training.
  """

  run_id: str
  settings: Fields
  seed: int

  @property
  def key(self) -> str:
    """Text that is equal for runs that differ in nothing but the seed."""
    return json.dumps(self.settings, sort_keys=True)

  def has(self, record: Record) -> bool:
    """Returns whether a score record is of this run, and not of another one in its directory."""
    return record.get('run_id', '') == self.run_id


def read_trainings(records: Iterable[tuple[str, Record]]) -> dict[str, Training]:
  """Returns the trainings of runs by name, in their order; warns of records that are of no run.

  Args:
    records: Score records, each with the name of what was scored: a model_dir, or anything else.

  Raises:
    UsageError: None of the records is of a run, or an experiment.json cannot be read.
  """
  read: dict[str, Training | None] = {}
  trainings: dict[str, Training] = {}
  strangers: dict[str, None] = {}
  for name, record in records:
    if name not in read:
      read[name] = read_training(name)
    training = read[name]
    if training is not None and training.has(record):
      trainings[name] = training
    else:
      strangers[name] = None
  problem = 'no experiment.json of this run there, so no training seed is known'
  if not trainings:
    raise UsageError(f'--over_seeds: {next(iter(strangers))}: {problem}; name model_dirs of runs')
  for name in strangers:
    _log.warning(spoken('--over_seeds: %s: %s; left out'), name, problem)
  _warn_of_equals(trainings)
  return trainings


def average_over_seeds(rows: Sequence[Row], trainings: Mapping[str, Training]) -> list[Row]:
  """Returns a row for each setting and step, with means over runs; not yet ranked.

  Of runs with equal settings and seed, which are one run to the last bit, the first counts. A
  single run has no interval: that over sample sets says nothing of other seeds.

  Args:
    rows: Rows of single runs; the best of each run are averaged whatever their steps.
    trainings: Trainings by the name of the run, which all rows have.
  """
  place = {name: number for number, name in enumerate(trainings)}
  labels = _labels(trainings)
  groups: dict[tuple[str, int | None], dict[int, Row]] = {}
  for row in sorted(rows, key=lambda row: place[row.run]):
    training = trainings[row.run]
    group = groups.setdefault((training.key, None if row.best_of else row.step), {})
    group.setdefault(training.seed, row)
  return [_mean(list(group.values()), labels[key]) for (key, _), group in groups.items()]


def _mean(rows: list[Row], label: Fields) -> Row:
  """Returns the mean of rows of runs with different seeds."""
  steps = {row.run: row.step for row in rows}
  metrics = dict.fromkeys(metric for row in rows for metric in row.cells)
  amounts = [row.optimism for row in rows]
  return Row(
    heading(label) or _pattern(list(steps)),
    rows[0].step if len(set(steps.values())) == 1 else None,
    {
      metric: _mean_cell([r.cells[metric] for r in rows if metric in r.cells]) for metric in metrics
    },
    best_of=max((row.best_of for row in rows if row.best_of), default=None),
    # Each run was picked from its own checkpoints; the only one of a run was not picked.
    optimism=statistics.fmean(amount or 0 for amount in amounts) if any(amounts) else None,
    settings=label,
    steps=steps,
  )


def _mean_cell(cells: list[Cell]) -> Cell:
  ends = dict.fromkeys(end for cell in cells for end in cell.beside)
  beside = {
    end: statistics.fmean(cell.beside[end] for cell in cells if end in cell.beside) for end in ends
  }
  return cell_over([cell.value for cell in cells], beside)


def _pattern(runs: list[str]) -> str:
  """Returns the beginning that names of runs share, '/tmp/seed*'; a single name as it is."""
  return runs[0] if len(runs) == 1 else os.path.commonprefix(runs) + '*'


def _labels(trainings: Mapping[str, Training]) -> dict[str, Fields]:
  """Returns the settings that tell trainings apart, by the key of the training."""
  settings = {training.key: training.settings for training in trainings.values()}
  found = tell_apart(list(settings.values()), last=is_hash)
  return dict(zip(settings, found))


def is_hash(setting: str) -> bool:
  """Returns whether a setting is a hash, which says less than any other setting that differs."""
  return setting == _DATA or setting.startswith(f'{_CODE}.')


def read_training(name: str) -> Training | None:
  """Returns the training of the run with a name; None if there is no run."""
  try:
    run = RunDirectory(name)
  except UsageError:  # For instance a file.
    return None
  if not run.exists():
    return None
  record = run.read_record()
  experiment = run.read_experiment()
  settings = experiment.defining()
  seed = settings.pop('seed')
  fields = {field.name: field for field in dataclasses.fields(Experiment)}
  settings = {name: short_value(fields[name], value) for name, value in settings.items()}
  data = {_DATA: record['dataset'].get('fingerprint', '')}
  origin = (record.get('sessions') or [{}])[0].get('init_from')
  if origin:  # The run, not the folder, in which it may have moved.
    settings['init_from'] = f'{origin["run_id"]}:{origin["step"]}'
  if changes := recorded_changes(run):
    settings['change'] = json.dumps(changes, sort_keys=True)
  code = {f'{_CODE}.{name}': hash for name, hash in (run.code_of_last_session() or {}).items()}
  return Training(run.run_id, {**settings, **data, **code}, seed)


def _warn_of_equals(trainings: Mapping[str, Training]) -> None:
  first: dict[tuple[str, int], str] = {}
  for name, training in trainings.items():
    same = first.setdefault((training.key, training.seed), name)
    if RunDirectory(same).path != RunDirectory(name).path:
      told = '--over_seeds: %s has the settings and the seed of %s; counts once'
      _log.warning(spoken(told), name, same)
