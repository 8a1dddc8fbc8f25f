"""`--dataset="attributes('list.csv')"`: pictures with attributes that each has or has not."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import logging

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.data.combined.added_field import AddedField
from tfgan_pipeline.data.combined.attribute_table import read_table
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.fields import ATTRIBUTES, Field, Fields
from tfgan_pipeline.errors import UsageError, listed
from tfgan_pipeline.runs import files

_log = logging.getLogger(__name__)


@registry.dataset
def attributes(
  options: DataOptions,
  *,
  csv: str,
  dataset: str = 'image_folder(64)',
  names: str | tuple[str, ...] = (),
) -> Dataset:
  """Pictures in files with attributes from a table, as CelebA's (Liu et al. 2015): 0 or 1 each.

  The table has commas, semicolons, tabs or spaces; CelebA's list_attr_celeba.txt is one. Its first
  line names the columns. A row names a picture by its path or the end of it, with or without
  extension. Rows without a picture and pictures without a row are left out, and counted in the log.

  Args:
    options: `data_dir` and the memory limit, also for `dataset`.
    csv: Path of the table, below data_dir or absolute; may be gs://.
    dataset: Call string of a dataset of files, such as `image_folder(128)`.
    names: Columns to take, in this order; by default all that hold two values alone.

  Returns:
    The dataset with a field `attributes`, int32 [K] of 0 and 1, whose classes are the names.

  Raises:
    UsageError: The table cannot be read, names no picture or has no such columns; or the dataset
      is not of files.
  """
  try:
    pictures = registry.dataset.build(dataset, options).require_image(dataset)
    table = read_table(files.below(options.data_dir or '', csv))
    columns = (names,) if isinstance(names, str) else names or table.binary
    if not columns:
      raise UsageError(f'{table.path}: no column holds 0 and 1, or -1 and 1, alone')
    if len(set(columns)) < len(columns):
      by_whom = f'names=({", ".join(columns)})' if names else f'{table.path}: {", ".join(columns)}'
      raise UsageError(f'{by_whom}: names a column twice')
    if not names:
      table.warn_of_errors()
    values = np.stack([table.values(name) for name in columns], axis=1)
    paths = [path for split in pictures.splits.values() for path in split.names]
    if len(paths) < sum(split.size for split in pictures.splits.values()):
      raise UsageError(
        f'{dataset}: has no names of files, by which a table could mean its pictures'
      )
    row_of = dict(zip(paths, table.rows_of(paths)))
  except UsageError as error:
    raise UsageError(f"dataset 'attributes': {error}") from None
  _report(paths, row_of)
  splits = {}
  for name, split in pictures.splits.items():
    rows = np.array([row_of[path] for path in split.names])
    members = np.flatnonzero(rows >= 0)
    if len(members):
      splits[name] = AddedField(split, members, ATTRIBUTES, values[rows[members]])
  if 'train' not in splits:
    raise UsageError(f"dataset 'attributes': {table.path}: no row is of a picture in train")
  _warn_of_constants(columns, splits['train'])
  image = dataclasses.replace(pictures.fields['image'], label=ATTRIBUTES)
  field = Field((len(columns),), 'int32', classes=tuple(columns))
  fields = Fields({**pictures.fields, 'image': image, ATTRIBUTES: field})
  return Dataset(pictures.name, fields, splits, notes=pictures.notes)


def _report(paths: Sequence[str], row_of: dict[str, int]) -> None:
  """Warns of pictures that no row is about."""
  alone = [path for path in paths if row_of[path] < 0]
  if alone:
    _log.warning(
      '%d of %d pictures are in no row of the table and are left out: %s',
      *(len(alone), len(paths), listed(alone, 5)),
    )


def _warn_of_constants(columns: Sequence[str], train: AddedField) -> None:
  """Warns of attributes that all training pictures have, or none, which nobody can learn."""
  shares = train.values.mean(axis=0)
  constant = [name for name, share in zip(columns, shares) if share in (0, 1)]
  if constant:
    _log.warning(
      'all training pictures are alike in %s; names= chooses others', ', '.join(constant)
    )
