"""TensorBoard's event files, as far as `tf.summary` does not write them."""

from __future__ import annotations

import time

from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer import event_file_writer


def start_session(directory: str, void: int) -> None:
  """Makes TensorBoard forget all points of step `void` and later that `directory` has so far."""
  start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
  writer = event_file_writer.EventFileWriter(directory)
  for _ in range(2):  # TensorBoard takes the first one in a directory for its beginning.
    writer.add_event(event_pb2.Event(step=void, wall_time=time.time(), session_log=start))
  writer.close()
