"""Splits of image files with random access; files are decoded on every use.

    split = FileSplit(root, names, labels, image_shape=(64, 64, 3), read=read, recipe='crop')

For folders larger than memory. Decoding is Python code, so it runs in the process that builds the
pipeline: on local devices, Cloud TPU VMs and with one process per host, but not on remote workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import concurrent.futures
import hashlib
import os

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import Example, Split
from tfgan_pipeline.data.splits.memory import shuffled_indices
from tfgan_pipeline.data.splits.python_calls import call_python
from tfgan_pipeline.errors import UsageError

# Pillow and file reads release the interpreter lock, so threads are enough.
POOL = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1, 'decode')


class FileSplit(Split):
  """Split whose examples are image files, decoded on every use.

  Args:
    root: Folder of the files; may be gs://.
    names: N paths relative to `root`, in stored order.
    labels: int [N].
    image_shape: (height, width, channels) of the images that `read` returns.
    read: path -> uint8 image of `image_shape`. Its errors end the run as a UsageError naming the
      file, because going on without a lost or damaged example would change the data.
    recipe: Description of what `read` does to pixels, for the fingerprint.
  """

  def __init__(
    self,
    root: str,
    names: Sequence[str],
    labels: Sequence[int] | np.ndarray,
    *,
    image_shape: tuple[int, ...],
    read: Callable[[str], np.ndarray],
    recipe: str,
  ):
    self.names = tuple(names)
    self.labels = self.known_labels = np.asarray(labels, np.int32)
    self.size = len(self.names)
    self.image_shape = image_shape
    self._root = root
    self._read = read
    self._recipe = recipe

  def _read_one(self, index: int) -> np.ndarray:
    path = os.path.join(self._root, self.names[index])
    try:
      return self._read(path)
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      raise UsageError(f'{path}: can no longer be read ({error})') from error

  def _read_many(self, indices: np.ndarray) -> np.ndarray:
    return np.stack(list(POOL.map(self._read_one, indices)))

  def ordered(self, batch_size: int) -> Iterator[Example]:
    for start in range(0, self.size, batch_size):
      indices = np.arange(start, min(start + batch_size, self.size))
      yield {'image': self._read_many(indices), 'label': self.labels[indices]}

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    return shuffled_indices(
      size=self.size, batch_size=batch_size, seed=seed, first_batch=first_batch
    )

  def load(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    (images,) = call_python(lambda rows: [self._read_many(rows)], references, [tf.uint8])
    images = tf.ensure_shape(images, (*references.shape, *self.image_shape))
    return {'image': images, 'label': tf.gather(tf.constant(self.labels), references)}

  def add_content(self, digest: hashlib._Hash) -> None:
    digest.update(self._recipe.encode())
    labels = np.ascontiguousarray(self.labels, '<i4')
    digest.update(labels)  # pyrefly: ignore[bad-argument-type]  (arrays are buffers)
    for name in self.names:
      add_file(digest, os.path.join(self._root, name), name)


def add_file(digest: hashlib._Hash, path: str, name: str) -> None:
  """Updates a hashlib digest with `name` and the size and bytes of the file at `path`."""
  with tf.io.gfile.GFile(path, 'rb') as file:
    digest.update(repr((name, file.size())).encode())
    while chunk := file.read(1 << 22):  # 4 MiB, so that large files need not fit into memory.
      digest.update(chunk)
