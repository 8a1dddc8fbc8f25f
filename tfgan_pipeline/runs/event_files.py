"""Events for TensorBoard that `tf.summary` cannot write."""

from __future__ import annotations

import io
import os
import re
import time
import uuid

from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer import record_writer

from tfgan_pipeline.runs import files

_SECOND = re.compile(r'events\.out\.tfevents\.(\d{10})\.')


def start_session(directory: str, void: int) -> None:
  """Makes TensorBoard forget all points in `directory` so far that are of step `void` or later.

  Writes a file with a session start. TensorBoard reads files in the order of their names, which
  contain the second of their creation; the new name sorts first within its second, so that the file
  is read before all that the session writes.
  """
  now = time.time()
  start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
  events = [event_pb2.Event(wall_time=now, file_version='brain.Event:2')]
  # Twice, since TensorBoard forgets nothing at the first session start in a directory.
  events += [event_pb2.Event(step=void, wall_time=now, session_log=start)] * 2
  content = io.BytesIO()
  for event in events:
    record_writer.RecordWriter(content).write(event.SerializeToString())
  name = f'events.out.tfevents.{int(now):010d}.!start.{uuid.uuid4().hex[:8]}'
  files.make_folder(directory)
  files.write_bytes(os.path.join(directory, name), content.getvalue())


def wait_for_another_second(directory: str) -> None:
  """Waits until no event file in `directory` was created in the current second."""
  matches = [_SECOND.match(name) for name in files.names_in(directory)]
  newest = max((int(match[1]) for match in matches if match), default=0)
  while int(time.time()) == newest:
    time.sleep(0.02)
