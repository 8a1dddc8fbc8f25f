"""Functions that score the checkpoints of one or many runs, as tfgan-evaluate does.

for record in watch_runs('/tmp/runs/*', EvaluationOptions(metrics='fid'), also=['raw']):
  ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import functools
import logging
import re
from typing import Any

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.data_of_run import data_of_run
from tfgan_pipeline.data.dataset import DataOptions, Dataset, load_dataset
from tfgan_pipeline.errors import Interrupted, UsageError, is_there_another
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.notices import Notices
from tfgan_pipeline.evaluation.open_run import Scorers, open_run
from tfgan_pipeline.evaluation.score_checkpoint import score_checkpoint
from tfgan_pipeline.evaluation.stop_when import StopWhen
from tfgan_pipeline.evaluation.watcher import told, watch
from tfgan_pipeline.runs.directory import RunDirectory, find_runs, is_many, require_runs
from tfgan_pipeline.runs.score_records import Record

_log = logging.getLogger(__name__)


def score_runs(
  model_dirs: str,
  options: EvaluationOptions,
  *,
  step: Step = None,
  also: Sequence[str] = (),
  strategy: tf.distribute.Strategy | None = None,
  **places: Any,
) -> Iterator[Record]:
  """Scores one checkpoint of each run; yields a record for each kind of samples.

  One of several runs that cannot be scored is left out with a warning.

  Args:
    model_dirs: Paths of runs, separated by commas, with *, ? and [...] as in a shell.
    options: What to measure.
    step: Step of the checkpoint, 'best' or 'best:METRIC'; by default each run's newest.
    also: Further kinds of samples to score: any of 'raw', 'batch' and 'standing', see
      EvaluationOptions.variant.
    strategy: Strategy whose replicas generate samples and extract features; None takes one device.
    places: Fields of the experiment, such as data_dir, that replace the recorded ones.

  Raises:
    UsageError: A path or pattern names no run, or the only run cannot be scored.
    Exception: The first error, other than a UsageError, that made a run be left out; raised after
      all other runs are scored.
  """
  scorers, load = Scorers(strategy), functools.cache(load_dataset)
  first_error: Exception | None = None
  for path in require_runs(model_dirs):
    try:
      yield from score_checkpoint(
        *_read(path, places, load), options, also, step=step, scorers=scorers
      )
    except Interrupted:
      raise
    except Exception as error:
      if not is_many(model_dirs):
        raise
      _log.warning('%s is left out: %s', path, told(error))
      if not isinstance(error, UsageError):
        first_error = first_error or error
  if first_error:
    raise first_error


def _read(
  path: str, places: Mapping[str, Any], load: Callable[[str, DataOptions], Dataset]
) -> tuple[RunDirectory, Experiment, Dataset]:
  """Reads a run's experiment and loads its data, which may have moved since it was recorded.

  Args:
    path: The model_dir of the run.
    places: Fields of the experiment that replace the recorded ones.
    load: Loads a data set; cached, so that runs on equal data share one object.
  """
  run = RunDirectory(path)
  experiment = run.find_data(run.read_experiment(model_dir=path, **places))
  return run, experiment, data_of_run(run, experiment, load=load)


def watch_runs(
  model_dirs: str,
  options: EvaluationOptions,
  *,
  also: Sequence[str] = (),
  timeout_seconds: float = 0,
  stop_after: int = 0,
  stop_when: str = '',
  strategy: tf.distribute.Strategy | None = None,
  **places: Any,
) -> Iterator[Record]:
  """Scores all checkpoints of all runs, future ones included, until all runs are done.

  Yields a record for each checkpoint and kind of samples. One of several runs that cannot be scored
  is left out with a warning.

  Args:
    model_dirs: Paths of runs, separated by commas, with *, ? and [...] as in a shell.
    options: What to measure.
    also: Further kinds of samples to score: any of 'raw', 'batch' and 'standing', see
      EvaluationOptions.variant.
    timeout_seconds: Ends when nothing new has appeared for that long; 0 waits for ever.
    stop_after: Ends after that many checkpoints; 0 sets no limit.
    stop_when: Sentence such as 'fid has not improved for 10 evaluations', upon which the trainer of
      a run is asked to stop; '' for none.
    strategy: Strategy whose replicas generate samples and extract features; None takes one device.
    places: Fields of the experiment, such as data_dir, that replace the recorded ones.

  Raises:
    UsageError: No run appeared in time, the only run cannot be scored, or `stop_when` is no such
      sentence.
    Unreachable: The runs could not be listed in time.
    Exception: The error that made a run be left out; raised after all other runs are scored.
  """
  scorers, load = Scorers(strategy), functools.cache(load_dataset)

  rule = StopWhen(stop_when, may_ask=not options.eval_dir)

  def open_evaluators(path: str) -> list[Evaluator]:
    try:
      evaluators = open_run(*_read(path, places, load), options, also, scorers=scorers)
      rule.check(evaluator.scorer for evaluator in evaluators)
      return evaluators
    except UsageError as error:
      if not is_many(model_dirs):
        raise
      _log.warning('%s is left out: %s', path, error)
      return []

  yield from watch(
    lambda: find_runs(model_dirs),
    open_evaluators,
    where=f'{model_dirs}: no experiment.json is there yet{_near(model_dirs)}',
    on_record=rule.consider,
    notify=Notices().tell,
    timeout_seconds=timeout_seconds,
    stop_after=stop_after,
  )


def _near(model_dirs: str) -> str:
  """Returns '; did you mean /tmp/runs?' for what lies where one path, or a pattern, goes astray."""
  return is_there_another(re.split(r'/[^/]*[*?[]', model_dirs)[0]) if ',' not in model_dirs else ''
