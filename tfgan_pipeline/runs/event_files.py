"""Event files for TensorBoard that `tf.summary` cannot write: session starts, ordered curves."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
import io
import os
import re
import time
import uuid

from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer import record_writer

from tfgan_pipeline.runs import files

_SECOND = re.compile(r'events\.out\.tfevents\.(\d{10})\.')


def read(directory: str) -> Iterator[event_pb2.Event]:
  """Yields the events with summaries in the files of a directory, in the order of the files."""
  for name in _names(directory):
    for content in RawEventFileLoader(os.path.join(directory, name)).Load():
      event = event_pb2.Event.FromString(content)
      if event.HasField('summary'):
        yield event


def session_start(void: int) -> list[event_pb2.Event]:
  """Returns events at which TensorBoard forgets all points so far of step `void` or later.

  They come first in a file that is read after all others of its directory.
  """
  start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
  # Twice, since TensorBoard forgets nothing at the first session start in a directory.
  return [event_pb2.Event(step=void, wall_time=time.time(), session_log=start)] * 2


def append(directory: str, events: Iterable[event_pb2.Event], own: str = '') -> str:
  """Writes events that TensorBoard reads after all others in `directory`; returns their file.

  A running TensorBoard reads no file whose name sorts before one that it has finished, so the
  second in the name is later than that of every other file, whatever the clock of this machine.

  Args:
    directory: The folder of the event files.
    events: The events.
    own: File that this process wrote last there, which goes on unless another came after it.
  """
  if own and _names(directory)[-1:] == [os.path.basename(own)]:
    files.append(own, encode(events))
    return own
  return _write(os.path.join(directory, _next_name(directory)), events)


def replace(directory: str, events: Iterable[event_pb2.Event]) -> str:
  """Writes a file of events in place of all others in `directory`, and returns its path.

  A running TensorBoard forgets what it has read of the others.
  """
  others = _names(directory)
  path = _write(os.path.join(directory, _next_name(directory)), [*session_start(0), *events])
  for name in others:
    files.remove(os.path.join(directory, name))
  return path


def _names(directory: str) -> list[str]:
  return [name for name in files.names_in(directory) if _SECOND.match(name)]


def _next_name(directory: str) -> str:
  seconds = [int(name.split('.')[3]) for name in _names(directory)]
  second = max([int(time.time()), *(second + 1 for second in seconds)])
  return f'events.out.tfevents.{second:010d}.{uuid.uuid4().hex[:8]}'


def _write(path: str, events: Iterable[event_pb2.Event]) -> str:
  version = event_pb2.Event(wall_time=time.time(), file_version='brain.Event:2')
  files.make_folder(os.path.dirname(path))
  files.write_bytes(path, encode([version, *events]))
  return path


def encode(events: Iterable[event_pb2.Event]) -> bytes:
  """Returns events as an event file holds them."""
  content = io.BytesIO()
  for event in events:
    record_writer.RecordWriter(content).write(event.SerializeToString())
  return content.getvalue()
