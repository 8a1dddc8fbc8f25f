"""scores.jsonl: one line per scored checkpoint, each with the complete definition of its scores."""

from __future__ import annotations

import json
import os
from typing import Any

from tfgan_pipeline.compat import tf
from tfgan_pipeline.evaluation.extractor import digest

Record = dict[str, Any]


def definition_id(definition: dict[str, Any]) -> str:
  """Equal for records whose scores may be compared."""
  return digest(json.dumps(definition, sort_keys=True))


class Records:
  """The records of one evaluation directory.

  Args:
    directory: model_dir/eval/<name>; may not exist yet.
  """

  def __init__(self, directory: str):
    self.directory = directory
    self._path = os.path.join(directory, 'scores.jsonl')

  def read(self) -> list[Record]:
    """All records, oldest first; a line that a crash cut short is left out."""
    records = []
    for line in self._text().splitlines():
      try:
        records.append(json.loads(line))
      except json.JSONDecodeError:
        continue
    return records

  def find(self, step: int, definition: dict[str, Any]) -> Record | None:
    """The record of this checkpoint with this definition: one with scores, or else a failure."""
    wanted = definition_id(definition)
    found = [
      record
      for record in self.read()
      if record['step'] == step and record['definition_id'] == wanted
    ]
    return min(found, key=lambda record: 'error' in record, default=None)

  def append(self, record: Record) -> None:
    tf.io.gfile.makedirs(self.directory)
    cut_short = self._text()[-1:] not in ('', '\n')
    with tf.io.gfile.GFile(self._path, 'a') as file:
      file.write('\n' * cut_short + json.dumps(record) + '\n')

  def _text(self) -> str:
    if not tf.io.gfile.exists(self._path):
      return ''
    with tf.io.gfile.GFile(self._path) as file:
      return file.read()
