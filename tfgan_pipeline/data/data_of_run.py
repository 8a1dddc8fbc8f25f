"""The data of a run that exists, read by the rules that it began with.

dataset = data_of_run(run, experiment)
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import functools
import logging

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import DataOptions, Dataset, load_dataset
from tfgan_pipeline.data.presence import require_data
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs.data_record import check_data, has_form_of, was_trained_on
from tfgan_pipeline.runs.directory import RunDirectory

_log = logging.getLogger(__name__)


def data_of_run(
  run: RunDirectory,
  experiment: Experiment,
  *,
  may_change: bool = False,
  load: Callable[[str, DataOptions], Dataset] = load_dataset,
) -> Dataset:
  """Builds the dataset of a run, which need not exist yet.

  Args:
    run: The directory of the run.
    experiment: The run's experiment, as recorded except for paths.
    may_change: Whether the run may go on with data that has changed: rules by which it has the
      shape and the classes of the run's data are then taken.
    load: Builds a dataset from its call string; perhaps cached.

  Raises:
    UsageError: The data is missing, or refused by the rules of today and by the former ones.
  """
  options = DataOptions(experiment.data_dir, experiment.memory_limit_gb)
  if not run.exists():
    return load(experiment.dataset, options)
  load = functools.cache(load)  # Each way of reading is asked for twice.
  trained = functools.partial(was_trained_on, run)
  dataset = choose_rules(experiment.dataset, options, trained, load=load)
  if may_change and not trained(dataset):
    fits = functools.partial(has_form_of, run)
    return choose_rules(experiment.dataset, options, fits, load=load)
  return dataset


def data_trained_on(run: RunDirectory, experiment: Experiment) -> Dataset:
  """Builds the dataset that a run was trained on, for what learns from it or goes on with it.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded except for paths.

  Raises:
    UsageError: The data is missing, or is not that of the run.
  """
  require_data(experiment.dataset, experiment.data_dir)
  dataset = data_of_run(run, experiment)
  check_data(run, dataset)
  return dataset


def choose_rules(
  text: str,
  options: DataOptions,
  is_right: Callable[[Dataset], bool],
  *,
  load: Callable[[str, DataOptions], Dataset] = load_dataset,
) -> Dataset:
  """Builds a dataset; by the former rules if these and not today's give the right one.

  Args:
    text: Call string of the dataset.
    options: Folder of the data, and memory limit.
    is_right: Returns whether a dataset is that of a run.
    load: Builds a dataset from its call string; perhaps cached.

  Returns:
    The dataset that is right; that of today's rules if none is.

  Raises:
    UsageError: The data is missing, or refused by the rules of today and by the former ones.
  """
  error = dataset = None
  try:
    dataset = load(text, options)
    if is_right(dataset):
      return dataset
  except UsageError as refusal:
    error = refusal
  try:
    former = load(text, dataclasses.replace(options, former=True))
  except UsageError:
    former = None
  if former and is_right(former):
    _log.info(
      '%s: read by the rules of the version that began this run; new runs have those of today',
      former.name,
    )
    return former
  if dataset is None:
    raise error or UsageError(f'--dataset={text}: cannot be read')
  return dataset
