"""Reads large arrays of .npz files without ever holding a whole one in memory."""

from __future__ import annotations

from collections.abc import Collection
import io
import math
from typing import IO
import zipfile

import numpy as np

from tfgan_pipeline.errors import UsageError, WriteError, first_line, is_there_another
from tfgan_pipeline.metrics.stored_rows import StoredRows
from tfgan_pipeline.runs import files

_BYTES = 16 * 2**20  # Read at a time.
_HEADERS = {
  (1, 0): np.lib.format.read_array_header_1_0,
  (2, 0): np.lib.format.read_array_header_2_0,
}


def read_large_arrays(path: str, names: Collection[str]) -> dict[str, np.ndarray]:
  """Reads some arrays of an .npz file, those beyond 128 MiB as an np.memmap of a temporary file.

  Checksums are verified, and nothing that the file holds is run.

  Args:
    path: Path of the file; may be gs://.
    names: Names of the arrays; those that the file lacks are left out.

  Raises:
    UsageError: There is no such file, or it cannot be read; the message names no flag.
    WriteError: The temporary file finds no room.
  """
  try:
    with open(path, 'rb') if files.is_local(path) else io.BytesIO(files.read_bytes(path)) as file:
      with zipfile.ZipFile(file) as archive:
        members = {name.removesuffix('.npy'): name for name in archive.namelist()}
        arrays = {}
        for name in names:
          if name in members:
            with archive.open(members[name]) as member:
              arrays[name] = _read(member)
        return arrays
  except FileNotFoundError:
    raise UsageError(f'{path}: no such file{is_there_another(path)}') from None
  except WriteError:
    raise
  except Exception as error:  # zipfile, numpy and the file system each have errors of their own.
    raise UsageError(f'{path}: not an .npz file ({first_line(error)})') from None


def _read(member: IO[bytes]) -> np.ndarray:
  version = np.lib.format.read_magic(member)
  shape, columns_first, dtype = _HEADERS[version](member)
  if columns_first and len(shape) > 1 or dtype.hasobject or not shape:
    raise ValueError('an array is not stored by rows')
  rows = StoredRows()
  width = math.prod(shape[1:])
  size = max(1, _BYTES // max(1, width * dtype.itemsize))
  for first in range(0, max(1, shape[0]), size):
    count = min(size, shape[0] - first)
    content = member.read(count * width * dtype.itemsize)
    rows.append(np.frombuffer(content, dtype).reshape(count, *shape[1:]))
  if member.read(1):
    raise ValueError('an array is longer than it says')
  return rows.matrix()
