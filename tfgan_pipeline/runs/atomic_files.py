"""Atomic and durable writing of files, and errors of writing in one line."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import errno
import os
import re
from typing import BinaryIO
import uuid

from tfgan_pipeline.errors import Unreachable, WriteError, first_line
from tfgan_pipeline.runs import files

_TEMPORARY = re.compile(r'\.[0-9a-f]{32}\.tmp$')


def write(path: str, content: str | bytes | BinaryIO, *, durable: bool = True) -> None:
  """Replaces a file atomically: readers get the old or the new content, also after a power loss.

  Args:
    path: Path of the file; may be gs://.
    content: The new content, or an open file that has it from where it stands; text is written as
      UTF-8.
    durable: Whether to wait some milliseconds until the disk has the content; a bucket has it when
      the call returns. Without it a power loss soon afterwards can leave an empty file, which is
      fine for files that can be made again.

  Raises:
    OSError: The file cannot be written; the old content is kept.
  """
  content = content.encode() if isinstance(content, str) else content
  if not files.is_local(path):  # An object appears as a whole, in one request.
    return files.write_bytes(path, content)
  temporary = f'{path}.{uuid.uuid4().hex}.tmp'
  try:
    files.write_bytes(temporary, content)
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
  """Waits until the disk has the files at `paths` and their names; skips paths in buckets.

  Made for files that other libraries write, such as tf.train.Checkpoint.

  Raises:
    OSError: A file does not exist, or the disk cannot store it.
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
  """Waits until the disk has the name of the file `path`, if the file system supports it."""
  try:
    _sync_file(os.path.dirname(path) or '.')
  except OSError as error:
    if error.errno not in (errno.EINVAL, errno.ENOTSUP, errno.EACCES):
      raise


def remove_leftovers(directory: str) -> None:
  """Removes temporary files that a killed `write` left; only for the directory's sole writer."""
  for name in files.names_in(directory):
    if _TEMPORARY.search(name):
      files.remove(os.path.join(directory, name))


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
  """Turns TensorFlow's and Python's errors of a block that writes at `path` into WriteError.

  Unreachable, the error of reads within the block, passes unchanged.
  """
  try:
    yield
  except (WriteError, Unreachable):
    raise
  except Exception as error:
    if not isinstance(error, OSError) and not _is_tensorflow_error(error):
      raise
    raise WriteError(f'{path}: cannot be written ({first_line(error)})') from None


def _is_tensorflow_error(error: Exception) -> bool:
  """Returns whether TensorFlow raised the error; told by names, without importing TensorFlow."""
  return any(kind.__name__ == 'OpError' for kind in type(error).__mro__)
