"""A split held in memory as one uint8 array: random access, and batches are a single gather.

    split = MemorySplit(images, labels)     # uint8 [N, H, W, C], int32 [N]

`MemorySplit.reading(split)` copies a split of another kind into memory, and keeps its fingerprint.
"""

from __future__ import annotations

from collections.abc import Iterator
import functools
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import Split
from tfgan_pipeline.data.keys import shuffle


def shuffled_indices(*, size: int, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
  """`Split.references` of every split with random access: int64 [batch_size] indices.

  A batch is computed from its number, so starting anywhere costs nothing.
  """

  @tf.autograph.experimental.do_not_convert
  def batch(number: tf.Tensor) -> tf.Tensor:
    return shuffle(number * batch_size + tf.range(batch_size, dtype=tf.int64), size, seed)

  return tf.data.Dataset.range(first_batch, tf.int64.max).map(batch)


class MemorySplit(Split):
  """Examples in memory.

  Args:
    images: uint8 [N, H, W, C], N > 0. Not copied: leave it unchanged.
    labels: int [N], or None when there are none.
    stored: The same examples in their files, whose fingerprint is then this split's too.
  """

  def __init__(
    self, images: np.ndarray, labels: np.ndarray | None = None, *, stored: Split | None = None
  ):
    if images.dtype != np.uint8 or images.ndim != 4 or not len(images):
      raise ValueError(f'images should be uint8 [N, H, W, C], got {images.dtype} {images.shape}')
    if labels is not None and np.shape(labels) != (len(images),):
      raise ValueError(f'{len(images)} images but labels of shape {np.shape(labels)}')
    self.images = images
    self.labels = (
      np.zeros(len(images), np.int32) if labels is None else np.asarray(labels, np.int32)
    )
    self.size = len(images)
    self.image_shape = images.shape[1:]
    self._stored = stored

  @classmethod
  def reading(cls, split: Split, *, batch_size: int = 1024) -> MemorySplit:
    """All of another split's examples, in its stored order."""
    images = np.empty((split.size, *split.image_shape), np.uint8)
    labels = np.empty(split.size, np.int32)
    start = 0
    for batch_images, batch_labels in split.ordered(batch_size):
      stop = start + len(batch_images)
      images[start:stop], labels[start:stop] = batch_images, batch_labels
      start = stop
    if start != split.size:
      raise ValueError(f'{split.size} examples expected, {start} found')
    return cls(images, labels, stored=split)

  def ordered(self, batch_size: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for start in range(0, self.size, batch_size):
      yield self.images[start : start + batch_size], self.labels[start : start + batch_size]

  def spread(self, count: int) -> tuple[np.ndarray, np.ndarray]:
    places = np.arange(count) * self.size // count
    return self.images[places], self.labels[places]

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    return shuffled_indices(
      size=self.size, batch_size=batch_size, seed=seed, first_batch=first_batch
    )

  @functools.cached_property
  def _tensors(self) -> tuple[tf.Tensor, tf.Tensor]:
    # Eager tensors are captured by reference, so no graph holds the pixels (a GraphDef ends at
    # 2 GB), and one copy in host memory serves every replica.
    with tf.init_scope(), tf.device('CPU:0'):
      images, labels = tf.convert_to_tensor(self.images), tf.convert_to_tensor(self.labels)
    # The tensor is a copy; looking into it from NumPy lets the original go.
    self.images = np.asarray(memoryview(images))
    return images, labels

  def load(self, references: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    images, labels = self._tensors
    return tf.gather(images, references), tf.gather(labels, references)

  def add_content(self, digest: Any) -> None:
    if self._stored is None:
      self._add_pixels(digest)
    else:
      self._stored.add_content(digest)
