"""What training leaves to look at: TensorBoard events, train.jsonl, health.jsonl, and samples."""

from __future__ import annotations

from collections.abc import Mapping
import json
import math
import os
from types import MappingProxyType
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.media import images
from tfgan_pipeline.runs import atomic_files, event_files, files
from tfgan_pipeline.runs.directory import RunDirectory

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
    files.make_folder(run.train)
    files.make_folder(run.samples)
    void = first_step + 1 if first_step else 0
    event_files.start_session(run.train, void)
    self._writer = tf.summary.create_file_writer(run.train)
    self._curves = os.path.join(run.train, 'train.jsonl')
    self._health = os.path.join(run.train, 'health.jsonl')
    for path in (self._curves, self._health):
      _drop_lines_from(void, path)

  def plot(self, step: int, values: Mapping[str, float], rate: float | None = None) -> None:
    """Writes one point of every curve for TensorBoard.

    Args:
      step: Of the point.
      values: By TensorBoard tag.
      rate: Images per second, or None when not measured yet.
    """
    rates = {} if rate is None else {RATE_TAG: rate}
    with self._writer.as_default(step):
      for name, value in {**values, **rates}.items():
        tf.summary.scalar(name, value)
    self._writer.flush()

  def line(
    self, step: int, values: Mapping[str, float], checksum: str = '', *, scheduled: bool = True
  ) -> None:
    """Writes one line of train.jsonl.

    Args:
      step: Of the line.
      values: By TensorBoard tag.
      checksum: That of all variables, where a checkpoint is saved.
      scheduled: Whether an undisturbed run saves one at this step, too. What a stop adds to the
        file is taken away again when the run continues.
    """
    more = {'checksum': checksum} if checksum else {}
    if checksum and not scheduled:
      more['unscheduled'] = True
    _append(self._curves, step, values, more)
    if checksum:  # Or a loss of power could leave a checkpoint that is newer than its curves.
      atomic_files.sync(self._curves)

  def health(self, step: int, values: dict[str, float]) -> None:
    """Writes what health.py has found, by TensorBoard tag."""
    self.plot(step, values)
    _append(self._health, step, values)

  def reals(self, pictures: np.ndarray) -> None:
    """Shows training images, uint8 [N, H, W, C]."""
    self._picture('reals', 'reals.png', 0, images.grid(pictures))

  def fakes(self, step: int, pictures: np.ndarray, columns: int = 0) -> None:
    """Shows generated images, uint8 [N, H, W, C], so many side by side."""
    self.picture('fakes', step, images.grid(pictures, columns=columns))

  def picture(self, name: str, step: int, picture: np.ndarray) -> None:
    """Shows any picture, uint8 [H, W, 1, 3 or 4]."""
    self._picture(name, f'{name}-{step:06d}.png', step, picture)

  def _picture(self, tag: str, file: str, step: int, picture: np.ndarray) -> None:
    picture = images.enlarge(picture)
    images.write_png(os.path.join(self._run.samples, file), picture)
    with self._writer.as_default(step):
      tf.summary.image(tag, picture[None])
    self._writer.flush()

  def close(self) -> None:
    self._writer.close()


def _append(
  path: str, step: int, values: Mapping[str, float], more: Mapping[str, Any] = MappingProxyType({})
) -> None:
  finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
  files.append(path, json.dumps({'step': step, **finite, **more}) + '\n')


def _drop_lines_from(void: int, path: str) -> None:
  """Drops the lines of step `void` and later, and what a stop has added to those before."""
  if not files.exists(path):
    return
  lines = [_as_scheduled(line, void) for line in files.read_text(path).splitlines()]
  atomic_files.write(path, ''.join(line + '\n' for line in lines if line))


def _as_scheduled(line: str, void: int) -> str:
  """A line as an undisturbed run has it; '' for none, such as one that a crash cut short."""
  try:
    values = json.loads(line)
    if values['step'] >= void:
      return ''
  except (ValueError, KeyError, TypeError):
    return ''
  if not values.pop('unscheduled', False):
    return line
  del values['checksum']
  return json.dumps(values) if len(values) > 1 else ''
