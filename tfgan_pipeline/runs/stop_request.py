"""Requests of evaluators to the trainer of a run to stop: the file STOP_REQUEST of the run.

A request is for the run's present length. It stands, also when the same command is given again,
until a larger --max_steps overrules it.
"""

from __future__ import annotations

import json
import os
from typing import Any

from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.directory import RunDirectory


def _path(run: RunDirectory) -> str:
  return os.path.join(run.path, 'STOP_REQUEST')


def _read(run: RunDirectory) -> dict[str, Any]:
  """Returns the request to the run; {} if there is none, or one to a run that was here before."""
  if not files.exists(_path(run)):
    return {}
  try:
    request = json.loads(files.read_text(_path(run)))
  except (FileNotFoundError, json.JSONDecodeError):
    return {}
  is_of_run = isinstance(request, dict) and request.get('run_id', '') == run.run_id
  return request if is_of_run else {}


def request_stop(run: RunDirectory, why: str) -> None:
  """Asks the trainer of a run to stop at its next save; raises WriteError if that fails."""
  request = {'why': why, 'max_steps': run.read_experiment().max_steps, 'run_id': run.run_id}
  with atomic_files.writing(_path(run)):
    atomic_files.write(_path(run), json.dumps(request) + '\n')


def stop_reason(run: RunDirectory, max_steps: int) -> str:
  """Returns why a run that is to reach `max_steps` was asked to stop; '' if it was not."""
  request = _read(run)
  return request.get('why', '') if request.get('max_steps', 0) >= max_steps else ''


def overruled_above(run: RunDirectory) -> int:
  """Returns the number of steps that `max_steps` has to exceed; 0 if nobody asked for a stop."""
  return _read(run).get('max_steps', 0)


def overrule(run: RunDirectory, step: int, max_steps: int) -> dict[str, Any]:
  """Removes a request that a larger `max_steps` overrules; returns facts for the session."""
  request = _read(run)
  if not request or stop_reason(run, max_steps):
    return {}
  files.remove(_path(run))
  return {'overruled_stop': {'step': step, 'why': request['why']}}


def last_overruled(run: RunDirectory) -> int:
  """Returns the step at which a request was overruled last; -1 for never."""
  sessions = run.read_record().get('sessions', [])
  return max((s['overruled_stop']['step'] for s in sessions if 'overruled_stop' in s), default=-1)
