"""Goodput of a run: what its time went into, or else its images per second by session.

rates_of(run), goodput_of(run)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import contextlib
import dataclasses
import os
import statistics
import struct
import time
from typing import Any

from tensorboard.compat.proto import event_pb2
from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c
from tensorboard.util import tensor_util

from tfgan_pipeline.report.recorded_run import RecordedRun
from tfgan_pipeline.runs import files
from tfgan_pipeline.training import goodput

_RATE = 'images_per_second'
_SCALARS = 2**16  # Bytes of an event; larger ones hold pictures, which are not looked at.
_HEAD, _TAIL = struct.Struct('<QI'), struct.Struct('<I')  # Length and its checksum; a checksum.


@dataclasses.dataclass(frozen=True)
class Rate:
  """Speed of one session.

  Attributes:
    first_step: The step that the session began at.
    last_step: The last step that the session has logged.
    images_per_second: Median of the logged rates, or None if the session has logged none.
    seconds: Time from the first to the last logged step.
    began: Date and time in UTC of the first logged step; '' if none was logged.
  """

  first_step: int
  last_step: int
  images_per_second: float | None
  seconds: float
  began: str


@dataclasses.dataclass(frozen=True)
class Goodput:
  """Time of a run by what it went into.

  Attributes:
    sessions: The lines of train/goodput.jsonl, one for each process that trained.
    total: Seconds of all of them.
    share: Share of the time in which steps were made that counted.
  """

  sessions: Sequence[Mapping[str, Any]]
  total: float
  share: float


def goodput_of(run: RecordedRun) -> Goodput | None:
  """Returns the goodput that the trainer has recorded; None if none was."""
  sessions = goodput.read(run.directory)
  return Goodput(sessions, *goodput.tally(sessions)) if sessions else None


def rates_of(run: RecordedRun) -> list[Rate]:
  """Returns the speed of each session that has logged any step."""
  points = _points(run.directory.train)
  starts = [session.get('first_step', 0) for session in run.record.get('sessions', [])] or [0]
  rates = []
  for first, end in zip(starts, [*starts[1:], None]):
    own = [(s, *points[s]) for s in points if s > first and (end is None or s <= end)]
    if own:
      rates.append(_rate(first, own))
  return rates


def _rate(first: int, points: Sequence[tuple[int, float, float]]) -> Rate:
  times = [seconds for _, seconds, _ in points]
  return Rate(
    first,
    max(step for step, *_ in points),
    statistics.median(rate for *_, rate in points),
    max(times) - min(times),
    time.strftime('%Y-%m-%d %H:%M', time.gmtime(min(times))),
  )


def _points(folder: str) -> dict[int, tuple[float, float]]:
  """Returns time and rate by step; a step that was made again counts as the last time."""
  points: dict[int, tuple[float, float]] = {}
  for name in files.names_in(folder):
    if '.tfevents.' in name:
      with contextlib.suppress(FileNotFoundError, IsADirectoryError):
        points |= _points_of(files.read_bytes(os.path.join(folder, name)))
  return dict(sorted(points.items()))


def _points_of(content: bytes) -> dict[int, tuple[float, float]]:
  """Returns time and rate by step in the content of a file of events."""
  points = {}
  for event in _events(content):
    for value in event.summary.value:
      if value.tag == _RATE:
        rate = float(tensor_util.make_ndarray(value.tensor))
        points[event.step] = event.wall_time, rate
  return points


def _events(content: bytes) -> Iterator[event_pb2.Event]:
  """Yields the events of a file that have a rate, up to a damaged length; no damaged event.

  Each has a length of 8 bytes, its checksum, the event itself, its checksum. TensorBoard's own
  reader would import TensorFlow.
  """
  place = 0
  while place + _HEAD.size <= len(content):
    size, length_checksum = _HEAD.unpack_from(content, place)
    if masked_crc32c(content[place : place + 8]) != length_checksum:
      return
    first = place + _HEAD.size
    place = first + size + _TAIL.size
    if size < _SCALARS and place <= len(content):  # The end may be just being written.
      data = content[first : first + size]
      (checksum,) = _TAIL.unpack_from(content, first + size)
      if _RATE.encode() in data and masked_crc32c(data) == checksum:
        yield event_pb2.Event.FromString(data)
