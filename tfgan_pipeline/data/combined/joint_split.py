"""Several splits side by side: an example is one of each, that chance brings together.

split = JointSplit({'a': photographs, 'b': paintings})     # fields image_a, label_a, image_b, ...
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import hashlib
import itertools
from typing import TypeVar

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import Example, SelectedSplit, Split

_Value = TypeVar('_Value', np.ndarray, tf.Tensor)


class JointSplit(Split):
  """Unpaired examples: each part has its own order and its own epochs.

  `size` is that of the largest part; one pass in stored order begins the others anew.

  Args:
    parts: By the word that is appended to the names of their fields.
    fields: The names of the fields of each part, without that word.
  """

  def __init__(self, parts: Mapping[str, Split], fields: Mapping[str, tuple[str, ...]]):
    self.size = max(part.size for part in parts.values())
    self._parts = dict(parts)
    self._fields = {word: tuple(names) for word, names in fields.items()}

  def ordered(self, batch_size: int) -> Iterator[Example]:
    passes = {word: _endless(part, batch_size) for word, part in self._parts.items()}
    for start in range(0, self.size, batch_size):
      size = min(batch_size, self.size - start)
      whole = self._joint({word: next(examples) for word, examples in passes.items()})
      yield {name: values[:size] for name, values in whole.items()}

  def spread(self, count: int) -> Example:
    examples = {}
    for word, part in self._parts.items():
      rows = np.arange(count) % part.size
      spread = part.spread(min(count, part.size))
      examples[word] = {name: values[rows] for name, values in spread.items()}
    return self._joint(examples)

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
    return self._joint({word: part.load(references[word]) for word, part in self._parts.items()})

  def with_field(self, field: str) -> Split:
    for word, names in self._fields.items():
      own = {f'{name}_{word}': name for name in names}
      if field in own:
        part = self._parts[word]
        return SelectedSplit(part, own, part.image_shape)
    return self

  def add_content(self, digest: hashlib._Hash) -> None:
    for word, part in sorted(self._parts.items()):
      digest.update(f'{word} {part.fingerprint}'.encode())

  def _joint(self, examples: Mapping[str, Mapping[str, _Value]]) -> dict[str, _Value]:
    return {
      f'{name}_{word}': examples[word][name]
      for word, names in self._fields.items()
      for name in names
    }


def _seed_of(seed: int, word: str) -> int:
  """Returns a seed of 31 bits for a part, so that two parts of equal data meet in another order."""
  return int.from_bytes(hashlib.sha256(f'{seed} {word}'.encode()).digest()[:4], 'big') >> 1


def _endless(part: Split, size: int) -> Iterator[Example]:
  """Yields batches of `size` examples, in stored order, over and over across the ends of passes."""
  left: Example = {}
  for batch in itertools.chain.from_iterable(part.ordered(size) for _ in itertools.count()):
    left = {
      name: np.concatenate([left[name], values]) if left else values
      for name, values in batch.items()
    }
    if len(next(iter(left.values()))) >= size:
      yield {name: values[:size] for name, values in left.items()}
      left = {name: values[size:] for name, values in left.items()}
