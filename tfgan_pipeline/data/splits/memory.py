"""Splits held in memory as an array per field, with random access; a batch is a single gather.

    split = MemorySplit({'image': images, 'label': labels})     # uint8 [N, H, W, C], int32 [N]

`MemorySplit.reading(split)` copies another split into memory and keeps that split's fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import functools
import hashlib

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.data.splits.indexed import IndexedSplit


class MemorySplit(IndexedSplit):
  """Split whose examples are arrays in memory.

  Args:
    arrays: Arrays [N, ...] by field, N > 0. They are not copied and must not be changed later.
      'image' is uint8 [N, H, W, C]; 'label', int [N], is 0 throughout if only 'image' is given.
    stored: Split of the files that hold these examples; the fingerprint is taken from it.
    recipe: Text that determines the arrays, for the fingerprint of pictures that are drawn; '' for
      none, and a fingerprint of the pixels.

  Raises:
    ValueError: 'image' has another dtype or rank, or the arrays are empty or differ in length.
  """

  def __init__(
    self, arrays: Mapping[str, np.ndarray], *, stored: Split | None = None, recipe: str = ''
  ):
    arrays = dict(arrays)
    self.size = len(next(iter(arrays.values()), ()))
    if 'image' in arrays:
      images = arrays['image']
      if images.dtype != np.uint8 or images.ndim != 4:
        raise ValueError(f'images should be uint8 [N, H, W, C], got {images.dtype} {images.shape}')
      arrays.setdefault('label', np.zeros(self.size, np.int32))
      self.image_shape = images.shape[1:]
    if 'label' in arrays:
      arrays['label'] = np.asarray(arrays['label'], np.int32)
    sizes = {name: np.shape(array)[:1] for name, array in arrays.items()}
    if not self.size or set(sizes.values()) != {(self.size,)}:
      raise ValueError(f'fields should have equally many examples, and some: {sizes}')
    self.arrays = arrays
    self.known_labels = arrays.get('label')
    self.names = stored.names if stored else ()
    self.stored_sizes = stored.stored_sizes if stored else ()
    self._stored = stored
    self._recipe = recipe

  @classmethod
  def reading(cls, split: Split, *, batch_size: int = 1024) -> MemorySplit:
    """Reads all examples of another split into memory, in stored order.

    Raises:
      ValueError: `split` yields more or fewer examples than its size.
    """
    arrays: Example = {}
    start = 0
    for batch in split.ordered(batch_size):
      for name, values in batch.items():
        if name not in arrays:
          arrays[name] = np.empty((split.size, *values.shape[1:]), values.dtype)
        arrays[name][start : start + len(values)] = values
      start += len(values)
    if start != split.size:
      raise ValueError(f'{split.size} examples expected, {start} found')
    return cls(arrays, stored=split)

  @property
  def images(self) -> np.ndarray:
    """Images of all examples, uint8 [N, H, W, C]."""
    return self.arrays['image']

  @property
  def labels(self) -> np.ndarray:
    """Labels of all examples, int32 [N]."""
    return self.arrays['label']

  def ordered(self, batch_size: int) -> Iterator[Example]:
    for start in range(0, self.size, batch_size):
      batch = slice(start, start + batch_size)
      yield {name: array[batch] for name, array in self.arrays.items()}

  def example(self, index: int) -> Example:
    return {name: array[index] for name, array in self.arrays.items()}

  def spread(self, count: int) -> Example:
    places = np.arange(count) * self.size // count
    return {name: array[places] for name, array in self.arrays.items()}

  @functools.cached_property
  def _tensors(self) -> dict[str, tf.Tensor]:
    # Graphs capture eager tensors by reference, so no graph holds the pixels (a GraphDef is limited
    # to 2 GB), and one copy in host memory serves every replica.
    with tf.init_scope(), tf.device('CPU:0'):
      tensors = {name: tf.convert_to_tensor(array) for name, array in self.arrays.items()}
    # The tensors are copies; NumPy views of them replace the original arrays, which are freed.
    self.arrays = {name: np.asarray(memoryview(tensor)) for name, tensor in tensors.items()}
    return tensors

  def load(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    return {name: tf.gather(values, references) for name, values in self._tensors.items()}

  def add_content(self, digest: hashlib._Hash) -> None:
    if self._stored is not None:
      self._stored.add_content(digest)
    elif self._recipe:
      digest.update(self._recipe.encode())
    else:
      self._add_pixels(digest)
