"""Splits of pictures in Parquet files, of which a few row groups are in memory at a time.

split = ParquetSplit(table, rows, labels, image_shape=(64, 64, 3), decode=decode, recipe='crop')
"""

from __future__ import annotations

import collections
from collections.abc import Callable, Iterator
import functools
import hashlib
import itertools
import logging
import threading

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.known_fingerprints import Facts
from tfgan_pipeline.data.parquet.table import RowGroup, Table
from tfgan_pipeline.data.split import Example, Split
from tfgan_pipeline.data.splits.files import POOL
from tfgan_pipeline.data.splits.python_calls import call_python
from tfgan_pipeline.data.splits.windows import groups_in_windows, shuffled_rows
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files

_log = logging.getLogger(__name__)
_MAX_WARNINGS = 100  # Pictures named in the log.


class ParquetSplit(Split):
  """Split of some rows of a table, decoded on every use.

  A picture that cannot be decoded counts as the next one of its row group that can, with the label
  of that, and is named in the log.

  Args:
    table: Files and columns.
    rows: Numbers of the split's rows in the table, int64 [n], ascending.
    labels: int [n].
    image_shape: (height, width, channels) of the images that `decode` returns.
    decode: Content of a picture file -> uint8 image of `image_shape`.
    recipe: Description of what `decode` does to pixels, for the fingerprint.
  """

  can_lose = True

  def __init__(
    self,
    table: Table,
    rows: np.ndarray,
    labels: np.ndarray,
    *,
    image_shape: tuple[int, ...],
    decode: Callable[[bytes], np.ndarray],
    recipe: str,
  ):
    self.size = len(rows)
    self.image_shape = image_shape
    self.known_labels = self._labels = np.asarray(labels, np.int32)
    self._table = table
    self._rows = rows
    self._decode = decode
    self._recipe = recipe
    ends = np.cumsum([group.size for group in table.groups])
    self._starts = ends - [group.size for group in table.groups]
    owners = np.searchsorted(ends, rows, side='right')
    # Numbers of the split's rows in each row group; groups without any are left out.
    self._sizes = [int(size) for size in np.bincount(owners) if size]
    self._owners = owners
    # Batches are computed ahead, in parallel, so that a window may begin while another ends.
    self._kept = 2 * groups_in_windows(self._sizes)
    self._groups: collections.OrderedDict[int, list[bytes | None]] = collections.OrderedDict()
    self._lock = threading.Lock()
    self._warned: set[int] = set()

  def _contents(self, owner: int) -> list[bytes | None]:
    """Returns the contents of the picture files of a row group; keeps the latest groups."""
    with self._lock:
      if owner not in self._groups:
        self._groups[owner] = read_pictures(self._table.groups[owner], self._table.image)
      self._groups.move_to_end(owner)
      while len(self._groups) > self._kept:
        self._groups.popitem(last=False)
      return self._groups[owner]

  def _picture(self, index: int) -> np.ndarray:
    owner = self._owners[index]
    content = self._contents(owner)[self._rows[index] - self._starts[owner]]
    if content is None:
      raise ValueError('no picture in this row; paths are not opened')
    image = self._decode(content)
    if image.shape != self.image_shape:
      raise ValueError(f'of shape {image.shape}, not {self.image_shape}')
    return image

  def _read_one(self, index: int) -> tuple[np.ndarray, int]:
    """Returns image and label of an example, or of the next in its row group that is whole."""
    owner = self._owners[index]
    first, last = np.searchsorted(self._owners, [owner, owner + 1])
    for other in itertools.chain(range(index, last), range(first, index)):
      try:
        return self._picture(other), self._labels[other]
      except (MemoryError, UsageError):  # Of the file.
        raise
      except Exception as error:  # Pillow raises a dozen kinds for damaged files.
        self._warn(other, owner, error)
    path = self._table.groups[owner].path
    raise UsageError(f'{path}: none of {last - first} pictures of a row group can be read')

  def _warn(self, index: int, owner: int, error: Exception) -> None:
    with self._lock:
      is_new = index not in self._warned and len(self._warned) < _MAX_WARNINGS
      self._warned |= {index} if is_new else set()
    if is_new:
      path, row = self._table.groups[owner].path, self._rows[index]
      _log.warning('%s: row %d counts as another, as it cannot be read (%s)', path, row, error)

  def _read(self, indices: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    images, labels = zip(*POOL.map(self._read_one, indices))
    return np.stack(images), np.array(labels, np.int32)

  def example(self, index: int) -> Example:
    return {'image': self._picture(index), 'label': self._labels[index]}

  def ordered(self, batch_size: int) -> Iterator[Example]:
    for start in range(0, self.size, batch_size):
      images, labels = self._read(np.arange(start, min(start + batch_size, self.size)))
      yield {'image': images, 'label': labels}
    with self._lock:
      self._groups.clear()  # Whoever keeps the images needs no files.

  def references(self, *, batch_size: int, seed: int, first_batch: int) -> tf.data.Dataset:
    return shuffled_rows(self._sizes, batch_size=batch_size, seed=seed, first_batch=first_batch)

  def load(self, references: tf.Tensor) -> dict[str, tf.Tensor]:
    images, labels = call_python(self._read, references, [tf.uint8, tf.int32])
    return {
      'image': tf.ensure_shape(images, (*references.shape, *self.image_shape)),
      'label': tf.ensure_shape(labels, references.shape),
    }

  def add_content(self, digest: hashlib._Hash | Facts) -> None:
    names = f'{self._recipe} {self._table.image} {self._table.label}'
    digest.update(names.encode() + np.asarray(self._rows, '<i8').tobytes())
    for path in dict.fromkeys(group.path for group in self._table.groups):
      if isinstance(digest, Facts):
        digest.add_file(path, '')
        continue
      digest.update(_digest_of_file(path, files.version(path)).encode())


def read_pictures(group: RowGroup, image: str) -> list[bytes | None]:
  """Reads the contents of picture files from a column of one row group; None for empty cells."""
  import pyarrow
  import pyarrow.parquet

  try:
    with pyarrow.parquet.ParquetFile(group.path) as file:
      cells = file.read_row_group(group.number, columns=[image]).column(0).to_pylist()
  except (OSError, pyarrow.ArrowException) as error:
    reason = str(error).split('\n')[0]
    raise UsageError(f'{group.path}: can no longer be read ({reason})') from error
  return [cell['bytes'] if isinstance(cell, dict) else cell for cell in cells]


@functools.lru_cache(maxsize=4096)
def _digest_of_file(path: str, version: object) -> str:
  """Returns a hash of a file; `version` tells one content from another under the same path."""
  del version
  content = hashlib.sha256()
  for block in files.blocks(path):
    content.update(block)
  return content.hexdigest()
