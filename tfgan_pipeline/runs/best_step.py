"""The best checkpoint of a run, by the scores that evaluators have recorded in the run.

best = best_of(run, 'kid')
best.step, best.value
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import logging
import math
import os
import statistics

from tfgan_pipeline.config.chosen_step import Step, best_metric, checked_step, scores_elsewhere
from tfgan_pipeline.errors import UsageError, spoken
from tfgan_pipeline.metrics.ranking import better
from tfgan_pipeline.runs.checkpoints import Checkpoints, format_steps
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Record, find_records_of

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Best:
  """The best of the checkpoints that exist and have scores of one definition.

  Attributes:
    step: Step of the checkpoint.
    score: Full name of the score, such as 'fid[classifier:mnist]'.
    values: The score of each checkpoint, by step; the mean where there are several sample seeds.
    place: Folder of the records in the run, such as 'eval/classifier-10000'.
    definitions: Number of definitions that there were to choose from.
  """

  step: int
  score: str
  values: dict[int, float]
  place: str
  definitions: int

  @property
  def value(self) -> float:
    """The score of the best checkpoint."""
    return self.values[self.step]

  def __str__(self) -> str:
    among = f'of {len(self.values)} scored checkpoints in {self.place}'
    if self.definitions > 1:
      among += f', the definition of most scores among {self.definitions} definitions'
    return f'step {self.step}, {self.score} {self.value:.4g}, best {among}'


def best_of(
  run: RunDirectory,
  metric: str = 'fid',
  flag: str = '--step=best',
  eval_dir: str = '',
  task: str = '',
) -> Best:
  """Returns the best checkpoint of a run by a score.

  Scores of different definitions cannot be compared. Of several definitions, the one by which most
  checkpoints were scored is taken; of equals, the one that scored the newest checkpoint.

  Args:
    run: The run.
    metric: Name of the score, such as 'fid' or, with its extractor, 'fid[inception]'.
    flag: Flag that asks, for messages.
    eval_dir: Folder of --eval_dir that holds scores of the run, too; '' for none.
    task: Name of the task whose scores count, for a game with several; '' for any.

  Raises:
    UsageError: The score does not rank, or no checkpoint that exists has the score.
  """
  try:
    sign = 1 if better(metric) == 'lower' else -1
  except UsageError as error:
    raise UsageError(f'{flag}: {error}') from None
  steps = set(Checkpoints(run.checkpoints).steps())
  groups: dict[str, list[tuple[str, str, Record]]] = {}
  names: set[str] = set()
  for path, records in find_records_of(run, eval_dir).items():
    for record in records:
      if record.get('step') not in steps or not _is_of(record, task):
        continue
      for name, value in record['scores'].items():
        names.add(name.split('[')[0])
        if metric in (name, name.split('[')[0]) and math.isfinite(value):
          found = record.get('score_ids', {}).get(name) or record.get('definition_id', '')
          groups.setdefault(f'{found} {name}', []).append((path, name, record))
  if not groups:
    raise UsageError(f'{flag}: {_way_out(run, metric, sorted(names), eval_dir)}')
  # max takes the first of equals, so the group that got its newest record last goes first.
  chosen = max(
    sorted(groups.values(), key=_age), key=lambda group: len({r['step'] for *_, r in group})
  )
  path, name, _ = chosen[-1]
  by_step: dict[int, list[float]] = {}
  for _, _, record in chosen:
    by_step.setdefault(record['step'], []).append(record['scores'][name])
  values = {step: statistics.fmean(by_step[step]) for step in sorted(by_step)}
  step = min(values, key=lambda step: sign * values[step])
  place = os.path.dirname(path)
  if place.startswith(run.path + os.sep):
    place = os.path.relpath(place, run.path)
  return Best(step, name, values, place, len(groups))


def _is_of(record: Record, task: str) -> bool:
  """Returns whether a record is of a task, or names none, as those of a game with one do."""
  named = record.get('definition', {}).get('task', {}).get('name', task)
  return not task or named == task


def _age(group: Sequence[tuple[str, str, Record]]) -> int:
  """Returns a number that is lower, the later the newest step of a group."""
  return -max(record['step'] for *_, record in group)


def _way_out(run: RunDirectory, metric: str, names: Sequence[str], eval_dir: str) -> str:
  command = f'tfgan-evaluate --model_dir={run.path}' + (eval_dir and f' --eval_dir={eval_dir}')
  if not names:
    elsewhere = '' if eval_dir else f', and --step=best:{metric}@FOLDER reads those of --eval_dir'
    return f'no checkpoint of {run.path} has a score; {command} --watch scores them all{elsewhere}'
  return (
    f'no checkpoint of {run.path} has a score {metric}; {command} --watch --metrics={metric} makes '
    f'it, and recorded are {", ".join(names)}'
  )


def step_of(run: RunDirectory, step: Step, flag: str = '--step', task: str = '') -> int | None:
  """Returns the step that a choice stands for, None for the newest; logs which one is the best.

  Args:
    run: The run.
    step: A step, 'newest' or None, 'best', or 'best:METRIC', perhaps with @FOLDER.
    flag: Flag that gave the choice, for messages.
    task: Name of the task whose scores count; '' for any.

  Raises:
    UsageError: The choice is no such word, or no checkpoint has the score.
  """
  step = checked_step(step, flag)
  metric = best_metric(step)
  if metric is None:
    assert not isinstance(step, str)
    return step
  best = best_of(run, metric, f'{flag}={step}', scores_elsewhere(step), task)
  _log.info('%s: %s', spoken(f'{flag}={step}'), best)
  return best.step


def existing_step(
  run: RunDirectory, step: Step, steps: Sequence[int], *, task: str = ''
) -> int | None:
  """Returns the step of a checkpoint that a choice stands for, None for the newest.

  Args:
    run: The run.
    step: A step, 'newest' or None, 'best', or 'best:METRIC', perhaps with @FOLDER.
    steps: Steps of the checkpoints that there are to choose from.
    task: Name of the task whose scores count; '' for any.

  Raises:
    UsageError: There is no such checkpoint, or none at all.
  """
  if not steps:
    raise UsageError(f'--model_dir={run.path}: no checkpoint there yet')
  chosen = step_of(run, step, task=task)
  if chosen is not None and chosen not in steps:
    raise UsageError(
      f'--step={chosen}: no such checkpoint; there are {format_steps(steps)} in {run.path}'
    )
  return chosen


def tell_if_not_best(run: RunDirectory, step: int, task: str = '') -> None:
  """Logs that a checkpoint, the newest, is not the best by fid, if it is known that it is not."""
  try:
    best = best_of(run, task=task)
  except UsageError:
    return
  if step == best.step:
    return
  own = f'{best.values[step]:.4g}' if step in best.values else 'not scored'
  _log.info(spoken('step %d, the newest, is %s; --step=best is %s'), step, own, best)
