"""Examples of a split that are scored, and those that are held out to know normal scores."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import dataclasses

import numpy as np

from tfgan_pipeline.anomaly.protocols import Protocol
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError

_BATCH = 256
_LEAST = 10  # Normal pictures held out, whose least p-value is 1/11.


@dataclasses.dataclass(frozen=True)
class Examples:
  """Some examples of a split.

  Attributes:
    name: Name of the split.
    split: The split.
    rows: Numbers of the examples, rising, int [n].
    labels: Classes of the examples, int [n]; zeros without classes.
  """

  name: str
  split: Split
  rows: np.ndarray
  labels: np.ndarray

  def batches(self) -> Iterator[np.ndarray]:
    """Yields pictures uint8 [n, H, W, C], in the order of `rows`."""
    first = 0
    for batch in self.split.ordered(_BATCH):
      pictures = batch['image']
      places = self.rows[(self.rows >= first) & (self.rows < first + len(pictures))] - first
      if len(places):
        yield pictures[places]
      first += len(pictures)
      if not len(self.rows) or first > self.rows[-1]:
        return


def held_out(dataset: Dataset, protocol: Protocol, count: int) -> Examples:
  """Returns normal examples that neither training nor a score of `scored` uses.

  They are of the validation split, or of the test split, of which every second normal one is held
  out.

  Args:
    dataset: The data with all classes.
    protocol: The normal classes.
    count: Number of examples, at most.

  Raises:
    UsageError: There is no such split, or it has too few normal examples.
  """
  name = next((name for name in ('validation', 'test') if name in dataset.splits), '')
  if not name:
    raise UsageError(
      f'{dataset.name} has no pictures beside those of training; hold some out, as in '
      '--dataset="tfds(mnist, validation=0.1)" when training'
    )
  split = dataset.split(name)
  labels = _labels(split)
  rows = np.flatnonzero(_is_of(labels, protocol.normal))
  if name == 'test':
    rows = rows[::2]
  rows = _spread(rows, count)
  if len(rows) < _LEAST:
    raise UsageError(
      f'{dataset.name} has {len(rows)} normal pictures to hold out in its {name} split; at least '
      f'{_LEAST} are needed'
    )
  return Examples(name, split, rows, labels[rows])


def scored(
  dataset: Dataset, name: str, protocol: Protocol, count: int, without: Sequence[int] = ()
) -> Examples:
  """Returns the normal and the anomalous examples of a split.

  Args:
    dataset: The data with all classes.
    name: Name of the split.
    protocol: The classes.
    count: Number of examples, from all over the split; 0 for all.
    without: Numbers of examples to leave out.

  Raises:
    UsageError: There is no such split, or it has no example to score.
  """
  split = dataset.split(name)
  labels = _labels(split)
  rows = np.flatnonzero(_is_of(labels, (*protocol.normal, *protocol.anomalous)))
  rows = _spread(rows[~np.isin(rows, without)], count)
  if not len(rows):
    raise UsageError(f'--split={name}: no pictures to score')
  return Examples(name, split, rows, labels[rows])


def _labels(split: Split) -> np.ndarray:
  if split.known_labels is not None:
    return split.known_labels
  parts = [
    batch.get('label', np.zeros(len(batch['image']), np.int32)) for batch in split.ordered(_BATCH)
  ]
  return np.concatenate(parts)


def _is_of(labels: np.ndarray, classes: Sequence[int]) -> np.ndarray:
  return np.isin(labels, classes) if classes else np.ones(len(labels), bool)


def _spread(rows: np.ndarray, count: int) -> np.ndarray:
  """Returns at most `count` of the rows, from all over them; all if `count` is 0."""
  if not count or count >= len(rows):
    return rows
  return rows[np.arange(count) * len(rows) // count]
