"""One line that says how a dataset was understood: sizes, splits, classes with counts, remarks.

describe(dataset)   # 'digits: 1,797 pictures of 32x32x1; train 1,257, ...; 10 classes: ...'
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.data.combined.added_field import AddedField
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.data.splits.files import FileSplit
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import listed


def describe(dataset: Dataset) -> str:
  """Returns one line about a dataset, without reading its examples.

  Classes are counted over all splits that have labels, if labels are in memory.
  """
  count = sum(split.size for split in dataset.splits.values())
  shapes = ', '.join(
    ('' if name == 'image' else f'{name} ') + 'x'.join(map(str, field.shape))
    for name, field in dataset.fields.items()
    if field.medium
  )
  splits = ', '.join(f'{name} {split.size:,}' for name, split in dataset.splits.items())
  are_pictures = all(field.medium.is_picture for field in dataset.fields.values() if field.medium)
  word = 'pictures' if are_pictures else 'examples'
  parts = [f'{count:,} {word} of {shapes}', splits]
  if 'label' in dataset.fields:
    parts.append(_describe_classes(dataset))
  parts += [
    _describe_attributes(dataset, name)
    for name, field in dataset.fields.items()
    if field.classes and field.shape
  ]
  parts += [
    f'{name}s: up to {field.shape[0]} a picture, of {len(field.words):,} words'
    for name, field in dataset.fields.items()
    if field.words
  ]
  hidden = [name for name, split in dataset.splits.items() if _are_hidden(_labels(split))]
  if hidden and dataset.num_classes:
    parts.append(f'no labels in {", ".join(hidden)}')
  parts += [dataset.notes] if dataset.notes else []
  return f'{dataset.name}: ' + '; '.join(parts)


def _describe_classes(dataset: Dataset) -> str:
  if not dataset.num_classes:
    return 'no classes'
  names = list(dataset.label_names)
  known = [labels for labels in map(_labels, dataset.splits.values()) if labels is not None]
  if len(known) == len(dataset.splits):
    labels = np.concatenate(known)
    counts = np.bincount(labels[labels >= 0], minlength=len(names))
    names = [f'{name} ({count:,})' for name, count in zip(names, counts)]
  word = 'class' if len(names) == 1 else 'classes'
  return f'{len(names):,} {word}: ' + listed(names)


def _describe_attributes(dataset: Dataset, name: str) -> str:
  """Returns the names of the attributes in a field, with counts if these are in memory."""
  names = list(dataset.fields[name].classes)
  counts = np.sum([_counts(split, name) for split in dataset.splits.values()], axis=0)
  if counts.any():
    names = [f'{name} ({count:,})' for name, count in zip(names, counts)]
  word = name.removesuffix('s') if len(names) == 1 else name
  return f'{len(names):,} {word}: ' + listed(names)


def _counts(split: Split, name: str) -> np.ndarray:
  """Returns how many examples have each attribute in a field; 0 if they are not in memory."""
  values = split.arrays[name] if isinstance(split, MemorySplit) else None
  if isinstance(split, AddedField) and split.field == name:
    values = split.values
  return np.sum(values, axis=0) if values is not None else np.zeros(1, int)


def _labels(split: Split) -> np.ndarray | None:
  """Returns the labels int32 [N] of a split that holds them in memory; None for others."""
  if isinstance(split, MemorySplit):
    return split.arrays.get('label')
  return split.labels if isinstance(split, FileSplit) else None


def _are_hidden(labels: np.ndarray | None) -> bool:
  return labels is not None and bool(labels[0] < 0)
