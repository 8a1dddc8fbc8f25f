"""Series in files: npy and npz arrays, and tables of comma-separated values.

groups = read_series('/data/ecg.npy', key='', limit=4e9)    # {'ecg.npy[0]': float64 [T, C], ...}

An array is [N, T] or [N, T, C], N series of T steps in C channels. In one csv file each row is a
series; in a folder each csv file is one, with a row a step and a column a channel, and each npy or
npz file holds series like a single one.
"""

from __future__ import annotations

import csv
import io
import os

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.arrays.array_files import kinds_in, open_array
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files

EXTENSIONS = ('.csv', '.npy', '.npz')


def read_series(path: str, *, key: str, limit: float) -> dict[str, np.ndarray]:
  """Reads all series of a file or folder.

  Args:
    path: A file, or a folder with files in it, folders in it included; may be gs://.
    key: Name of the array in npz files; '' for the only one.
    limit: Bytes of an array beyond which it is not read.

  Returns:
    Series float64 [T, C] by name; series of a folder are in alphabetical order of the files.

  Raises:
    UsageError: There are no such files, they hold no numbers, or series differ in channels.
  """
  is_folder = tf.io.gfile.isdir(path)
  if is_folder:
    names = [
      os.path.relpath(os.path.join(folder, name), path)
      for folder, _, inside in tf.io.gfile.walk(path)
      for name in inside
      if name.lower().endswith(EXTENSIONS)
    ]
    if not names:
      raise UsageError(f"dataset 'series': {path} has no files .csv, .npy or .npz")
  else:
    path, name = os.path.split(path)
    names = [name]
  series: dict[str, np.ndarray] = {}
  for name in sorted(names):
    file = os.path.join(path, name)
    if file.lower().endswith('.csv'):
      table = _table(file)
      parts = {name: table} if is_folder else _rows(name, table[..., np.newaxis])
    else:
      parts = _rows(name, _array(file, key, limit))
    series.update(parts)
  channels = {values.shape[1]: name for name, values in series.items()}
  if len(channels) > 1:
    said = ' and '.join(f'{count} in {name}' for count, name in sorted(channels.items()))
    raise UsageError(f"dataset 'series': {path} has series of several numbers of channels: {said}")
  for name, values in series.items():
    if not np.isfinite(values).all():
      step, channel = np.argwhere(~np.isfinite(values))[0]
      raise UsageError(
        f"dataset 'series': {name} has {values[step, channel]} at step {step}, channel {channel}; "
        'fill gaps, or leave such series out'
      )
  return series


def _rows(name: str, array: np.ndarray) -> dict[str, np.ndarray]:
  return {f'{name}[{number}]': values for number, values in enumerate(array)}


def _array(path: str, key: str, limit: float) -> np.ndarray:
  """Returns an array float64 [N, T, C]."""
  kinds = kinds_in(path)
  if key and key not in kinds or not key and len(kinds) > 1:
    raise UsageError(
      f"dataset 'series': {path} holds {', '.join(kinds) or 'no arrays'}; "
      f'{"name one of these" if key else "choose one by key="}'
    )
  if not kinds:
    raise UsageError(f"dataset 'series': {path} holds no arrays")
  name = key or next(iter(kinds))
  kind = kinds[name]
  if kind.dtype.kind not in 'iuf' or len(kind.shape) not in (2, 3) or 0 in kind.shape:
    raise UsageError(
      f"dataset 'series': {path} holds {kind}, and should hold numbers [n, steps] or "
      '[n, steps, channels]'
    )
  values = np.asarray(open_array(path, name, limit=limit), np.float64)
  return values if values.ndim == 3 else values[..., np.newaxis]


def _table(path: str) -> np.ndarray:
  """Returns the numbers of a csv file, float64 [rows, columns], without a line of names."""
  try:
    text = files.read_bytes(path).decode('utf-8-sig')
  except (FileNotFoundError, tf.errors.NotFoundError):
    raise UsageError(f"dataset 'series': {path}: there is no such file") from None
  except UnicodeDecodeError:
    raise UsageError(f"dataset 'series': {path} is no table of comma-separated values") from None
  lines = [line for line in csv.reader(io.StringIO(text)) if line]
  if lines and not any(map(_is_number, lines[0])):
    lines = lines[1:]
  if not lines:
    raise UsageError(f"dataset 'series': {path} has no numbers")
  for number, line in enumerate(lines, 1):
    wrong = [cell for cell in line if cell.strip() and not _is_number(cell)]
    if wrong or len(line) != len(lines[0]):
      what = (
        f'{wrong[0]!r} is no number' if wrong else f'{len(line)} columns, others {len(lines[0])}'
      )
      raise UsageError(f"dataset 'series': {path}, row {number}: {what}")
  return np.array([[float(cell) if cell.strip() else np.nan for cell in line] for line in lines])


def _is_number(text: str) -> bool:
  try:
    float(text)
  except ValueError:
    return False
  return True
