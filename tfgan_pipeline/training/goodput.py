"""Goodput of a run: the share of its time in which steps were made that counted, over restarts.

goodput = Goodput(since)
with goodput.spent('saves'):
  ...
goodput.begin(run, step)          # Reads what earlier sessions left.
goodput.write(run, step)          # At each save: train/goodput.jsonl, a line per session.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import contextlib
import json
import os
import time
from typing import Any

from tfgan_pipeline.runs import atomic_files
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.history import read_lines

# 'start' is all before the first call to the device, 'compile' that call, 'input' the opening of
# the data and what it reads ahead, 'saves' the time that saves, curves and samples hold up steps.
PARTS = ('start', 'compile', 'input', 'saves', 'steps')


class Goodput:
  """Seconds of a process that trains, by what they were spent on.

  Args:
    since: When the process began, in seconds by `time.monotonic()`.
  """

  def __init__(self, since: float):
    self._since = since
    self._seconds = dict.fromkeys(PARTS, 0.0)
    self._earlier: list[dict[str, Any]] = []
    self._session: dict[str, Any] | None = None

  @contextlib.contextmanager
  def spent(self, part: str) -> Iterator[None]:
    """Adds the seconds of the block to one of PARTS."""
    begun = time.monotonic()
    try:
      yield
    finally:
      self._seconds[part] += time.monotonic() - begun

  def begin(self, run: RunDirectory, step: int) -> None:
    """Notes the step at which this process begins, and how much an earlier one made in vain.

    What comes after the last save of a process that was killed is lost, and no line counts its
    time: it is known by the lines that the process has logged, which in a bucket are those of
    saves. Lost, too, are saved steps that are made again, as after a damaged checkpoint. To be
    called before the lines are removed.
    """
    if self._session is not None:  # A rollback, or another call of the same process.
      return
    self._seconds['start'] = time.monotonic() - self._since
    self._earlier = read(run)
    logged = (line.get('step', 0) for line in read_lines(os.path.join(run.train, 'train.jsonl')))
    last = self._earlier[-1] if self._earlier else {}
    saved = max(step, last.get('step', 0))
    unsaved, again = max(0, max(logged, default=0) - saved), saved - step
    made = last.get('step', 0) - last.get('first_step', 0)
    rate = last['seconds']['steps'] / made if made > 0 else 0.0
    self._session = {
      'first_step': step,
      'lost_steps': unsaved + again,
      'unsaved_seconds': round(unsaved * rate, 3),
      'lost_seconds': round((unsaved + again) * rate, 3),
    }

  def write(self, run: RunDirectory, step: int) -> None:
    """Writes the lines of all processes so far, the present one having reached `step`."""
    lines = [json.dumps(session) + '\n' for session in [*self._earlier, self.record(step)]]
    atomic_files.write(_path(run), ''.join(lines), durable=False)

  def record(self, step: int) -> dict[str, Any]:
    """Returns the line of the present process once `step` is reached.

    Its keys are first_step and step; lost_steps and lost_seconds, which an earlier process made in
    vain, and unsaved_seconds, the part of these that no line counts; total, the seconds since the
    process began, and seconds, those spent on each of PARTS.
    """
    seconds = {part: round(value, 3) for part, value in self._seconds.items()}
    total = round(time.monotonic() - self._since, 3)
    return {**(self._session or {}), 'step': step, 'total': total, 'seconds': seconds}

  def told(self, step: int) -> str:
    """Returns the goodput up to `step` in one line, over all sessions of the run."""
    sessions = [*self._earlier, self.record(step)]
    total, share = tally(sessions)
    spent = {part: sum(session['seconds'][part] for session in sessions) for part in PARTS[:-1]}
    lost = sum(session.get('lost_seconds', 0.0) for session in sessions)
    parts = ', '.join(f'{part} {value:.0f} s' for part, value in spent.items())
    count = f'{len(sessions)} sessions' if len(sessions) > 1 else '1 session'
    return f'goodput {share:.0%} of {total:.0f} s in {count}: {parts}, lost to kills {lost:.0f} s'


def read(run: RunDirectory) -> list[dict[str, Any]]:
  """Returns the lines of train/goodput.jsonl, see Goodput.record; [] without any."""
  lines = read_lines(_path(run))
  return [
    line
    for line in lines
    if isinstance(line.get('total'), (int, float))
    and isinstance(line.get('seconds'), dict)
    and 'steps' in line['seconds']
  ]


def tally(sessions: Sequence[Mapping[str, Any]]) -> tuple[float, float]:
  """Returns the seconds of a run by its lines, and the share spent on steps that count."""
  unsaved = sum(session.get('unsaved_seconds', 0.0) for session in sessions)
  lost = sum(session.get('lost_seconds', 0.0) for session in sessions)
  total = sum(session['total'] for session in sessions) + unsaved
  steps = sum(session['seconds']['steps'] for session in sessions) + unsaved
  return total, max(0.0, steps - lost) / total if total else 0.0


def _path(run: RunDirectory) -> str:
  return os.path.join(run.train, 'goodput.jsonl')
