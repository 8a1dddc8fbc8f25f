"""`--dataset="chosen(...)"` and `"without(...)"`: the examples of some classes of a dataset."""

from __future__ import annotations

import dataclasses
import hashlib

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.class_names import chosen_classes
from tfgan_pipeline.data.dataset import DataOptions, Dataset
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.data.splits.indexed import IndexedSplit
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.errors import UsageError

_BATCH = 1024  # Examples that are read at a time where labels are not known ahead.


@registry.dataset
def chosen(options: DataOptions, *, dataset: str = 'digits', classes: int | str = 0) -> Dataset:
  """The examples of some classes of a dataset, as in `chosen("tfds(mnist)", classes="0,8")`.

  Examples keep their labels, and the dataset all names of classes.

  Args:
    options: Folder and memory limit, for the dataset.
    dataset: Call string of a dataset with classes.
    classes: Classes to keep, by name or number, such as 3, "0,8", "0-4" or "cat,dog".

  Returns:
    The dataset with the splits that have examples of the classes.

  Raises:
    UsageError: The dataset has no such class, its train split no example of it, or it cannot be
      read.
  """
  return _selected(options, 'chosen', dataset, classes, keeps=True)


@registry.dataset
def without(options: DataOptions, *, dataset: str = 'digits', classes: int | str = 0) -> Dataset:
  """The examples of all but some classes of a dataset, as in `without("tfds(mnist)", classes=1)`.

  Examples keep their labels, and the dataset all names of classes.

  Args:
    options: Folder and memory limit, for the dataset.
    dataset: Call string of a dataset with classes.
    classes: Classes to leave out, by name or number, such as 3, "0,8", "0-4" or "cat,dog".

  Returns:
    The dataset with the splits that have examples of other classes.

  Raises:
    UsageError: The dataset has no such class or no other, or it cannot be read.
  """
  return _selected(options, 'without', dataset, classes, keeps=False)


def whole_of(text: str) -> tuple[str, str, str]:
  """Splits the call of a dataset of some classes into its parts.

  Args:
    text: Call string of a dataset, such as `chosen('tfds(mnist)', classes=3)`.

  Returns:
    dataset: Call string of the dataset with all classes.
    kind: 'chosen' or 'without'; '' if `text` is another dataset, which is then returned itself.
    classes: The classes that are chosen or left out; '' without any.
  """
  call = registry.dataset.parse(text)
  if call.name not in ('chosen', 'without'):
    return text, '', ''
  arguments = {'dataset': 'digits', 'classes': 0, **call.arguments}
  return str(arguments['dataset']), call.name, str(arguments['classes'])


def _selected(
  options: DataOptions, kind: str, dataset: str, classes: int | str, *, keeps: bool
) -> Dataset:
  where = f"dataset '{kind}'"
  try:
    whole = registry.dataset.build(dataset, options).require_image(dataset)
    if not whole.num_classes:
      raise UsageError(f'{dataset} has no classes{whole.no_labels and f": {whole.no_labels}"}')
    numbers = chosen_classes(str(classes), whole.label_names)
  except UsageError as error:
    raise UsageError(f'{where}: {str(error).replace("--labels=", "classes=")}') from None
  kept = [number for number in range(whole.num_classes) if (number in numbers) == keeps]
  splits = {}
  for name, split in whole.splits.items():
    part = _of_classes(split, kept, options)
    if part is not None:
      splits[name] = part
  if 'train' not in splits:
    names = ', '.join(whole.label_names[number] for number in kept) or 'other classes'
    raise UsageError(f'{where}: the train split of {dataset} has no examples of {names}')
  return dataclasses.replace(whole, splits=splits)


def _of_classes(split: Split, kept: list[int], options: DataOptions) -> Split | None:
  """Returns the examples of classes; None if there are none.

  Raises:
    UsageError: They would have to be held in memory, and are more than the limit.
  """
  if split.known_labels is not None:
    rows = np.flatnonzero(np.isin(split.known_labels, kept))
    return ChosenSplit(split, rows) if len(rows) else None
  parts: list[Example] = []  # References are no indices, so the examples are read into memory.
  count = 0
  for batch in split.ordered(_BATCH):
    is_kept = np.isin(batch['label'], kept)
    count += int(is_kept.sum())
    if not options.fits_memory(count, split.image_shape):
      raise UsageError(
        f'--memory_limit_gb={options.memory_limit_gb:g}: the examples of the classes chosen do not '
        'fit; a higher limit holds them in memory'
      )
    if is_kept.any():
      parts.append({name: values[is_kept] for name, values in batch.items()})
  if not parts:
    return None
  return MemorySplit({name: np.concatenate([part[name] for part in parts]) for name in parts[0]})


class ChosenSplit(IndexedSplit):
  """Some examples of a split with random access.

  Args:
    split: The split, whose labels are known ahead.
    rows: Numbers of the examples, rising, int [n], n > 0.
  """

  def __init__(self, split: Split, rows: np.ndarray):
    assert split.known_labels is not None
    self._split, self._rows = split, rows.astype(np.int64)
    self.size, self.image_shape = len(rows), split.image_shape
    self.known_labels = split.known_labels[rows]
    self.names = tuple(split.names[row] for row in rows) if split.names else ()
    self.stored_sizes = [split.stored_sizes[row] for row in rows] if split.stored_sizes else ()
    self.can_lose = split.can_lose

  def load(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    return self._split.load(tf.gather(tf.constant(self._rows), references))

  def example(self, index: int) -> Example:
    return self._split.example(int(self._rows[index]))

  def spread(self, count: int) -> Example:
    places = np.arange(count) * self.size // count
    loaded = self.load(tf.constant(places))
    return {name: values.numpy() for name, values in loaded.items()}

  def add_content(self, digest: hashlib._Hash) -> None:
    digest.update(f'rows {hashlib.sha256(self._rows.tobytes()).hexdigest()}'.encode())
    self._split.add_content(digest)
