"""Files that others read whole or not at all, and one line when they cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import errno
import os
import re
import uuid

from tfgan_pipeline.errors import Unreachable, WriteError, first_line
from tfgan_pipeline.runs import files

_TEMPORARY = re.compile(r'\.[0-9a-f]{32}\.tmp$')


def write(path: str, content: str | bytes, *, durable: bool = True) -> None:
  """Replaces a file; a reader meets the old or the new content, also after a loss of power.

  Args:
    path: May be gs://, where a file that has been written is on disk.
    content: Text is written as UTF-8.
    durable: Whether to wait until the disk has it, some milliseconds. Without, a loss of power soon
      afterwards can leave an empty file: for what can be made again.
  """
  temporary = f'{path}.{uuid.uuid4().hex}.tmp'
  durable = durable and files.is_local(path)
  try:
    files.write_bytes(temporary, content.encode() if isinstance(content, str) else content)
    if durable:
      _sync_file(temporary)
    files.move(temporary, path)
  except BaseException:
    with contextlib.suppress(OSError):
      files.remove(temporary)
    raise
  if durable:
    sync_folder(path)


def sync(*paths: str) -> None:
  """Waits until the disk has these files and their names; paths in buckets are passed over.

  For files that others write, such as tf.train.Checkpoint.

  Raises:
    OSError: A file is not there, or the disk cannot take it.
  """
  local = [path for path in paths if files.is_local(path)]
  for path in local:
    _sync_file(path)
  for path in {os.path.dirname(path): path for path in local}.values():
    sync_folder(path)


def _sync_file(path: str) -> None:
  file = os.open(path, os.O_RDONLY)
  try:
    os.fsync(file)
  finally:
    os.close(file)


def sync_folder(path: str) -> None:
  """Waits until the disk has the name of a file, where the file system can say so."""
  try:
    _sync_file(os.path.dirname(path) or '.')
  except OSError as error:
    if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EACCES):
      raise


def remove_leftovers(directory: str) -> None:
  """Removes what a killed `write` has left in a directory. Only for its one writer."""
  for name in files.names_in(directory):
    if _TEMPORARY.search(name):
      files.remove(os.path.join(directory, name))


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
  """Turns TensorFlow's and Python's errors in writing at or below `path` into WriteError.

  What is read meanwhile, and cannot be now, stays Unreachable.
  """
  try:
    yield
  except (WriteError, Unreachable):
    raise
  except Exception as error:
    if not isinstance(error, OSError) and not _is_of_tensorflow(error):
      raise
    raise WriteError(f'{path}: cannot be written ({first_line(error)})') from None


def _is_of_tensorflow(error: Exception) -> bool:
  """Whether TensorFlow raised it, which is not imported here to tell."""
  return any(kind.__name__ == 'OpError' for kind in type(error).__mro__)
