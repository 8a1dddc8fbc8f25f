"""Curves of scores in TensorBoard: one for each definition, in which steps only rise.

    curves = Curves(records, run_id, definition)
    curves.draw(record, picture)

The first definition that is scored in an evaluation directory has its event files there, each other
one in a folder of its own below. What is drawn follows the score records, whoever wrote them: a
step that is scored late is put in its place, since TensorBoard drops the points of later steps, and
points without a record of the definition, such as those of a former run, are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
import itertools
import json
import os
import tempfile
from typing import Any

import numpy as np
from tensorboard.compat.proto import event_pb2

from tfgan_pipeline.runs import event_files
from tfgan_pipeline.runs.score_records import Record, Records, definition_id
from tfgan_pipeline.writers.tensorboard import TensorBoard

_PICTURE = 'fakes'


class Curves:
  """Curves of one definition's scores.

  Args:
    records: The score records that the curves follow, and whose directory has the event files.
    run_id: Id of the run.
    definition: The definition of the scores.
  """

  def __init__(self, records: Records, run_id: str, definition: Mapping[str, Any]):
    self._records = records
    self._run_id = run_id
    self._definition = dict(definition)

  @property
  def directory(self) -> str:
    """Directory of the event files."""
    scored = [
      record
      for record in self._records.read()
      if 'scores' in record and record.get('run_id', '') == self._run_id
    ]
    is_first = not scored or scored[0].get('definition_id') == definition_id(self._definition)
    folder = self._records.directory
    return folder if is_first else os.path.join(folder, folder_name(self._definition))

  def draw(self, record: Record, picture: np.ndarray) -> None:
    """Draws the scores of a record that is not among the others yet, and a picture of samples.

    To be called with the sole right to change the records.

    Args:
      record: Record with scores.
      picture: Picture of samples, uint8 [H, W, 1, 3 or 4].
    """
    directory, step = self.directory, record['step']
    others = {
      other['step']: other
      for other in self._records.of(self._run_id, self._definition)
      if 'scores' in other and other['step'] != step
    }
    points = self._events(record, picture)
    drawn = event_files.read(directory)
    if _are_in_order(drawn, list(others)) and step > max(others, default=-1):
      event_files.append(directory, points)
      return
    events = {other_step: self._events(other) for other_step, other in others.items()}
    for other_step, pictures in _pictures(drawn).items():
      if other_step in events and len(pictures) == 1:  # Of several, one is another definition's.
        events[other_step] += pictures
    events[step] = points
    event_files.replace(directory, itertools.chain(*(events[key] for key in sorted(events))))

  def _events(self, record: Record, picture: np.ndarray | None = None) -> list[event_pb2.Event]:
    with tempfile.TemporaryDirectory() as folder:
      with TensorBoard(folder) as writer:
        # The prefix makes a group of charts of its own.
        scores = {f'scores/{name}': value for name, value in record['scores'].items()}
        writer.scalars(record['step'], scores)
        text = json.dumps(self._definition, indent=2)
        writer.text(record['step'], 'definition', f'```\n{text}\n```')
        if picture is not None:
          writer.picture(record['step'], _PICTURE, picture)
      return event_files.read(folder)


def folder_name(definition: Mapping[str, Any]) -> str:
  """Returns the name of a folder for a definition alone, 'test-average-seed1-0f3c2a97'."""
  split = (definition.get('reference') or {}).get('split')
  seed = definition.get('sample_seed')
  parts = [split, definition.get('weights'), f'seed{seed}', definition_id(dict(definition))[:8]]
  return '-'.join(filter(None, parts))


def _are_in_order(drawn: list[event_pb2.Event], steps: list[int]) -> bool:
  """Returns whether the events are of just these steps, and the steps of each tag rise."""
  last: dict[str, int] = {}
  for event in drawn:
    for value in event.summary.value:
      if event.step <= last.get(value.tag, -1):
        return False
      last[value.tag] = event.step
  return {event.step for event in drawn} == set(steps)


def _pictures(drawn: list[event_pb2.Event]) -> dict[int, list[event_pb2.Event]]:
  """Returns the events with pictures by step."""
  pictures: dict[int, list[event_pb2.Event]] = {}
  for event in drawn:
    if any(value.tag == _PICTURE for value in event.summary.value):
      pictures.setdefault(event.step, []).append(event)
  return pictures
