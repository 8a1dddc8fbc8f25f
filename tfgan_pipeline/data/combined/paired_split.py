"""Splits of pairs: rows of two splits side by side, or the two halves of one picture."""

from __future__ import annotations

from collections.abc import Iterator
import hashlib
from typing import TypeVar

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.data.splits.whole import WholeSplit
from tfgan_pipeline.errors import UsageError

_Value = TypeVar('_Value', np.ndarray, tf.Tensor)


class PairedSplit(WholeSplit):
  """Pairs of examples of two splits with random access; fields image_a, image_b and label.

  Args:
    one: Split of the first pictures and of the labels.
    other: Split of the second pictures.
    rows: int [N], rows of `one`.
    partners: int [N], the row of `other` that belongs to each of `rows`.

  Raises:
    UsageError: A split has no random access, so that rows cannot be chosen.
  """

  def __init__(self, one: Split, other: Split, rows: np.ndarray, partners: np.ndarray):
    self._sides = ((one, rows), (other, partners))
    self.size = len(rows)
    self.names = tuple(one.names[row] for row in rows) if one.names else ()
    if any(split.known_labels is None for split, _ in self._sides):  # References are no indices.
      raise UsageError(
        "dataset 'paired': examples that are read from records one after the other have no "
        'partners; a higher --memory_limit_gb keeps them in memory'
      )
    assert one.known_labels is not None
    self.known_labels = one.known_labels[rows]
    self.can_lose = one.can_lose or other.can_lose
    images = {'image_a': ('uint8', one.image_shape), 'image_b': ('uint8', other.image_shape)}
    self.kinds = {**images, 'label': ('int32', ())}

  def example(self, index: int) -> Example:
    one, other = (split.example(rows[index]) for split, rows in self._sides)
    return {'image_a': one['image'], 'image_b': other['image'], 'label': one['label']}

  def load_parts(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    one, other = (split.load(tf.gather(rows, references)) for split, rows in self._sides)
    return {'image_a': one['image'], 'image_b': other['image'], 'label': one['label']}

  def add_content(self, digest: hashlib._Hash) -> None:
    for split, rows in self._sides:
      digest.update(f'{split.fingerprint} {rows.tolist()}'.encode())


class HalvesSplit(Split):
  """Left and right halves of the pictures of a split; fields image_a, image_b and label.

  Args:
    split: Split of pictures [H, 2 W, C].
    first: Half that is image_a: 'left' or 'right'.
  """

  def __init__(self, split: Split, first: str):
    self._split = split
    self._first = first
    self.size, self.names, self.known_labels = split.size, split.names, split.known_labels

  def ordered(self, batch_size: int) -> Iterator[Example]:
    yield from map(self._halves, self._split.ordered(batch_size))

  def spread(self, count: int) -> Example:
    return self._halves(self._split.spread(count))

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    return self._split.references(batch_size=batch_size, seed=seed, first_batch=first_batch)

  def load(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    return self._halves(self._split.load(references))

  def add_content(self, digest: hashlib._Hash) -> None:
    digest.update(f'{self._first} half first'.encode())
    self._split.add_content(digest)

  def _halves(self, examples: dict[str, _Value]) -> dict[str, _Value]:
    images = examples['image']
    middle = images.shape[2] // 2
    halves = [images[:, :, :middle], images[:, :, middle:]]
    one, other = halves if self._first == 'left' else reversed(halves)
    return {'image_a': one, 'image_b': other, 'label': examples['label']}
