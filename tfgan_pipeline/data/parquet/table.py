"""Tables of pictures in Parquet files: columns, splits and row groups, without the pictures.

    tables = find_tables('/data/cats', '')          # {'train': Table(...), 'test': Table(...)}
    tables['train'].image, tables['train'].label    # names of columns

A picture is the content of a file, in a column of bytes or of {bytes, path}, as Hugging Face's
`datasets` stores its feature Image. A path in such a cell is never opened.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import json
import os
import re
from typing import Any

import numpy as np

from tfgan_pipeline.data.arrays.stored import SPLIT_WORDS
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files

_SPLIT_OF = {word: split for split, words in SPLIT_WORDS.items() for word in words}


@dataclasses.dataclass(frozen=True)
class RowGroup:
  """Consecutive rows of a file that are stored together: the `number`-th group, of `size` rows."""

  path: str
  number: int
  size: int


@dataclasses.dataclass(frozen=True)
class Table:
  """Rows of one split, in files of one schema.

  Attributes:
    groups: Row groups in stored order.
    image: Name of the column of pictures.
    label: Name of the column of labels; '' for none.
    classes: Names of the classes 0, 1, and so on, where the files have them.
    columns: Names and types of all columns, for messages.
  """

  groups: Sequence[RowGroup]
  image: str
  label: str
  classes: tuple[str, ...]
  columns: str

  def labels(self) -> np.ndarray:
    """Reads the labels of all rows, whole numbers or texts [N]."""
    import pyarrow.parquet

    parts = []
    for path in dict.fromkeys(group.path for group in self.groups):
      column = pyarrow.parquet.read_table(path, columns=[self.label])[self.label]
      if column.null_count:
        raise UsageError(f'{path}: {column.null_count} rows have no {self.label}')
      parts.append(np.asarray(column.to_pylist()))
    return np.concatenate(parts)


def find_tables(root: str | None, file: str, image: str = '', label: str = '') -> dict[str, Table]:
  """Returns the tables of a folder by split; 'train' alone where names tell of no splits.

  Args:
    root: Folder of the files, on this machine.
    file: Pattern of files below `root`, such as 'plain_text/*'; '' for all Parquet files.
    image: Name of the column of pictures; '' for the only one.
    label: Name of the column of labels; '' for the class label, or the column 'label', if any.

  Raises:
    UsageError: There are no such files or columns, or files of several data sets; or pyarrow is
      not installed.
  """
  try:
    import pyarrow.parquet  # noqa: F401
  except ImportError:
    raise UsageError("dataset 'parquet' needs pyarrow: pip install pyarrow") from None
  if not root:
    raise UsageError("--data_dir: dataset 'parquet' needs the folder of the files")
  if not files.is_local(root):
    raise UsageError(f'--data_dir={root}: copy the files to a local disk; parquet is read there')
  paths = _paths(root, file)
  by_split: dict[str, list[str]] = {}
  sources = {}
  for path in paths:
    split, source = _split_and_source(os.path.relpath(path, root))
    by_split.setdefault(split or 'train', []).append(path)
    sources[source] = path
  if len(sources) > 1:
    raise UsageError(
      f'--data_dir={root}: holds several data sets, {", ".join(sorted(sources))}; name one, as in '
      f"file='{min(sources)}/*'"
    )
  order = [split for split in SPLIT_WORDS if split in by_split]
  if 'train' not in by_split:
    raise UsageError(f'--data_dir={root}: has {", ".join(order)} and no train among its files')
  return {split: _table(by_split[split], image, label) for split in order}


def _paths(root: str, file: str) -> list[str]:
  pattern = os.path.join(root, file or '**')
  found = [pattern] if os.path.isfile(pattern) else files.matches(pattern)
  if not file or any(os.path.isdir(path) for path in found):
    folders = [root] if not file else [path for path in found if os.path.isdir(path)]
    for folder in folders:
      for inside, _, names in os.walk(folder):
        found += [os.path.join(inside, name) for name in names]
  found = sorted({path for path in found if path.endswith('.parquet') and os.path.isfile(path)})
  if not found:
    raise UsageError(f'--data_dir={root}: no file {file or "*.parquet"} in it')
  return found


def _split_and_source(name: str) -> tuple[str, str]:
  """Returns the split that a relative path tells of, or '', and the path's other folders."""
  *folders, base = name.split(os.sep)
  word = re.split(r'[-_.\d]', base)[0].lower()
  if word in _SPLIT_OF:
    return _SPLIT_OF[word], os.sep.join(folders)
  if folders and folders[-1].lower() in _SPLIT_OF:
    return _SPLIT_OF[folders[-1].lower()], os.sep.join(folders[:-1])
  return '', os.sep.join(folders)


