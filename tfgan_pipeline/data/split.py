"""Splits of datasets: examples in stored order, and the endless shuffled order of training.

    for batch in split.ordered(64):
      batch['image']                     # uint8 [n, H, W, C]

The folder splits/ has a module for each way to store a split.
"""

from __future__ import annotations

import abc
from collections.abc import Callable, Iterator, Mapping, Sequence
import functools
import hashlib
from typing import TYPE_CHECKING

import numpy as np

from tfgan_pipeline.data import known_fingerprints

if TYPE_CHECKING:
  from tfgan_pipeline.compat import tf

Example = dict[str, np.ndarray]


class Split(abc.ABC):
  """One split of a dataset.

  A reference is a cheap stand-in for one example: its index, or its raw record.

  Attributes:
    size: Number of examples.
    image_shape: (height, width, channels) of the field 'image'; () without such a field.
    known_labels: All labels int32 [size], where they are known ahead and references are indices.
    names: Paths of the files of all examples; () for examples that are no files.
    stored_sizes: (height, width) of each file as stored, before resizing; () where unknown.
    can_lose: Whether examples are read from files on every use, which may break meanwhile; such
      splits have random access.
  """

  size: int
  image_shape: tuple[int, ...] = ()
  known_labels: np.ndarray | None = None
  names: tuple[str, ...] = ()
  stored_sizes: Sequence[tuple[int, int]] = ()
  can_lose: bool = False

  @abc.abstractmethod
  def ordered(self, batch_size: int) -> Iterator[Example]:
    """Yields batches of one pass over the split, in stored order.

    Yields:
      Arrays [n, ...] by field, such as 'image' uint8 [n, H, W, C] and 'label' int32 [n]; n is
      `batch_size`, or the remainder in the last batch.
    """

  def spread(self, count: int) -> Example:
    """Returns `count` <= `size` different examples from all over the split, always the same.

    Returns:
      Arrays [count, ...] by field, such as 'image' uint8 [count, H, W, C].
    """
    references = next(iter(self.references(batch_size=count, seed=0, first_batch=0)))
    return {name: values.numpy() for name, values in self.load(references).items()}

  @abc.abstractmethod
  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    """Returns the endless shuffled order of training, from batch number `first_batch` on.

    Every epoch is another permutation of the examples, batches run across the ends of epochs, and
    batch b is a function of (the data, seed, batch_size, b) alone.

    Returns:
      A dataset of references: a tensor [batch_size], or any structure of such tensors.
    """

  @abc.abstractmethod
  def load(self, references: tf.Tensor | Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    """Loads examples as graph code: references [n] become tensors [n, ...] by field."""

  def example(self, index: int) -> Example:
    """Returns one example of a split with random access, without a batch axis.

    Raises whatever reading raises; unlike `load`, takes no other example in place of a lost one.
    """
    raise NotImplementedError

  def with_field(self, field: str) -> Split:
    """Returns a split in which one pass has each example of `field` exactly once.

    A JointSplit, which repeats its smaller parts, returns the part with the field; other splits
    return themselves.
    """
    del field
    return self

  @abc.abstractmethod
  def add_content(self, digest: hashlib._Hash) -> None:
    """Updates a hashlib digest with all that determines the examples, but no dataset name."""

  @functools.cached_property
  def hides_labels(self) -> bool:
    """True if the labels are hidden, -1 in every example; only the first one is looked at."""
    labels = self.known_labels
    labels = next(self.ordered(1)).get('label') if labels is None else labels
    return labels is not None and bool(labels[0] < 0)

  @functools.cached_property
  def fingerprint(self) -> str:
    """Sixteen hexadecimal digits of a SHA-256 of the content, computed on first use.

    For examples from files, the bytes of the files and the decoding recipe are hashed: the
    fingerprint does not depend on whether the examples are held in memory, nor on how a machine's
    libraries decode the files. For computed examples, the pixels are hashed. Of files that are as
    they were at an earlier start it is known, see known_fingerprints.py.
    """
    return known_fingerprints.of(self.add_content, self._start_of_digest)

  @functools.cached_property
  def former_fingerprint(self) -> str:
    """Fingerprint that version 0.1.0 computed from decoded pixels, to recognise its runs."""
    return self._digest_of(self._add_pixels)

  def _digest_of(self, add: Callable[[hashlib._Hash], None]) -> str:
    digest = hashlib.sha256(self._start_of_digest)
    add(digest)
    return digest.hexdigest()[:16]

  @property
  def _start_of_digest(self) -> bytes:
    return repr((self.size, tuple(self.image_shape))).encode()

  def _add_pixels(self, digest: hashlib._Hash) -> None:
    first = next(self.ordered(1))
    # Label before image, without names, as in the oldest fingerprints. Fields that were added
    # later are hashed with their names.
    names = [name for name in ('label', 'image') if name in first]
    for name in [*names, *sorted(set(first) - {'label', 'image'})]:
      if name not in names:
        digest.update(f'{name} {first[name].shape[1:]} {first[name].dtype}'.encode())
      for batch in self.ordered(4096):
        values = np.ascontiguousarray(batch[name], '<i4' if name == 'label' else None)
        digest.update(values)  # pyrefly: ignore[bad-argument-type]  (arrays are buffers)


class SelectedSplit(Split):
  """Some fields of another split, under new names.

  Args:
    split: The other split.
    fields: New name -> name of the field in `split`.
    shape: Shape (height, width, channels) of the field whose new name is 'image'.
  """

  def __init__(self, split: Split, fields: Mapping[str, str], shape: tuple[int, ...]):
    self.size = split.size
    self.image_shape = shape
    self._split = split
    self._fields = fields

  def ordered(self, batch_size: int) -> Iterator[Example]:
    for batch in self._split.ordered(batch_size):
      yield {name: batch[field] for name, field in self._fields.items()}

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    return self._split.references(batch_size=batch_size, seed=seed, first_batch=first_batch)

  def load(self, references: tf.Tensor | Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    values = self._split.load(references)
    return {name: values[field] for name, field in self._fields.items()}

  def add_content(self, digest: hashlib._Hash) -> None:
    digest.update(repr(sorted(self._fields.items())).encode())
    self._split.add_content(digest)
