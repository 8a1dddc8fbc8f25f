"""Splits of image files with random access; files are decoded on every use.

    split = FileSplit(root, names, labels, image_shape=(64, 64, 3), read=read, recipe='crop')

For folders larger than memory. Decoding is Python code, so it runs in the process that builds the
pipeline: on local devices, Cloud TPU VMs and with one process per host, but not on remote workers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import concurrent.futures
import hashlib
import logging
import os
from typing import IO, Generic, TypeVar

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.known_fingerprints import Facts
from tfgan_pipeline.data.split import Example
from tfgan_pipeline.data.splits.indexed import IndexedSplit
from tfgan_pipeline.data.splits.python_calls import call_python
from tfgan_pipeline.errors import UsageError

# Pillow and file reads release the interpreter lock, so threads are enough.
POOL = concurrent.futures.ThreadPoolExecutor(os.cpu_count() or 1, 'decode')

_NEIGHBOURS = 16  # Tried in place of a broken file; if all are lost, the disk is.
# What a file system that is not local says of files that are gone or damaged, and not of a network.
_LOST = (tf.errors.NotFoundError, tf.errors.DataLossError, tf.errors.OutOfRangeError)
_log = logging.getLogger(__name__)
_Item = TypeVar('_Item')


class NextOfClass(Generic[_Item]):
  """Reads items, and in place of one that is lost the next of its class, with a warning.

  So one broken file ends no run. Which item is taken depends on the files alone.

  Args:
    labels: int [N], classes of the items.
    read: Number of an item -> item; raises an exception if a file is gone or broken.
    path: Number of an item -> its path, for messages.
    name: Number of an item -> its name, for messages.
  """

  def __init__(
    self,
    labels: np.ndarray,
    read: Callable[[int], _Item],
    path: Callable[[int], str],
    name: Callable[[int], str],
  ):
    self._labels = labels
    self._read = read
    self._path, self._name = path, name
    self._broken: set[int] = set()  # Items that a warning has named.

  def read(self, index: int) -> _Item:
    """Returns the item `index`, or another one.

    Raises:
      UsageError: Items beside a lost one are lost, too; or the storage does not answer.
    """
    try:
      return self._read(index)
    except MemoryError:
      raise
    except Exception as error:  # Pillow raises a dozen kinds for damaged files.
      if isinstance(error, tf.errors.OpError) and not isinstance(error, _LOST):
        raise UsageError(f'{self._path(index)}: cannot be read now ({error})') from error
      reason = error
    size = len(self._labels)
    following = (index + np.arange(1, size)) % size
    following = following[self._labels[following] == self._labels[index]][:_NEIGHBOURS]
    for neighbour in following:
      try:
        item = self._read(neighbour)
      except Exception:
        continue
      if index not in self._broken:
        self._broken.add(index)
        _log.warning(
          '%s: can no longer be read (%s); counts as %s',
          *(self._path(index), reason, self._name(neighbour)),
        )
      return item
    raise UsageError(
      f'{self._path(index)}: can no longer be read ({reason}), nor can the {len(following)} beside '
      'it'
    ) from reason


class FileSplit(IndexedSplit):
  """Split whose examples are image files, decoded on every use.

  Args:
    root: Folder of the files; may be gs://.
    names: N paths relative to `root`, in stored order.
    labels: int [N].
    image_shape: (height, width, channels) of the images that `read` returns.
    read: path -> uint8 image of `image_shape`. A file that can no longer be read counts as the next
      one of its class, with a warning.
    recipe: Description of what `read` does to pixels, for the fingerprint.
    stored_sizes: (height, width) of each file as stored; () where unknown.
  """

  can_lose = True

  def __init__(
    self,
    root: str,
    names: Sequence[str],
    labels: Sequence[int] | np.ndarray,
    *,
    image_shape: tuple[int, ...],
    read: Callable[[str], np.ndarray],
    recipe: str,
    stored_sizes: Sequence[tuple[int, int]] = (),
  ):
    self.stored_sizes = stored_sizes
    self.names = tuple(names)
    self.labels = self.known_labels = np.asarray(labels, np.int32)
    self.size = len(self.names)
    self.image_shape = image_shape
    self._root = root
    self._read = read
    self.recipe = recipe
    self._images = NextOfClass(
      self.labels, lambda index: self.example(index)['image'], self._path, self.names.__getitem__
    )

  def _path(self, index: int) -> str:
    return os.path.join(self._root, self.names[index])

  def example(self, index: int) -> Example:
    image = self._read(self._path(index))
    if image.shape != tuple(self.image_shape):
      raise ValueError(f'its shape is {image.shape}, no longer {tuple(self.image_shape)}')
    return {'image': image, 'label': self.labels[index]}

  def _read_many(self, indices: np.ndarray) -> np.ndarray:
    return np.stack(list(POOL.map(self._images.read, indices)))

  def ordered(self, batch_size: int) -> Iterator[Example]:
    for start in range(0, self.size, batch_size):
      indices = np.arange(start, min(start + batch_size, self.size))
      yield {'image': self._read_many(indices), 'label': self.labels[indices]}

  def load(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    (images,) = call_python(lambda rows: [self._read_many(rows)], references, [tf.uint8])
    images = tf.ensure_shape(images, (*references.shape, *self.image_shape))
    return {'image': images, 'label': tf.gather(tf.constant(self.labels), references)}

  def add_content(self, digest: hashlib._Hash) -> None:
    digest.update(self.recipe.encode())
    labels = np.ascontiguousarray(self.labels, '<i4')
    digest.update(labels)  # pyrefly: ignore[bad-argument-type]  (arrays are buffers)
    for name in self.names:
      try:
        add_file(digest, os.path.join(self._root, name), name)
      except (OSError, *_LOST):  # Gone since the folder was listed, and then read as another.
        digest.update(f'{name!r} is lost'.encode())


def open_file(path: str) -> IO[bytes]:
  """Opens a file for reading; a local one may have any name, and others are gs://."""
  return tf.io.gfile.GFile(path, 'rb') if '://' in path else open(path, 'rb')


def add_file(digest: hashlib._Hash | Facts, path: str, name: str) -> None:
  """Updates a digest with `name` and the size and bytes of the file at `path`, or its facts."""
  if isinstance(digest, Facts):
    return digest.add_file(path, name)
  size = tf.io.gfile.stat(path).length if '://' in path else os.path.getsize(path)
  with open_file(path) as file:
    digest.update(repr((name, size)).encode())
    while chunk := file.read(1 << 22):  # 4 MiB, so that large files need not fit into memory.
      digest.update(chunk)
