"""Scores one run or many: what tfgan-evaluate does, as functions.

for record in watch_runs('/tmp/runs/*', EvaluationOptions(metrics='fid'), also=['raw']):
  ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import functools
import logging
from typing import Any

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import DataOptions, Dataset, load_dataset
from tfgan_pipeline.errors import Interrupted, UsageError
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.open_run import Scorers, open_run, score_checkpoint
from tfgan_pipeline.evaluation.watcher import told, watch
from tfgan_pipeline.runs.directory import RunDirectory, find_runs, is_many, require_runs
from tfgan_pipeline.runs.score_records import Record

_log = logging.getLogger(__name__)


def score_runs(
  model_dirs: str,
  options: EvaluationOptions,
  *,
  step: int | None = None,
  also: Sequence[str] = (),
  strategy: tf.distribute.Strategy | None = None,
  **places: Any,
) -> Iterator[Record]:
  """Records of one checkpoint of each run.

  Args:
    model_dirs: One run or several, see runs.directory.find_runs.
    options: What to measure.
    step: Of the checkpoint; by default the newest.
    also: Further kinds of samples, see EvaluationOptions.variant.
    strategy: Whose replicas generate and extract, see replicas.strategies.evaluation_devices.
    places: Fields of the experiment such as data_dir, in place of those recorded.

  Raises:
    UsageError: A path or pattern names no run, or the only one cannot be scored.
    Exception: After all else is scored, the first other error, for which a run had to be left out.
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
  """Reads a run's record and its data, which may be in another place than recorded.

  Args:
    path: model_dir.
    places: Fields of the experiment, in place of those recorded.
    load: Returns the data, and of several runs on it the same.
  """
  run = RunDirectory(path)
  experiment = run.find_data(run.read_experiment(model_dir=path, **places))
  options = DataOptions(experiment.data_dir, experiment.memory_limit_gb)
  return run, experiment, load(experiment.dataset, options)


def watch_runs(
  model_dirs: str,
  options: EvaluationOptions,
  *,
  also: Sequence[str] = (),
  timeout_seconds: float = 0,
  stop_after: int = 0,
  strategy: tf.distribute.Strategy | None = None,
  **places: Any,
) -> Iterator[Record]:
  """Records of all checkpoints of all runs, those too that are yet to come; see watcher.watch.

  Of several runs, one that cannot be scored is left out with a warning.
  """
  scorers, load = Scorers(strategy), functools.cache(load_dataset)

  def evaluators_of(path: str) -> list[Evaluator]:
    try:
      return open_run(*_read(path, places, load), options, also, scorers=scorers)
    except UsageError as error:
      if not is_many(model_dirs):
        raise
      _log.warning('%s is left out: %s', path, error)
      return []

  return watch(
    lambda: find_runs(model_dirs),
    evaluators_of,
    timeout_seconds=timeout_seconds,
    stop_after=stop_after,
  )
