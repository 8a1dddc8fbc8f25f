"""Arrays in npy and npz files, opened without running code in them and without reading pixels.

    kinds = kinds_in('/data/faces.npz')                           # {'images': Kind(...), ...}
    images = open_array('/data/faces.npz', 'images', limit=4e9)   # a memory map

An npy file, and what np.savez wrote into an npz file, is mapped into memory. What
np.savez_compressed wrote, or what lies in a bucket, has to be read whole.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import dataclasses
import io
import math
import os
from typing import IO
import zipfile

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files

_ALWAYS = 2**26  # Bytes that are read whole whatever the limit: labels are far less.
_FIXED_HEADER = 30  # Bytes ahead of a member's name in a zip file (APPNOTE.TXT, section 4.3.7).


@dataclasses.dataclass(frozen=True)
class Kind:
  """Shape, dtype and memory order of a stored array, as its header says."""

  shape: tuple[int, ...]
  dtype: np.dtype
  fortran_order: bool = False

  @property
  def nbytes(self) -> int:
    """Bytes of the whole array."""
    return math.prod(self.shape) * self.dtype.itemsize

  def __str__(self) -> str:
    return f'{self.dtype} {self.shape}'


def kinds_in(path: str) -> dict[str, Kind]:
  """Returns the kind of each array in a file by name; the one array of an npy file is ''.

  Raises:
    UsageError: There is no such file, or it is no npy or npz file, or damaged.
  """
  with _readable(path) as stream:
    if not zipfile.is_zipfile(stream):
      stream.seek(0)
      return {'': _read_kind(stream)}
    kinds = {}
    with zipfile.ZipFile(stream) as archive:
      for name in archive.namelist():
        if name.endswith('.npy'):
          with archive.open(name) as member:
            kinds[name.removesuffix('.npy')] = _read_kind(member)
    return kinds


def open_array(path: str, name: str, *, limit: float) -> np.ndarray:
  """Returns one array of a file, mapped into memory where the file allows that.

  Args:
    path: Path of the file; may be gs://.
    name: Name of the array in an npz file; '' for an npy file.
    limit: Number of bytes beyond which an array that cannot be mapped is refused.

  Raises:
    UsageError: The array holds Python objects, is larger than `limit`, or is damaged.
  """
  with _readable(path) as stream:
    if not name:
      kind = _checked(path, _read_kind(stream))
      if files.is_local(path):
        return _map(path, kind, stream.tell())
      _require_room(path, kind, limit)
      stream.seek(0)
      return np.lib.format.read_array(stream, allow_pickle=False)
    with zipfile.ZipFile(stream) as archive, archive.open(f'{name}.npy') as member:
      kind = _checked(f'{path}[{name}]', _read_kind(member))
      info = archive.getinfo(f'{name}.npy')
      header = member.tell()
      if header + kind.nbytes != info.file_size:
        raise UsageError(f'{path}: damaged, as {name} is {info.file_size:,} bytes long')
      if files.is_local(path) and info.compress_type == zipfile.ZIP_STORED:
        return _map(path, kind, _content_start(stream, info) + header)
      _require_room(path, kind, limit)
    with archive_member(path, name) as member:
      return np.lib.format.read_array(member, allow_pickle=False)


@contextlib.contextmanager
def archive_member(path: str, name: str) -> Iterator[IO[bytes]]:
  """Opens one array of an npz file for reading from its start."""
  with _readable(path) as stream, zipfile.ZipFile(stream) as archive:
    with archive.open(f'{name}.npy') as member:
      yield member


@contextlib.contextmanager
def _readable(path: str) -> Iterator[IO[bytes]]:
  """Opens a file, and raises UsageError about `path` if the block cannot read it."""
  try:
    with open(path, 'rb') if files.is_local(path) else io.BytesIO(files.read_bytes(path)) as stream:
      yield stream
  except UsageError:
    raise
  except FileNotFoundError:
    raise UsageError(f'{path}: there is no such file') from None
  # zipfile and NumPy raise a dozen kinds for damaged files.
  except Exception as error:
    reason = str(error).split('\n')[0] or type(error).__name__
    raise UsageError(f'{path}: cannot be read as npy or npz ({reason})') from None


def _read_kind(stream: IO[bytes]) -> Kind:
  """Reads the header of an npy file and leaves `stream` where the numbers begin."""
  version = np.lib.format.read_magic(stream)
  if version == (1, 0):
    shape, fortran_order, dtype = np.lib.format.read_array_header_1_0(stream)
  elif version == (2, 0):
    shape, fortran_order, dtype = np.lib.format.read_array_header_2_0(stream)
  else:  # Version 3 is for names of columns.
    raise ValueError(f'version {version} of the format, which holds no pictures')
  return Kind(shape, dtype, fortran_order)


def _checked(where: str, kind: Kind) -> Kind:
  if kind.dtype.hasobject:
    raise UsageError(
      f'{where}: holds Python objects, which are not loaded, as that can run any code; '
      'save numbers: np.save(file, np.stack(list_of_pictures))'
    )
  return kind


def _map(path: str, kind: Kind, offset: int) -> np.ndarray:
  if os.path.getsize(path) < offset + kind.nbytes:
    raise UsageError(f'{path}: ends early, before its {kind.shape} numbers {kind.dtype}')
  if not kind.nbytes:
    return np.empty(kind.shape, kind.dtype)
  order = 'F' if kind.fortran_order else 'C'
  return np.memmap(path, kind.dtype, 'r', offset, kind.shape, order)


def _require_room(path: str, kind: Kind, limit: float) -> None:
  if kind.nbytes > max(limit, _ALWAYS):
    raise UsageError(
      f'{path}: {kind} takes {kind.nbytes / 1e9:.1f} GB, more than --memory_limit_gb, and is '
      'compressed or in a bucket; np.save or np.savez to a local disk makes a file that is streamed'
    )


def _content_start(stream: IO[bytes], info: zipfile.ZipInfo) -> int:
  """Returns the place in a zip file at which the content of a stored member begins."""
  stream.seek(info.header_offset)
  header = stream.read(_FIXED_HEADER)
  # Lengths of the name and of the extra field, which may differ from those in the directory.
  return info.header_offset + _FIXED_HEADER + sum(np.frombuffer(header[26:30], '<u2').tolist())
