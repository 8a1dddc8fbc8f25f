"""What training leaves to look at: TensorBoard events, train.jsonl, and grids of samples."""

from __future__ import annotations

import json
import math
import os
import time

import numpy as np
from tensorboard.compat.proto import event_pb2
from tensorboard.summary.writer import event_file_writer

from tfgan_pipeline import images, whole_files
from tfgan_pipeline.compat import tf
from tfgan_pipeline.run_directory import RunDirectory

# Rates depend on the machine's mood; train.jsonl holds what a rerun reproduces to the last bit.
RATE_TAG = 'images_per_second'


class TrainSummaries:
  """Writes the scalars and samples of one run.

  Args:
    run: Where.
    first_step: The step the process starts at: later lines in train.jsonl are of a lost future.
  """

  def __init__(self, run: RunDirectory, first_step: int):
    self._run = run
    tf.io.gfile.makedirs(run.train)
    tf.io.gfile.makedirs(run.samples)
    self._start_session(first_step)
    self._writer = tf.summary.create_file_writer(run.train)
    self._jsonl = os.path.join(run.train, 'train.jsonl')
    self._drop_lines_after(first_step)

  def _start_session(self, first_step: int) -> None:
    """Has TensorBoard forget later steps, which it does from a run's second session on."""
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    void = first_step + 1 if first_step else 0
    writer = event_file_writer.EventFileWriter(self._run.train)
    writer.add_event(event_pb2.Event(step=void, wall_time=time.time(), session_log=start))
    writer.close()

  def _drop_lines_after(self, step: int) -> None:
    if not tf.io.gfile.exists(self._jsonl):
      return
    with tf.io.gfile.GFile(self._jsonl) as file:
      lines = [line for line in file.read().splitlines() if _step_of(line) <= step]
    whole_files.write(self._jsonl, ''.join(line + '\n' for line in lines))

  def scalars(self, step: int, values: dict[str, float], rate: float | None) -> None:
    """Writes one point of every curve.

    Args:
      step: Of the point.
      values: By TensorBoard tag.
      rate: Images per second, or None when not measured yet.
    """
    with self._writer.as_default(step):
      for name, value in values.items():
        tf.summary.scalar(name, value)
      if rate is not None:
        tf.summary.scalar(RATE_TAG, rate)
    self._writer.flush()
    with tf.io.gfile.GFile(self._jsonl, 'a') as file:
      finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
      file.write(json.dumps({'step': step, **finite}) + '\n')

  def reals(self, pictures: np.ndarray) -> None:
    """Shows training images, uint8 [N, H, W, C]."""
    self._picture('reals', 'reals.png', 0, images.grid(pictures))

  def fakes(self, step: int, pictures: np.ndarray, columns: int = 0) -> None:
    """Shows generated images, uint8 [N, H, W, C], so many side by side."""
    self.picture('fakes', step, images.grid(pictures, columns=columns))

  def picture(self, name: str, step: int, picture: np.ndarray) -> None:
    """Shows any picture, uint8 [H, W, 1 or 3]."""
    self._picture(name, f'{name}-{step:06d}.png', step, picture)

  def _picture(self, tag: str, file: str, step: int, picture: np.ndarray) -> None:
    picture = images.enlarge(picture)
    images.write_png(os.path.join(self._run.samples, file), picture)
    with self._writer.as_default(step):
      tf.summary.image(tag, picture[None])
    self._writer.flush()

  def close(self) -> None:
    self._writer.close()


def _step_of(line: str) -> float:
  """The step of a line; infinite for one that a crash cut short, so that it is dropped."""
  try:
    return json.loads(line)['step']
  except (ValueError, KeyError, TypeError):
    return float('inf')
