"""Examples of a split with a further field, which is held in memory beside it."""

from __future__ import annotations

import hashlib

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.data.splits.memory import MemorySplit
from tfgan_pipeline.data.splits.whole import WholeSplit
from tfgan_pipeline.errors import UsageError


class AddedField(WholeSplit):
  """Some examples of a split with random access, and values in a further field.

  Args:
    split: The split.
    members: int [N], the rows of `split` that are taken.
    field: Name of the field.
    values: int32 [N, ...], the field's values.

  Attributes:
    field: Name of the field.

  Raises:
    UsageError: The split has no random access, so that rows cannot be chosen.
  """

  def __init__(self, split: Split, members: np.ndarray, field: str, values: np.ndarray):
    if split.known_labels is None:
      raise UsageError(f'{field}: examples that are records have no names of files')
    self.size = len(members)
    self.image_shape = split.image_shape
    self.names = tuple(split.names[member] for member in members) if split.names else ()
    self.known_labels = split.known_labels[members]
    self.can_lose = split.can_lose
    images = {'image': ('uint8', split.image_shape), 'label': ('int32', ())}
    self.kinds = {**images, field: ('int32', values.shape[1:])}
    # Beside the split, as pixels in memory are: no graph holds a table of 200,000 rows.
    self._table = MemorySplit({field: values, 'member': members})
    self.field = field
    self._split = split

  @property
  def values(self) -> np.ndarray:
    """The field's values in all examples, int32 [N, ...]."""
    return self._table.arrays[self.field]

  def example(self, index: int) -> Example:
    row = self._table.example(index)
    return {**self._split.example(int(row.pop('member'))), **row}

  def load_parts(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    rows = self._table.load(references)
    return {**self._split.load(rows.pop('member')), **rows}

  def add_content(self, digest: hashlib._Hash) -> None:
    digest.update(f'{self._split.fingerprint} {self._table.arrays["member"].tolist()}'.encode())
    digest.update(np.ascontiguousarray(self.values, '<i4').tobytes())
