"""Curves of scores in TensorBoard: one for each definition, in which steps only rise.

    curves = Curves(records, run, definition, experiment)
    curves.draw(record, picture)

The first definition that is scored in an evaluation directory has its event files there, each other
one in a folder of its own below. What is drawn follows the score records, whoever wrote them: a
step that is scored late is put in its place, since TensorBoard drops the points of later steps, and
points without a record of the definition, such as those of a former run, are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import itertools
import json
import os
from typing import Any

import numpy as np
from tensorboard.compat.proto import event_pb2

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.evaluation.score_charts import end_tag, has_interval, pages_of
from tfgan_pipeline.metrics.ranking import is_detail
from tfgan_pipeline.runs import event_files
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Record, Records, definition_id
from tfgan_pipeline.writers.groups import is_former, shown_as
from tfgan_pipeline.writers.tensorboard import picture_event, scalar_event, text_event

_PICTURE = 'fakes'
_FLOOR = 'floor'  # Folder, and thereby the name of the second line in a chart.


class Curves:
  """Curves of one definition's scores.

  Args:
    records: The score records that the curves follow, and whose directory has the event files.
    run: The run.
    definition: The definition of the scores.
    experiment: The run's experiment, as recorded.
  """

  def __init__(
    self,
    records: Records,
    run: RunDirectory,
    definition: Mapping[str, Any],
    experiment: Experiment,
  ):
    self._records = records
    self._run_id = run.run_id
    self._definition = dict(definition)
    self._experiment = experiment
    self._files: dict[str, str] = {}  # Event file that this process goes on writing, by folder.

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

    Floors of scores are drawn in a folder of their own, under the tags of the scores, so that they
    are a second line in the same chart. To be called with the sole right to change the records.

    Args:
      record: Record with scores.
      picture: Picture of samples, uint8 [H, W, 1, 3 or 4].
    """
    directory = self.directory
    self._put(directory, _scores, record, picture)
    if _floors(record):
      self._put(os.path.join(directory, _FLOOR), _floors, record)

  def _put(
    self,
    directory: str,
    points_of: Callable[[Record], dict[str, float]],
    record: Record,
    picture: np.ndarray | None = None,
  ) -> None:
    """Puts the points of a record among those that `directory` has, or should have."""
    step = record['step']
    others = {
      other['step']: points_of(other)
      for other in self._records.of(self._run_id, self._definition)
      if 'scores' in other and other['step'] != step and points_of(other)
    }
    drawn = list(event_files.read(directory))
    about = record if picture is not None else None  # Floors stand beside scores, which tell it.
    points = self._events(step, points_of(record), picture, about=None if drawn else about)
    if _are_in_order(drawn, list(others)) and step > max(others, default=-1):
      self._files[directory] = event_files.append(directory, points, self._files.get(directory, ''))
      return
    # Of several pictures of a step, one is another definition's.
    pictures = {key: events for key, events in _pictures(drawn).items() if len(events) == 1}
    first = min([step, *others])
    events = {step: points} | {
      key: self._events(key, values, about=about if key == first else None) + pictures.get(key, [])
      for key, values in others.items()
    }
    ordered = itertools.chain(*(events[key] for key in sorted(events)))
    self._files[directory] = event_files.replace(directory, ordered)

  def _events(
    self,
    step: int,
    points: Mapping[str, float],
    picture: np.ndarray | None = None,
    *,
    about: Record | None,
  ) -> list[event_pb2.Event]:
    """Returns events of points and a picture, and what stands once in a directory.

    Args:
      step: The step of all events.
      points: Values by tag.
      picture: Picture of samples; None for none.
      about: Record with scores of the definition; None if all that stands once was told before.
    """
    events = [scalar_event(step, tag, value) for tag, value in points.items()]
    if about:
      events += pages_of({**about, 'step': step}, self._experiment)
      text = json.dumps(self._definition, indent=2)
      events.append(text_event(step, 'definition', f'```\n{text}\n```'))
    if picture is not None:
      events.append(picture_event(step, _PICTURE, picture))
    return events


def _scores(record: Record) -> dict[str, float]:
  """Returns the scores of a record by tag, details such as deviations in a group of their own."""
  stems = {name.split('[')[0] for name in record['scores']}
  points = {}
  for name, value in record['scores'].items():
    stem = name.split('[')[0]
    if not is_detail(stem, stems):
      points[shown_as(f'scores/{name}')] = value
    elif stem.removesuffix('_floor') == stem or stem.removesuffix('_floor') not in stems:
      points[f'score_details/{name}'] = value
  return points


def _floors(record: Record) -> dict[str, float]:
  """Returns the floors of scores by the tags of the scores.

  The ends of an interval are there at the floor, too, for charts that show a score in its interval.
  """
  points = {}
  for name in record['scores']:
    if (floor := name.replace('[', '_floor[', 1)) in record['scores']:
      ends = [end_tag(name, end) for end in ('low', 'high') if has_interval(record, name)]
      points |= dict.fromkeys([shown_as(f'scores/{name}'), *ends], record['scores'][floor])
  return points


def folder_name(definition: Mapping[str, Any]) -> str:
  """Returns the name of a folder for a definition alone, 'test-average-seed1-0f3c2a97'."""
  split = (definition.get('reference') or {}).get('split')
  seed = definition.get('sample_seed')
  parts = [split, definition.get('weights'), f'seed{seed}', definition_id(dict(definition))[:8]]
  return '-'.join(filter(None, parts))


def _are_in_order(drawn: list[event_pb2.Event], steps: list[int]) -> bool:
  """Returns whether events are of just these steps, rise for each tag, and have today's tags."""
  last: dict[str, int] = {}
  for event in drawn:
    for value in event.summary.value:
      if event.step <= last.get(value.tag, -1) or is_former(value.tag):
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
