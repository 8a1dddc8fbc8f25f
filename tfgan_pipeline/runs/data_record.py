"""The data that a run recorded, held against the data that is there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs.directory import RunDirectory


class Data(Protocol):
  """Part of data.dataset.Dataset that tells whether a run was trained on the data set."""

  @property
  def name(self) -> str: ...

  @property
  def fingerprint(self) -> str: ...

  @property
  def former_fingerprint(self) -> str: ...

  @property
  def num_classes(self) -> int: ...

  @property
  def splits(self) -> Mapping[str, Any]: ...


def was_trained_on(run: RunDirectory, dataset: Data) -> bool:
  """Returns whether `dataset` has the content and as many classes as the run recorded."""
  record = run.read_record()['dataset']
  fingerprint, sizes = record['fingerprint'], record.get('splits')
  if record.get('num_classes', dataset.num_classes) != dataset.num_classes:
    return False
  return dataset.fingerprint == fingerprint or (
    # Sizes first, since a former fingerprint takes a pass over all pixels.
    sizes == {name: split.size for name, split in dataset.splits.items()}
    and dataset.former_fingerprint == fingerprint
  )


def check_data(run: RunDirectory, dataset: Data) -> None:
  """Raises UsageError if the run was trained on other data than `dataset`."""
  if not was_trained_on(run, dataset):
    record = run.read_record()['dataset']
    raise UsageError(
      f'--data_dir: {dataset.name} there has fingerprint {dataset.fingerprint} and '
      f'{dataset.num_classes} classes, the run in {run.path} was trained on '
      f'{record["fingerprint"]} with {record.get("num_classes", 0)}'
    )
