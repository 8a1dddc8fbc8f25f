"""File access by path: Python for this machine's disks, TensorFlow for buckets (gs://).

TensorFlow is imported at the first path in a bucket, so that tfgan-compare, which reads a few lines
of JSON, starts fast. Errors of writing are OSErrors. Errors of reading are FileNotFoundError,
UsageError for a path that can never be read, and Unreachable for an error that may pass.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import errno
import glob
import io
import os
import re
import shutil
import stat
from typing import Any, BinaryIO

from tfgan_pipeline.errors import Unreachable, UsageError, first_line

# Errors of paths that no waiting makes readable.
_PERMANENT_ERRORS = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)


def is_local(path: str) -> bool:
  """Returns whether a path is on this machine's file systems, rather than in a bucket."""
  return '://' not in path


def below(folder: str, path: str) -> str:
  """Returns a path below a folder; a whole path, as that of a bucket, is returned as it is."""
  return path if '://' in path else os.path.join(folder, path)


def exists(path: str) -> bool:
  """Returns whether a file or folder exists; raises Unreachable if the storage does not answer."""
  try:
    with _convert_read_errors(path):
      if is_local(path):
        os.stat(path)
        return True
      with _bucket(path) as gfile:
        return gfile.exists(path)
  except FileNotFoundError:
    return False


def is_folder(path: str) -> bool:
  """Returns whether `path` is a folder; raises Unreachable if the storage does not answer."""
  try:
    with _convert_read_errors(path):
      if is_local(path):
        return stat.S_ISDIR(os.stat(path).st_mode)
      with _bucket(path) as gfile:
        return gfile.stat(path).is_directory  # gfile.isdir says no on any error.
  except FileNotFoundError:
    return False


def names_in(folder: str) -> list[str]:
  """Returns the sorted names in a folder; [] for a folder that does not exist.

  Raises:
    UsageError: The folder can never be listed, for instance for lack of permission.
    Unreachable: The storage does not answer.
  """
  try:
    with _convert_read_errors(folder):
      if is_local(folder):
        return sorted(os.listdir(folder))
      with _bucket(folder) as gfile:
        return sorted(name.rstrip('/') for name in gfile.listdir(folder))
  except FileNotFoundError:
    # TensorFlow reports a folder that it cannot reach as missing, since it asks gfile.isdir first.
    if not is_local(folder) and is_folder(folder):
      raise Unreachable(f'{folder}: cannot be listed now; the same command continues') from None
    return []


def matches(pattern: str) -> list[str]:
  """Returns the sorted paths that match a pattern with *, ? and [...]."""
  if is_local(pattern):
    names_in(
      os.path.dirname(re.split(r'[*?[]', pattern)[0]) or '.'
    )  # For its errors: glob hides them.
    return sorted(glob.glob(pattern))
  try:
    with _convert_read_errors(pattern), _bucket(pattern) as gfile:
      return sorted(gfile.glob(pattern))
  except FileNotFoundError:
    return []


def version(path: str) -> object:
  """Returns inode, size and time of a local file, to notice changes; None if remote or no file."""
  if not is_local(path):
    return None
  try:
    with _convert_read_errors(path), open(path, 'rb') as file:  # NFS answers os.stat from a cache.
      facts = os.fstat(file.fileno())
  except (FileNotFoundError, IsADirectoryError):
    return None
  return facts.st_ino, facts.st_size, facts.st_mtime_ns


def facts(path: str) -> tuple[tuple[int, ...], float]:
  """Returns numbers that change when a file does, and when it last did, in seconds since 1970.

  The numbers are size, times in nanoseconds and inode of a local file, and size and time of an
  object in a bucket.
  """
  if is_local(path):
    found = os.stat(path)
    times = found.st_mtime_ns, found.st_ctime_ns
    return (found.st_size, *times, found.st_ino), max(times) / 1e9
  with _bucket(path) as gfile:
    found = gfile.stat(path)
  return (found.length, found.mtime_nsec), found.mtime_nsec / 1e9


