"""Writer of event files for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping
import time

import numpy as np
from tensorboard.compat.proto import event_pb2, summary_pb2
from tensorboard.plugins.image import metadata as image
from tensorboard.plugins.scalar.summary_v2 import scalar_pb
from tensorboard.plugins.text.summary_v2 import text_pb
from tensorboard.util import tensor_util

from tfgan_pipeline.compat import tf
from tfgan_pipeline.runs import event_files
from tfgan_pipeline.runs.growing_file import GrowingFile
from tfgan_pipeline.writers.base import Writer

# Bytes of an event file in a bucket, each flush of which writes all of it, that are enough to begin
# another: some hundred small pictures, and as many curves as TensorBoard can show.
_LARGE = 4_000_000


class TensorBoard(Writer):
  """Writer of event files in a directory: one, or in a bucket a new one after some megabytes.

  Args:
    directory: The directory, which may be gs://.
    void: Step from which on TensorBoard forgets all points in the directory so far; None forgets
      none.
  """

  def __init__(self, directory: str, void: int | None = None):
    start = [] if void is None else event_files.session_start(void)
    self._directory = directory
    self._file = GrowingFile(event_files.append(directory, start))

  def scalars(self, step: int, values: Mapping[str, float]) -> None:
    self.add(*(scalar_event(step, tag, value) for tag, value in values.items()))

  def picture(self, step: int, tag: str, picture: np.ndarray) -> None:
    self.add(picture_event(step, tag, picture))

  def text(self, step: int, tag: str, text: str) -> None:
    self.add(text_event(step, tag, text))

  def add(self, *events: event_pb2.Event) -> None:
    """Writes events of any kind."""
    if self._file.held_bytes > _LARGE:
      self.flush()
      self._file = GrowingFile(event_files.append(self._directory, []))
    self._file.add(event_files.encode(events))

  def flush(self) -> None:
    self._file.flush()


def scalar_event(step: int, tag: str, value: float) -> event_pb2.Event:
  """Returns the event of a point of a curve."""
  return event_of(step, scalar_pb(tag, value))


def text_event(step: int, tag: str, text: str) -> event_pb2.Event:
  """Returns the event of a text in Markdown."""
  return event_of(step, text_pb(tag, text))


def picture_event(step: int, tag: str, picture: np.ndarray) -> event_pb2.Event:
  """Returns the event of a picture, uint8 [H, W, C] with C of 1, 3 or 4."""
  height, width, _ = picture.shape
  png = tf.io.encode_png(picture).numpy()
  # The form of TensorBoard's images: width, height, and the files of all pictures, here of one.
  content = np.array([str(width).encode(), str(height).encode(), png], object)
  summary = summary_pb2.Summary()
  summary.value.add(
    tag=tag,
    tensor=tensor_util.make_tensor_proto(content, dtype=np.object_),
    metadata=image.create_summary_metadata(display_name=None, description=None),
  )
  return event_of(step, summary)


def event_of(step: int, summary: summary_pb2.Summary) -> event_pb2.Event:
  """Returns the event of a summary, made now."""
  return event_pb2.Event(step=step, wall_time=time.time(), summary=summary)
