"""Arrays in .npy and .npz files: listed by their headers, read whole or a block of rows at a time.

    arrays = arrays_in('/tmp/samples.npz')        # name -> StoredArray; nothing is read yet
    for rows in arrays['arr_0'].blocks(256): ...

No code in a file is run: arrays of Python objects (pickles) are listed, and refused when read.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import dataclasses
import math
from typing import IO, cast
import zipfile

import numpy as np
from numpy.lib import format as npy

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError, first_line, is_there_another
from tfgan_pipeline.runs import files

EXTENSIONS = ('.npy', '.npz')


@dataclasses.dataclass(frozen=True)
class StoredArray:
  """An array in a file.

  Attributes:
    path: Path of the file; may be gs://.
    member: Name of the array's member in an .npz file; '' in an .npy file.
    shape: Shape of the array.
    dtype: Dtype of the array.
    is_fortran: Whether the first axis varies fastest in the file.
  """

  path: str
  member: str
  shape: tuple[int, ...]
  dtype: np.dtype
  is_fortran: bool

  def __str__(self) -> str:
    return f'{self.dtype} {list(self.shape)}'

  def read(self) -> np.ndarray:
    """Returns the array; that of a local .npy file is mapped and not read into memory.

    Raises:
      UsageError: The array holds Python objects, or the file ends early.
    """
    if files.is_local(self.path) and not self.member and self.dtype != object and self.shape:
      with _errors(self.path):
        return np.load(self.path, mmap_mode='r', allow_pickle=False)
    (values,) = self._flat_blocks(max(1, math.prod(self.shape)))
    return values.reshape(self.shape[::-1]).T if self.is_fortran else values.reshape(self.shape)

  def blocks(self, rows: int) -> Iterator[np.ndarray]:
    """Yields the array in blocks of so many rows; the last one may have fewer.

    Raises:
      UsageError: The array holds Python objects, or the file ends early.
    """
    if self.is_fortran:
      values = self.read()
      yield from (values[first : first + rows] for first in range(0, len(values), rows))
      return
    for block in self._flat_blocks(rows * math.prod(self.shape[1:])):
      yield block.reshape(-1, *self.shape[1:])

  def _flat_blocks(self, size: int) -> Iterator[np.ndarray]:
    """Yields the elements as they are stored, `size` at a time."""
    if self.dtype.hasobject:
      raise UsageError(
        f'{self.path}: {self.member or "it"} holds Python objects, which are not read'
      )
    with _errors(self.path), _opened(self.path, self.member) as file:
      _read_header(file)
      for first in range(0, max(1, math.prod(self.shape)), size):
        count = min(size, math.prod(self.shape) - first)
        content = file.read(count * self.dtype.itemsize)
        if len(content) < count * self.dtype.itemsize:
          raise UsageError(f'{self.path}: ends before its last value')
        yield np.frombuffer(content, self.dtype)


def arrays_in(path: str) -> dict[str, StoredArray]:
  """Returns the arrays of an .npz file by name, or the one of an .npy file under the name ''.

  Raises:
    UsageError: There is no such file, or it is neither; the message names no flag.
  """
  found = {}
  for member in _members(path):
    with _errors(path), _opened(path, member) as file:
      found[member.removesuffix('.npy')] = StoredArray(path, member, *_read_header(file))
  return found


def _members(path: str) -> list[str]:
  with _errors(path), tf.io.gfile.GFile(path, 'rb') as file:
    if file.read(6) == npy.MAGIC_PREFIX:
      return ['']
    file.seek(0)
    with zipfile.ZipFile(cast(IO[bytes], file)) as archive:
      return [name for name in archive.namelist() if name.endswith('.npy')]


@contextlib.contextmanager
def _opened(path: str, member: str) -> Iterator[IO[bytes]]:
  with tf.io.gfile.GFile(path, 'rb') as file:
    if not member:
      yield cast(IO[bytes], file)
      return
    with zipfile.ZipFile(cast(IO[bytes], file)) as archive, archive.open(member) as stream:
      yield stream


def _read_header(file: IO[bytes]) -> tuple[tuple[int, ...], np.dtype, bool]:
  """Reads to the first value; returns shape, dtype, and whether the order is Fortran's."""
  version = npy.read_magic(file)
  read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
  shape, is_fortran, dtype = read(file)
  return shape, dtype, is_fortran


@contextlib.contextmanager
def _errors(path: str) -> Iterator[None]:
  """Turns errors of a block that reads `path` into UsageError."""
  try:
    yield
  except UsageError:
    raise
  except (tf.errors.NotFoundError, FileNotFoundError):
    raise UsageError(f'{path}: no such file{is_there_another(path)}') from None
  except Exception as error:  # zipfile, numpy and the file system each have errors of their own.
    raise UsageError(f'{path}: not an .npz file, and no .npy file ({first_line(error)})') from None