def _table(paths: Sequence[str], image: str, label: str) -> Table:
  import pyarrow.parquet

  groups: list[RowGroup] = []
  schemas = []
  for path in paths:
    try:
      with pyarrow.parquet.ParquetFile(path) as file:
        sizes = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
        schemas.append(file.schema_arrow)
    except (OSError, pyarrow.ArrowException) as error:
      reason = str(error).split('\n')[0]
      raise UsageError(f'{path}: cannot be read as Parquet ({reason})') from None
    if schemas[-1].names != schemas[0].names:
      raise UsageError(f'{path}: has other columns than {paths[0]}; file= names those of one kind')
    groups += [RowGroup(path, i, size) for i, size in enumerate(sizes) if size]
  if not groups:
    raise UsageError(f'{paths[0]}: holds no rows')
  schema, features = schemas[0], _hub_features(schemas[0])
  columns = ', '.join(f'{field.name} ({_type_text(field.type)})' for field in schema)
  image = _choose_image(paths[0], schema, features, image, columns)
  label = _choose_label(paths[0], schema, features, label, columns)
  names = features.get(label, {}).get('names', ()) if label else ()
  return Table(groups, image, label, tuple(map(str, names)), columns)


def _hub_features(schema: Any) -> Mapping[str, Mapping[str, Any]]:
  """Returns the features by column that Hugging Face's `datasets` notes in a file, or {}."""
  try:
    note = json.loads((schema.metadata or {}).get(b'huggingface', b'{}'))
    features = note['info']['features']
    return {key: value for key, value in features.items() if isinstance(value, dict)}
  except (ValueError, KeyError, TypeError, AttributeError):
    return {}


def _holds_files(kind: Any) -> bool:
  """Returns whether a column of an Arrow type may hold contents of files."""
  import pyarrow

  if pyarrow.types.is_struct(kind):
    return kind.get_field_index('bytes') >= 0
  return pyarrow.types.is_binary(kind) or pyarrow.types.is_large_binary(kind)


def _type_text(kind: Any) -> str:
  text = str(kind)
  return text if len(text) <= 40 else f'{text[:37]}...'


def _choose_image(
  path: str, schema: Any, features: Mapping[str, Any], image: str, columns: str
) -> str:
  found = [field.name for field in schema if _holds_files(field.type)]
  noted = [name for name in found if features.get(name, {}).get('_type') == 'Image']
  if image:
    if image not in found:
      raise UsageError(
        f'{path}: image={image} is no column of pictures, as bytes; it has {columns}'
      )
    return image
  candidates = noted if len(noted) == 1 else found
  if len(candidates) != 1:
    number = 'several columns' if candidates else 'no column'
    raise UsageError(f'{path}: {number} of pictures as bytes; it has {columns}; image= names one')
  return candidates[0]


def _choose_label(
  path: str, schema: Any, features: Mapping[str, Any], label: str, columns: str
) -> str:
  import pyarrow

  def is_label(name: str) -> bool:
    kind = schema.field(name).type
    return pyarrow.types.is_integer(kind) or pyarrow.types.is_string(kind)

  if label:
    if label not in schema.names or not is_label(label):
      raise UsageError(f'{path}: label={label} is no column of labels; it has {columns}')
    return label
  noted = [name for name in schema.names if features.get(name, {}).get('_type') == 'ClassLabel']
  preferred = [name for name in ('label', 'labels') if name in schema.names and is_label(name)]
  return next(iter([name for name in preferred if name in noted] + noted + preferred), '')
