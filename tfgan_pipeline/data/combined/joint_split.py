"""Several splits side by side: an example combines one example of each at random.

names = {'a': ('image', 'label'), 'b': ('image', 'label')}
split = JointSplit({'a': photographs, 'b': paintings}, names)  # fields image_a, label_a, ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import hashlib
import itertools
from typing import TypeVar

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.split import Example, SelectedSplit, Split

_Value = TypeVar('_Value', np.ndarray, tf.Tensor)


class JointSplit(Split):
  """Unpaired examples of several splits; each part has its own order and its own epochs.

  `size` is the size of the largest part; a pass in stored order repeats the smaller parts.

  Args:
    parts: Word -> split. The word is appended to the names of the split's fields: image_a.
    fields: Word -> names of the split's fields, without the word.
  """

  def __init__(self, parts: Mapping[str, Split], fields: Mapping[str, tuple[str, ...]]):
    self.size = max(part.size for part in parts.values())
    self._parts = dict(parts)
    self._fields = {word: tuple(names) for word, names in fields.items()}

  def ordered(self, batch_size: int) -> Iterator[Example]:
    passes = {word: _repeat_batches(part, batch_size) for word, part in self._parts.items()}
    for start in range(0, self.size, batch_size):
      size = min(batch_size, self.size - start)
      batch = self._join({word: next(examples) for word, examples in passes.items()})
      yield {name: values[:size] for name, values in batch.items()}

  def spread(self, count: int) -> Example:
    examples = {}
    for word, part in self._parts.items():
      rows = np.arange(count) % part.size
      spread = part.spread(min(count, part.size))
      examples[word] = {name: values[rows] for name, values in spread.items()}
    return self._join(examples)

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    return tf.data.Dataset.zip(
      {
        word: part.references(
          batch_size=batch_size, seed=_seed_of(seed, word), first_batch=first_batch
        )
        for word, part in self._parts.items()
      }
    )

  def load(self, references: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return self._join({word: part.load(references[word]) for word, part in self._parts.items()})

  def with_field(self, field: str) -> Split:
    for word, names in self._fields.items():
      part_fields = {f'{name}_{word}': name for name in names}
      if field in part_fields:
        part = self._parts[word]
        return SelectedSplit(part, part_fields, part.image_shape)
    return self

  def add_content(self, digest: hashlib._Hash) -> None:
    for word, part in sorted(self._parts.items()):
      digest.update(f'{word} {part.fingerprint}'.encode())

  def _join(self, examples: Mapping[str, Mapping[str, _Value]]) -> dict[str, _Value]:
    return {
      f'{name}_{word}': examples[word][name]
      for word, names in self._fields.items()
      for name in names
    }


class AlignedSplit(JointSplit):
  """Parts of one size whose stored orders correspond: pairs in a pass, but unpaired in training.

  So data whose pairs are known can be trained on as if they were not, and scored against the truth.
  """

  def with_field(self, field: str) -> Split:
    return self


def _seed_of(seed: int, word: str) -> int:
  """Derives a 31-bit seed for one part, so that parts with equal data have different orders."""
  return int.from_bytes(hashlib.sha256(f'{seed} {word}'.encode()).digest()[:4], 'big') >> 1


def _repeat_batches(part: Split, size: int) -> Iterator[Example]:
  """Yields batches of exactly `size` examples in stored order, pass after pass without a gap."""
  remainder: Example = {}
  for batch in itertools.chain.from_iterable(part.ordered(size) for _ in itertools.count()):
    remainder = {
      name: np.concatenate([remainder[name], values]) if remainder else values
      for name, values in batch.items()
    }
    if len(next(iter(remainder.values()))) >= size:
      yield {name: values[:size] for name, values in remainder.items()}
      remainder = {name: values[size:] for name, values in remainder.items()}
