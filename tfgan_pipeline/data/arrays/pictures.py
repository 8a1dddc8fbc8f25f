"""Datasets of arrays of pictures with labels, wherever the arrays lie.

dataset = dataset_of_parts('faces', {'train': Part([images], labels)}, Reading(), keep=True)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import math

import numpy as np

from tfgan_pipeline.data.arrays.class_labels import read_labels
from tfgan_pipeline.data.arrays.pixels import Scale, as_pictures
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.folders.partition import partition
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.data.splits.arrays import ArraySplit
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError


@dataclasses.dataclass(frozen=True)
class Part:
  """Arrays of one split, laid end to end.

  Attributes:
    arrays: Pictures, one array or several shards.
    labels: A label for each picture, in one array or in several; empty without labels.
    names: Where each array of pictures is from, for messages.
  """

  arrays: Sequence[np.ndarray]
  labels: Sequence[np.ndarray] = ()
  names: Sequence[str] = ('images',)


@dataclasses.dataclass(frozen=True)
class Reading:
  """Reading of arrays as examples; see data/arrays/stored.py for each argument."""

  range: tuple[float, float] | str = ''
  axes: str = 'NHWC'
  classes: tuple[str, ...] = ()
  validation: float = 0.1
  test: float = 0.1


def dataset_of_parts(
  name: str, parts: Mapping[str, Part], reading: Reading, *, memory_bytes: float
) -> Dataset:
  """Returns a dataset of arrays; a single part is divided into splits.

  Args:
    name: Name of the dataset.
    parts: Arrays by split. 'train' alone is divided by `reading.validation` and `reading.test`.
    reading: How the arrays become examples.
    memory_bytes: Bytes of uint8 pictures up to which all are held in memory.

  Raises:
    UsageError: An array holds no such pictures, arrays differ in shape or dtype, or the labels do
      not fit the pictures; the message says what to do.
  """
  pictures = {split: _views(part, reading.axes) for split, part in parts.items()}
  every = [view for views in pictures.values() for view in views]
  places = [place for part in parts.values() for place in part.names]
  for view, place in zip(every, places):
    if view.shape[1:] != every[0].shape[1:] or view.dtype != every[0].dtype:
      raise UsageError(
        f'{place}: holds {view.dtype} {view.shape[1:]}, and {places[0]} {every[0].dtype} '
        f'{every[0].shape[1:]}; one kind is needed'
      )
  scale = Scale.of(every, places[0], reading.range)
  classes, labels = _labels(parts, pictures, reading)
  splits: dict[str, Split] = {}
  for split, views in pictures.items():
    rows = {split: np.arange(sum(map(len, views)))}
    if len(pictures) == 1:
      fractions = {'validation': reading.validation, 'test': reading.test}
      indices = list(map(str, rows[split]))
      rows = partition(indices, labels[split].tolist(), fractions)
    for part, members in rows.items():
      splits[part] = ArraySplit(views, members, labels[split][members], scale.to_uint8)
  shape = every[0].shape[1:]
  if math.prod(shape) * sum(map(len, every)) <= memory_bytes:
    splits = {split: MemorySplit.reading(one) for split, one in splits.items()}
  return Dataset.of_images(name, shape, classes, splits)


def _views(part: Part, axes: str) -> list[np.ndarray]:
  return [as_pictures(array, place, axes) for array, place in zip(part.arrays, part.names)]


def _labels(
  parts: Mapping[str, Part], pictures: Mapping[str, Sequence[np.ndarray]], reading: Reading
) -> tuple[tuple[str, ...], dict[str, np.ndarray]]:
  """Returns the names of the classes and int32 [N] for each part, 0 without labels."""
  counts = {split: sum(map(len, views)) for split, views in pictures.items()}
  stored = {split: part.labels for split, part in parts.items() if len(part.labels)}
  if not stored:
    if reading.classes:
      raise UsageError(f'classes=({", ".join(reading.classes)}): of no labels; give labels=')
    return (), {split: np.zeros(count, np.int32) for split, count in counts.items()}
  for split, count in counts.items():
    found = sum(map(len, stored.get(split, ())))
    if found != count:
      raise UsageError(
        f'labels: {found:,} for {count:,} pictures of {split}; each picture needs one'
      )
  joined = {split: np.concatenate(list(arrays)) for split, arrays in stored.items()}
  return read_labels(joined, 'labels', reading.classes)
