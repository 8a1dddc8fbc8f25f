"""Tables of records of tfgan-anomaly; those of different protocols are refused."""

from __future__ import annotations

import json
import os
from typing import Any

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files

RECORD = 'anomaly.json'
_SHOWN = ('method', 'normal', 'step', 'pictures', 'auroc', 'low', 'high', 'average_precision')


def read_records(paths: str) -> dict[str, dict[str, Any]]:
  """Returns records of tfgan-anomaly by path.

  Args:
    paths: Paths of anomaly.json, or of folders that have one, separated by commas, with *, ? and
      [...] as in a shell.

  Raises:
    UsageError: A path names nothing, or something else; or protocols differ.
  """
  records: dict[str, dict[str, Any]] = {}
  for text in filter(None, (part.strip() for part in paths.split(','))):
    found = files.matches(text) if set('*?[') & set(text) else [text]
    found = [os.path.join(path, RECORD) if files.is_folder(path) else path for path in found]
    found = [path for path in found if files.exists(path)]
    if not found:
      raise UsageError(f'--compare={text}: no {RECORD} there')
    for path in found:
      records[path] = _read(path)
  if not records:
    raise UsageError(f'--compare={paths}: name folders that have an {RECORD}')
  first, *others = records.items()
  for path, record in others:
    if record['protocol'] != first[1]['protocol']:
      raise UsageError(
        f'--compare: {first[0]} is of {first[1]["protocol"]} and {path} of {record["protocol"]}; '
        'scores of different protocols cannot be compared'
      )
  return records


def _read(path: str) -> dict[str, Any]:
  try:
    record = json.loads(files.read_text(path))
    if {'protocol', 'method', 'normal_classes'} <= set(record):
      return record
  except (json.JSONDecodeError, TypeError, IsADirectoryError):
    pass
  raise UsageError(f'--compare={path}: is no record of tfgan-anomaly')


def table(records: dict[str, dict[str, Any]]) -> str:
  """Returns a table as text, a row for each record by falling AUROC."""
  from tabulate import tabulate

  ordered = sorted(records.values(), key=lambda record: -record.get('auroc', 0))
  rows = [
    [
      record['method'],
      ','.join(record['normal_classes']),
      record['step'],
      record['pictures'],
      *(
        None if record.get(name) is None else f'{record[name]:.3f}'
        for name in ('auroc', 'auroc_low', 'auroc_high', 'average_precision')
      ),
    ]
    for record in ordered
  ]
  return tabulate(rows, _SHOWN, disable_numparse=True)
