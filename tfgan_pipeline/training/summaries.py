"""What training leaves to look at: TensorBoard events, train.jsonl, health.jsonl, and samples."""

from __future__ import annotations

from collections.abc import Mapping
import functools
import json
import os

import numpy as np

from tfgan_pipeline.media import images
from tfgan_pipeline.runs import event_files, files
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.writers.json_lines import JsonLines
from tfgan_pipeline.writers.tensorboard import TensorBoard

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
    self._tensorboard = TensorBoard(run.train)
    self._curves = JsonLines(os.path.join(run.train, 'train.jsonl'))
    self._health = JsonLines(os.path.join(run.train, 'health.jsonl'))
    for lines in (self._curves, self._health):
      lines.rewrite(functools.partial(_as_scheduled, void=void))

  def plot(self, step: int, values: Mapping[str, float], rate: float | None = None) -> None:
    """Writes one point of every curve for TensorBoard.

    Args:
      step: Of the point.
      values: By TensorBoard tag.
      rate: Images per second, or None when not measured yet.
    """
    rates = {} if rate is None else {RATE_TAG: rate}
    self._tensorboard.scalars(step, {**values, **rates})

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
    more: dict[str, object] = {'checksum': checksum} if checksum else {}
    if checksum and not scheduled:
      more['unscheduled'] = True
    self._curves.scalars(step, values, more)
    if checksum:  # Or a loss of power could leave a checkpoint that is newer than its curves.
      self._curves.sync()

  def health(self, step: int, values: dict[str, float]) -> None:
    """Writes what health.py has found, by TensorBoard tag."""
    self.plot(step, values)
    self._health.scalars(step, values)

  def reals(self, field: str, picture: np.ndarray) -> None:
    """Shows a picture of training samples, uint8 [H, W, C], of a field."""
    name = 'reals' if field == 'image' else f'reals-{field}'
    self._picture(name, f'{name}.png', 0, picture)

  def picture(self, name: str, step: int, picture: np.ndarray) -> None:
    """Shows any picture, uint8 [H, W, 1, 3 or 4]."""
    self._picture(name, f'{name}-{step:06d}.png', step, picture)

  def _picture(self, tag: str, file: str, step: int, picture: np.ndarray) -> None:
    picture = images.enlarge(picture)
    images.write_png(os.path.join(self._run.samples, file), picture)
    self._tensorboard.picture(step, tag, picture)

  def close(self) -> None:
    self._tensorboard.close()


def _as_scheduled(line: str, *, void: int) -> str:
  """A line as an undisturbed run has it; '' for none: of step `void` or later, or cut short."""
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
