"""Losses and scores of a run as columns of numbers.

history = read_history(RunDirectory('/tmp/run'))
history['step'], history['loss/generator'], history['fid[classifier]']      # float64 [rows]
history.to_frame().plot(subplots=True)                                      # with pandas
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
from typing import Any

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import definition_id, find_records

_ROWS = 20  # Shown in a notebook without pandas.


class History(dict[str, np.ndarray]):
  """Columns of a run by name, with a row for each step that has any number.

  'step' is int64 [rows], and rises. All others are float64 [rows], NaN where a step has no such
  number: scalars of training such as 'loss/generator', then scores such as 'fid[classifier]'.
  Where scores of one name are not comparable, having several definitions, the first has the plain
  name, and others have the start of their id behind it.

  Attributes:
    definitions: The definition of the scores in a column, by name of the column.
  """

  definitions: dict[str, dict[str, Any]]

  def to_frame(self) -> Any:
    """Returns the columns as a DataFrame whose index is the step; needs pandas.

    Raises:
      UsageError: pandas is not installed.
    """
    try:
      pandas = importlib.import_module('pandas')
    except ImportError:
      raise UsageError('to_frame: needs pandas; pip install pandas') from None
    return pandas.DataFrame(dict(self)).set_index('step')

  def _repr_html_(self) -> str:
    """Returns the table that a notebook shows."""
    from tabulate import tabulate

    newest = {name: values[-_ROWS:] for name, values in self.items()}
    return tabulate(newest, headers='keys', tablefmt='html', missingval='')


def read_history(run: RunDirectory) -> History:
  """Returns the losses that a run has logged and the scores of its checkpoints.

  Args:
    run: The directory of the run, which need not exist yet.

  Raises:
    Unreachable: The storage does not answer.
  """
  cells: dict[str, dict[int, float]] = {}
  for line in read_lines(os.path.join(run.train, 'train.jsonl')):
    for name, value in line.items() if 'step' in line else ():
      if name != 'step' and isinstance(value, float):
        cells.setdefault(name, {})[line['step']] = value
  definitions = {}
  for column, step, value, definition in _scores(run):
    cells.setdefault(column, {}).setdefault(step, value)
    definitions[column] = definition
  steps = sorted({step for column in cells.values() for step in column})
  history = History(step=np.array(steps, np.int64))
  for name, column in cells.items():
    history[name] = np.array([column.get(step, np.nan) for step in steps], np.float64)
  history.definitions = definitions
  return history


def read_lines(path: str) -> list[dict[str, Any]]:
  """Returns the objects in a file of JSON lines, without a line that is just being written.

  [] where there is no file.
  """
  found: list[Any] = []
  with contextlib.suppress(FileNotFoundError, IsADirectoryError):
    for line in files.read_text(path).splitlines():
      with contextlib.suppress(json.JSONDecodeError):
        found.append(json.loads(line))
  return [line for line in found if isinstance(line, dict)]


def _scores(run: RunDirectory) -> list[tuple[str, int, float, dict[str, Any]]]:
  """Returns (column, step, value, definition) of all scores of a run."""
  try:
    records_by_file = find_records(run.path)
  except UsageError:  # No scores yet.
    return []
  found = []
  plain: dict[str, str] = {}  # The id of the scores that have the plain name.
  paths = sorted(records_by_file, key=os.path.dirname)  # A folder before those named after it.
  records = [record for path in paths for record in records_by_file[path]]
  for record in records:
    definition = record['definition']
    for name, value in record['scores'].items():
      score_id = record.get('score_ids', {}).get(name) or definition_id(definition)
      is_plain = plain.setdefault(name, score_id) == score_id
      column = name if is_plain else f'{name} {score_id[:8]}'
      found.append((column, record['step'], np.nan if value is None else value, definition))
  return found
