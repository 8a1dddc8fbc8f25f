"""What training leaves to look at: TensorBoard events, train.jsonl, health.jsonl, and samples."""

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
    first_step: The step the process starts at: lines of later ones are of a lost future, and so are
      all of a run that starts afresh.
  """

  def __init__(self, run: RunDirectory, first_step: int):
    self._run = run
    tf.io.gfile.makedirs(run.train)
    tf.io.gfile.makedirs(run.samples)
    void = first_step + 1 if first_step else 0
    self._start_session(void)
    self._writer = tf.summary.create_file_writer(run.train)
    self._curves = os.path.join(run.train, 'train.jsonl')
    self._health = os.path.join(run.train, 'health.jsonl')
    for path in (self._curves, self._health):
      _drop_lines_from(void, path)

  def _start_session(self, void: int) -> None:
    """Has TensorBoard forget step `void` and later, from a run's second session on."""
    start = event_pb2.SessionLog(status=event_pb2.SessionLog.START)
    writer = event_file_writer.EventFileWriter(self._run.train)
    writer.add_event(event_pb2.Event(step=void, wall_time=time.time(), session_log=start))
    writer.close()

  def scalars(self, step: int, values: dict[str, float], rate: float | None) -> None:
    """Writes one point of every curve.

    Args:
      step: Of the point.
      values: By TensorBoard tag.
      rate: Images per second, or None when not measured yet.
    """
    rates = {} if rate is None else {RATE_TAG: rate}
    self._plot(step, {**values, **rates})
    _append(self._curves, step, values)

  def health(self, step: int, values: dict[str, float]) -> None:
    """Writes what health.py has found, by TensorBoard tag."""
    self._plot(step, values)
    _append(self._health, step, values)

  def _plot(self, step: int, values: dict[str, float]) -> None:
    with self._writer.as_default(step):
      for name, value in values.items():
        tf.summary.scalar(name, value)
    self._writer.flush()

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


def _append(path: str, step: int, values: dict[str, float]) -> None:
  finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
  with tf.io.gfile.GFile(path, 'a') as file:
    file.write(json.dumps({'step': step, **finite}) + '\n')


def _drop_lines_from(void: int, path: str) -> None:
  """Drops the lines of step `void` and later."""
  if not tf.io.gfile.exists(path):
    return
  with tf.io.gfile.GFile(path) as file:
    lines = [line for line in file.read().splitlines() if _step_of(line) < void]
  whole_files.write(path, ''.join(line + '\n' for line in lines))


def _step_of(line: str) -> float:
  """The step of a line; infinite for one that a crash cut short, so that it is dropped."""
  try:
    return json.loads(line)['step']
  except (ValueError, KeyError, TypeError):
    return float('inf')