def make_folder(path: str) -> None:
  """Makes a folder and its parents, unless they exist."""
  if is_local(path):
    os.makedirs(path, exist_ok=True)
  else:
    with _bucket(path) as gfile:
      gfile.makedirs(path)


def read_bytes(path: str) -> bytes:
  """Returns the content of a file as bytes."""
  return b''.join(blocks(path))


def blocks(path: str, size: int = 2**24) -> Iterator[bytes]:
  """Yields the content of a file in blocks of `size` bytes; the last one may be shorter."""
  with contextlib.ExitStack() as stack:
    stack.enter_context(_convert_read_errors(path))
    opener = open if is_local(path) else stack.enter_context(_bucket(path)).GFile
    file = stack.enter_context(opener(path, 'rb'))
    while block := file.read(size):
      yield block


def read_text(path: str) -> str:
  """Returns the content of a file as text; replaces bytes that are not UTF-8."""
  return read_bytes(path).decode(errors='replace')


def write_bytes(path: str, content: bytes | BinaryIO) -> None:
  """Writes a file in place, from bytes or from an open file, which is read to its end.

  Readers may see half of the file; atomic_files.write avoids that.
  """
  source = io.BytesIO(content) if isinstance(content, bytes) else content
  if is_local(path):
    with open(path, 'wb') as file:
      shutil.copyfileobj(source, file)
  else:
    with _bucket(path) as gfile:
      if path.startswith('ram://'):  # This file system in memory appends where others replace.
        with contextlib.suppress(FileNotFoundError), _bucket(path):
          gfile.remove(path)
      with gfile.GFile(path, 'wb') as file:
        shutil.copyfileobj(source, file)


def append(path: str, text: str | bytes) -> None:
  """Appends text or bytes to a file, made if missing; locally in one system call if possible."""
  content = text.encode() if isinstance(text, str) else text
  if is_local(path):
    with open(path, 'ab', buffering=0) as file:
      while content:  # A disk that is nearly full takes fewer bytes.
        content = content[file.write(content) :]
  else:
    with _bucket(path) as gfile, gfile.GFile(path, 'ab') as file:
      file.write(content)


def move(source: str, target: str) -> None:
  """Renames a file from `source` to `target`; replaces a file at `target`."""
  if is_local(source):
    os.replace(source, target)
  else:
    with _bucket(source) as gfile:
      gfile.rename(source, target, overwrite=True)


def remove(path: str) -> None:
  """Removes a file, or a folder with its contents."""
  if is_local(path):
    shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.remove(path)
  else:
    with _bucket(path) as gfile:
      gfile.rmtree(path) if gfile.isdir(path) else gfile.remove(path)


def remove_file(path: str) -> None:
  """Removes a file; in a bucket without asking first whether it is a folder."""
  if is_local(path):
    os.remove(path)
  else:
    with _bucket(path) as gfile:
      gfile.remove(path)


@contextlib.contextmanager
def _convert_read_errors(path: str) -> Iterator[None]:
  """Turns errors of a block that reads `path` into UsageError if permanent, else Unreachable.

  FileNotFoundError and IsADirectoryError pass unchanged.
  """
  try:
    yield
  except NotADirectoryError as error:
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
  except (FileNotFoundError, IsADirectoryError):
    raise
  except OSError as error:
    reason = error.strerror or first_line(error)
    if error.errno in _PERMANENT_ERRORS:
      raise UsageError(f'{path}: {reason}') from None
    raise Unreachable(
      f'{path}: cannot be read now ({reason}); the same command continues'
    ) from None


@contextlib.contextmanager
def _bucket(path: str) -> Iterator[Any]:
  """Yields TensorFlow's file access, tf.io.gfile; turns its errors into OSErrors."""
  from tfgan_pipeline.compat import tf

  try:
    yield tf.io.gfile
  except tf.errors.NotFoundError:
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None
  except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError) as error:
    raise OSError(errno.EINVAL, first_line(error), path) from None
  # PermissionDeniedError too, which also comes while a machine cannot renew its credentials.
  except tf.errors.OpError as error:
    raise OSError(errno.EIO, first_line(error), path) from None
