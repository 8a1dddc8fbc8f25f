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
  def fields(self) -> Any: ...

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


def has_form_of(run: RunDirectory, dataset: Data) -> bool:
  """Returns whether `dataset` has the shape and the classes, in their order, of the run's data."""
  return _form(run.read_record()['dataset']) == _form(_record_of(dataset))


def check_data(run: RunDirectory, dataset: Data, *, may_change: bool = False) -> dict[str, Any]:
  """Refuses data that the run was not trained on.

  Args:
    run: The run; need not exist yet.
    dataset: The data that is there.
    may_change: Whether the run may go on with other examples of the same shape and classes.

  Returns:
    Facts on the change, for the record of the session; {} if nothing has changed.

  Raises:
    UsageError: The data has changed, and may not, or its shape or classes have.
  """
  if not run.exists() or was_trained_on(run, dataset):
    return {}
  old, new = run.read_record()['dataset'], _record_of(dataset)
  if not may_change:
    raise UsageError(
      f'--data_dir: {dataset.name} there has fingerprint {dataset.fingerprint} and '
      f'{dataset.num_classes} classes, the run in {run.path} was trained on '
      f'{old["fingerprint"]} with {old.get("num_classes", 0)}; --change=data goes on with the data '
      'that is there'
    )
  if not has_form_of(run, dataset):
    raise UsageError(
      f'--change=data: {dataset.name} there has {_form(new)}, the run in {run.path} was trained '
      f'on {_form(old)}; start a new run'
    )
  facts = ('fingerprint', 'splits')
  return {'changed_data': {name: [old.get(name), new[name]] for name in facts}}


def _record_of(dataset: Data) -> dict[str, Any]:
  """Returns facts on a dataset, as experiment.json has them."""
  return {
    'fingerprint': dataset.fingerprint,
    'num_classes': dataset.num_classes,
    'fields': dataset.fields.to_record(),
    'splits': {name: split.size for name, split in dataset.splits.items()},
  }


def _form(record: Mapping[str, Any]) -> str:
  """Describes the shape and the classes of recorded data, without which networks do not fit."""
  classes = f'{record.get("num_classes", 0)} classes'
  if 'fields' not in record:  # Of the first versions.
    return f'{"x".join(map(str, record["image_shape"]))}, {classes}'
  texts = []
  for name, field in record['fields'].items():
    shape = 'x'.join(map(str, field['shape']))
    words = [name, shape, '/'.join(map(str, field.get('classes', ())))]
    texts.append(' '.join(word for word in words if word))
  return ', '.join(texts)
