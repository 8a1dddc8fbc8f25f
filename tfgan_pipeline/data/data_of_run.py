"""The data of a run that exists, read by the rules that it began with.

dataset = data_of_run('image_folder(size=64)', options, run.was_trained_on)
"""

from __future__ import annotations

from collections.abc import Callable
import dataclasses
import logging

from tfgan_pipeline.data.dataset import DataOptions, Dataset, load_dataset
from tfgan_pipeline.errors import UsageError

_log = logging.getLogger(__name__)


def data_of_run(
  text: str,
  options: DataOptions,
  was_trained_on: Callable[[Dataset], bool],
  *,
  load: Callable[[str, DataOptions], Dataset] = load_dataset,
) -> Dataset:
  """Builds the dataset of a run; by the former rules if these and not today's give the run's data.

  Args:
    text: Call string of the dataset.
    options: Folder of the data, and memory limit.
    was_trained_on: Returns whether a dataset is that of the run.
    load: Builds a dataset from its call string; perhaps cached.

  Returns:
    The dataset that the run was trained on; if the data has changed since, that of today's rules.

  Raises:
    UsageError: The data is missing, or refused by the rules of today and by the former ones.
  """
  error = dataset = None
  try:
    dataset = load(text, options)
    if was_trained_on(dataset):
      return dataset
  except UsageError as refusal:
    error = refusal
  try:
    former = load(text, dataclasses.replace(options, former=True))
  except UsageError:
    former = None
  if former and was_trained_on(former):
    _log.info(
      '%s: read by the rules of the version that began this run; new runs have those of today',
      former.name,
    )
    return former
  if dataset is None:
    raise error or UsageError(f'--dataset={text}: cannot be read')
  return dataset
