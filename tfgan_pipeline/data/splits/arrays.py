"""Splits of arrays that lie on disk, with random access; pictures are converted on every use.

    split = ArraySplit([np.load('a.npy', mmap_mode='r'), ...], rows, labels, convert)

For arrays larger than memory, such as memory maps of npy files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import hashlib

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.split import Example
from tfgan_pipeline.data.splits.indexed import IndexedSplit
from tfgan_pipeline.data.splits.python_calls import call_python

_HASHED = 2**26  # Bytes of pictures that are hashed at a time.


class ArraySplit(IndexedSplit):
  """Split of some pictures of several arrays, one after the other.

  Args:
    arrays: Pictures [N, H, W, C] of one shape.
    rows: Places int64 [n] of the split's pictures in the arrays laid end to end.
    labels: int [n].
    convert: Numbers [k, H, W, C] -> uint8 [k, H, W, C].
  """

  def __init__(
    self,
    arrays: Sequence[np.ndarray],
    rows: np.ndarray,
    labels: np.ndarray,
    convert: Callable[[np.ndarray], np.ndarray],
  ):
    self.labels = self.known_labels = np.asarray(labels, np.int32)
    self.size = len(rows)
    self.image_shape = tuple(arrays[0].shape[1:])
    self._arrays = arrays
    self._rows = rows
    self._ends = np.cumsum([len(array) for array in arrays])
    self._convert = convert

  def _read(self, indices: np.ndarray) -> np.ndarray:
    rows = self._rows[indices]
    images = np.empty((len(rows), *self.image_shape), np.uint8)
    owners = np.searchsorted(self._ends, rows, side='right')
    for owner in np.unique(owners):
      array, places = self._arrays[owner], np.flatnonzero(owners == owner)
      start = self._ends[owner] - len(array)
      images[places] = self._convert(array[rows[places] - start])
    return images

  def example(self, index: int) -> Example:
    return {'image': self._read(np.array([index]))[0], 'label': self.labels[index]}

  def ordered(self, batch_size: int) -> Iterator[Example]:
    for start in range(0, self.size, batch_size):
      indices = np.arange(start, min(start + batch_size, self.size))
      yield {'image': self._read(indices), 'label': self.labels[indices]}

  def load(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    (images,) = call_python(lambda rows: [self._read(rows)], references, [tf.uint8])
    images = tf.ensure_shape(images, (*references.shape, *self.image_shape))
    return {'image': images, 'label': tf.gather(tf.constant(self.labels), references)}

  def add_content(self, digest: hashlib._Hash) -> None:
    """Updates a digest with pixels and labels, in the order of those in memory."""
    labels = np.ascontiguousarray(self.labels, '<i4')
    digest.update(labels)  # pyrefly: ignore[bad-argument-type]  (arrays are buffers)
    for batch in self.ordered(max(1, _HASHED // int(np.prod(self.image_shape)))):
      digest.update(batch['image'])  # pyrefly: ignore[bad-argument-type]
