"""Files of curves and samples: TensorBoard events, train.jsonl, health.jsonl, PNG pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import functools
import json
import os
import re
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.media import images
from tfgan_pipeline.runs import atomic_files, event_files, files
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.training.run_card import card
from tfgan_pipeline.writers.groups import is_former, shown_as
from tfgan_pipeline.writers.json_lines import JsonLines
from tfgan_pipeline.writers.tensorboard import TensorBoard
from tfgan_pipeline.writers.tensorboard_pages import (
  Category,
  Lines,
  graph_event,
  histogram_event,
  layout_event,
)
from tfgan_pipeline.writers.trackers import Trackers

# The tag of the rate, which varies between reruns and so is not in train.jsonl: a rerun reproduces
# that file to the last bit.
RATE_TAG = 'images_per_second'


class TrainSummaries:
  """Writer of the scalars and samples of one run.

  Args:
    run: The directory of the run.
    first_step: The step at which the process starts. Lines of later steps, or all lines if it is 0,
      belong to training that was lost, and are removed.
    trackers: Further writers of curves, pictures and texts; None for none.
  """

  def __init__(self, run: RunDirectory, first_step: int, trackers: Trackers | None = None):
    self._run = run
    self._trackers = trackers or Trackers({})
    files.make_folder(run.train)
    files.make_folder(run.samples)
    void = first_step + 1 if first_step else 0
    # Curves of a run from before groups had numbers go on under their names.
    drawn = (value.tag for event in event_files.read(run.train) for value in event.summary.value)
    first = next((tag for tag in drawn if is_former(tag) or tag[0].isdigit()), '')
    self._shown_as = (lambda tag: tag) if is_former(first) else shown_as
    self._tensorboard = TensorBoard(run.train, void)
    if run.exists():
      self._tensorboard.text(first_step, '1_run', card(run.read_record()))
    self._tensorboard.add(layout_event(first_step, [self._players()]))
    self._curves = JsonLines(os.path.join(run.train, 'train.jsonl'))
    self._health = JsonLines(os.path.join(run.train, 'health.jsonl'))
    for lines in (self._curves, self._health):
      lines.rewrite(functools.partial(_clean_line, void=void))

  def _players(self) -> Category:
    """Returns the charts that have both players in them."""
    losses, outputs = (
      [re.escape(self._shown_as(f'{group}/{name}')) + '$' for name in names]
      for group, names in (
        ('loss', ('generator', 'discriminator')),
        ('discriminator_output', ('real', 'generated')),
      )
    )
    return Category(
      '2_players', [Lines('Both losses', losses), Lines("Discriminator's outputs", outputs)]
    )

  def graph(self, graph: tf.compat.v1.GraphDef) -> None:
    """Writes a graph for TensorBoard's page of graphs."""
    self._tensorboard.add(graph_event(graph))

  def histograms(self, step: int, values: Mapping[str, np.ndarray]) -> None:
    """Writes histograms of arrays, by tag, for TensorBoard."""
    self._tensorboard.add(*(histogram_event(step, tag, value) for tag, value in values.items()))

  def plot(self, step: int, values: Mapping[str, float], rate: float | None = None) -> None:
    """Writes one point of every curve for TensorBoard.

    Args:
      step: The step of the points.
      values: Scalars by TensorBoard tag.
      rate: Images per second, or None if not measured yet.
    """
    rates = {} if rate is None else {RATE_TAG: rate}
    points = {self._shown_as(tag): value for tag, value in {**values, **rates}.items()}
    self._tensorboard.scalars(step, points)
    self._trackers.scalars(step, {**values, **rates})

  def line(
    self, step: int, values: Mapping[str, float], checksum: str = '', *, scheduled: bool = True
  ) -> None:
    """Writes one line of train.jsonl.

    Args:
      step: The step of the line.
      values: Scalars by TensorBoard tag.
      checksum: The checksum of all variables if a checkpoint is saved at this step, else ''.
      scheduled: Whether a run that is not stopped saves a checkpoint at this step, too. Checksums
        of other steps are removed when the run continues.
    """
    more: dict[str, object] = {'checksum': checksum} if checksum else {}
    if checksum and not scheduled:
      more['unscheduled'] = True
    self._curves.scalars(step, values, more)
    if checksum:  # Else a loss of power could leave a checkpoint that is newer than its curves.
      self._curves.sync()
      self.flush()

  def health(self, step: int, values: dict[str, float]) -> None:
    """Writes health metrics by TensorBoard tag, as event and as line of health.jsonl."""
    self.plot(step, values)
    self._health.scalars(step, values)

  def reals(self, field: str, picture: np.ndarray) -> None:
    """Writes a picture, uint8 [H, W, C] with C of 1, 3 or 4, of a field's training examples."""
    name = 'reals' if field == 'image' else f'reals-{field}'
    self._picture(name, f'{name}.png', 0, picture)

  def classes(self, field: str, names: Sequence[str]) -> None:
    """Writes the names of a label's classes as a table of TensorBoard's text."""
    tag = 'classes' if field == 'label' else f'classes-{field}'
    rows = [f'| {number} | {name} |' for number, name in enumerate(names)]
    self._tensorboard.text(0, tag, '\n'.join(['| number | class |', '|--:|:--|', *rows]))

  def change(self, step: int, table: str) -> None:
    """Writes what changed at a step, a table in Markdown, as TensorBoard's text."""
    for writer in (self._tensorboard, self._trackers):
      writer.text(step, 'changes', table)

  def samples(
    self, step: int, pictures: Mapping[str, np.ndarray], sounds: Mapping[str, bytes]
  ) -> None:
    """Writes pictures as <name>-<step>.png and for TensorBoard, and sounds as <name>-<step>.wav.

    Args:
      step: Step of the samples.
      pictures: Pictures uint8 [H, W, C], C of 1, 3 or 4, by name.
      sounds: Contents of WAV files by name.
    """
    for name, content in sounds.items():
      atomic_files.write(os.path.join(self._run.samples, f'{name}-{step:06d}.wav'), content)
    for name, picture in pictures.items():
      self._picture(name, f'{name}-{step:06d}.png', step, picture)

  def _picture(self, tag: str, file: str, step: int, picture: np.ndarray) -> None:
    picture = images.enlarge(picture)
    images.write_png(os.path.join(self._run.samples, file), picture)
    for writer in (self._tensorboard, self._trackers):
      writer.picture(step, tag, picture)

  def flush(self) -> None:
    """Writes what a bucket or a tracker does not have yet."""
    for writer in (self._curves, self._health, self._tensorboard, self._trackers):
      writer.flush()

  def stopped(self, error: BaseException) -> None:
    """Tells the trackers why the training ends early."""
    self._trackers.stopped(error)

  def __enter__(self) -> TrainSummaries:
    return self

  def __exit__(self, *error: Any) -> None:
    self._trackers.__exit__(*error)

  def close(self) -> None:
    """Closes the trackers; what was not flushed is dropped."""
    self._trackers.close()


def _clean_line(line: str, *, void: int) -> str:
  """Returns a line without the checksum of an unscheduled checkpoint; '' to remove the line.

  Removed are lines of step `void` or later, lines that are cut short, and lines left empty.
  """
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
