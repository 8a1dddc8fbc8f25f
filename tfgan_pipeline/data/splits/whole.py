"""Base class of splits whose examples have several parts, as pairs have; none comes alone."""

from __future__ import annotations

import abc
from collections.abc import Mapping
import functools

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.splits.files import POOL, NextOfClass
from tfgan_pipeline.data.splits.indexed import IndexedSplit
from tfgan_pipeline.data.splits.python_calls import call_python


class WholeSplit(IndexedSplit):
  """Split that loads examples from other splits; of an example of which a part is lost, none.

  Where parts can be lost, `load` reads whole examples by `example`, which subclasses have, and
  takes the next one of the class in place of a lost one. Else it takes `load_parts`, as is faster.

  Attributes:
    kinds: Dtype and shape of each field.
  """

  kinds: Mapping[str, tuple[str, tuple[int, ...]]]

  @abc.abstractmethod
  def load_parts(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    """Loads examples as graph code, as `load` does, each part from its split."""

  def load(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    if not self.can_lose:
      return self.load_parts(references)
    dtypes = [tf.as_dtype(dtype) for dtype, _ in self.kinds.values()]
    values = call_python(self._read, references, dtypes)
    return {
      name: tf.ensure_shape(value, (*references.shape, *shape))
      for value, (name, (_, shape)) in zip(values, self.kinds.items())
    }

  @functools.cached_property
  def _examples(self) -> NextOfClass:
    assert self.known_labels is not None
    name = self.names.__getitem__ if self.names else str
    return NextOfClass(self.known_labels, self.example, name, name)

  def _read(self, indices: np.ndarray) -> list[np.ndarray]:
    examples = list(POOL.map(self._examples.read, indices))
    return [np.stack([example[name] for example in examples]) for name in self.kinds]
