"""Matrices too large for memory, in temporary files, and their rows a block at a time.

    store = StoredRows()
    for rows in batches:
      store.append(rows)              # float32 [n, D], any n
    matrix = store.matrix()           # an array, or an np.memmap of a temporary file
    for rows in row_blocks(matrix, 4096):
      ...                             # memory holds one block of a file

An np.memmap is an array to all code; reading all of it at once merely takes the memory of an array.
"""

from __future__ import annotations

from collections.abc import Iterator
import errno
import mmap
import tempfile
from typing import BinaryIO

import numpy as np

from tfgan_pipeline.errors import WriteError

# Bytes that are kept in memory: two sets take a quarter of what TensorFlow does.
_IN_MEMORY = 128 * 2**20


class StoredRows:
  """Rows of one matrix that come in batches; from 128 MiB on they lie in a temporary file.

  The file has no name and is gone with the last array that reads it. $TMPDIR says where it lies.
  """

  def __init__(self) -> None:
    self._parts: list[np.ndarray] = []
    self._file: BinaryIO | None = None
    self._bytes = self._count = 0

  def append(self, rows: np.ndarray) -> None:
    """Adds rows [n, ...] of one dtype and width.

    Raises:
      WriteError: The disk has no room for them.
    """
    self._count += len(rows)
    self._bytes += rows.nbytes
    self._parts.append(rows)
    if self._file is None and self._bytes <= _IN_MEMORY:
      return
    try:
      self._file = self._file or tempfile.TemporaryFile()
      for part in self._parts:
        self._file.write(np.ascontiguousarray(part).data)
    except OSError as error:
      if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES):
        raise
      raise WriteError(
        f'{tempfile.gettempdir()}: no room for {self._bytes / 1e6:.0f} MB of features '
        f'({error.strerror}); set TMPDIR to a folder that has it'
      ) from None
    self._parts = [rows[:0]]  # Tells `matrix` the dtype and the width.

  def matrix(self) -> np.ndarray:
    """Returns all rows [N, ...] as one array.

    Raises:
      ValueError: There are none.
    """
    if self._file is None:
      return np.ascontiguousarray(np.concatenate(self._parts))
    self._file.flush()
    like = self._parts[0]
    # Copy on write: whoever changes the array in place changes no file.
    return np.memmap(self._file, like.dtype, 'c', shape=(self._count, *like.shape[1:]))


def row_blocks(matrix: np.ndarray, size: int) -> Iterator[np.ndarray]:
  """Yields consecutive rows [size or fewer, ...]; of an np.memmap only one block is in memory."""
  for first in range(0, len(matrix), size):
    yield matrix[first : first + size]
    release(matrix)


def release(matrix: np.ndarray) -> None:
  """Gives back the memory that the pages of an np.memmap take; they are read again when needed.

  Does nothing for other arrays, and where the system knows no such request.
  """
  pages = getattr(matrix, '_mmap', None)  # The mmap object of an np.memmap, or of a part of one.
  if isinstance(pages, mmap.mmap) and hasattr(mmap, 'MADV_DONTNEED'):
    pages.madvise(mmap.MADV_DONTNEED)
