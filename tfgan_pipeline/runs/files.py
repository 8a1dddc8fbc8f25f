"""Files by their paths: on this machine's disks by Python, in buckets (gs://) by TensorFlow.

TensorFlow is imported when the first path of a bucket comes, so that tfgan-compare, which reads a
few lines of JSON, need not wait for it. Errors are OSErrors, and of reading: FileNotFoundError,
UsageError for a path that cannot be right, and Unreachable for all that may pass.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import errno
import glob
import os
import re
import shutil
import stat
from typing import Any

from tfgan_pipeline.errors import Unreachable, UsageError, first_line

_NEVER = (errno.EACCES, errno.EPERM, errno.ENAMETOOLONG, errno.ELOOP, errno.EINVAL)


def is_local(path: str) -> bool:
  """Whether a path is one of this machine's file systems."""
  return '://' not in path


def exists(path: str) -> bool:
  """Whether there is a file or folder; raises Unreachable where the storage does not answer."""
  try:
    with _reading(path):
      if is_local(path):
        os.stat(path)
        return True
      with _bucket(path) as gfile:
        return gfile.exists(path)
  except FileNotFoundError:
    return False


def is_folder(path: str) -> bool:
  """Whether there is a folder."""
  try:
    with _reading(path):
      if is_local(path):
        return stat.S_ISDIR(os.stat(path).st_mode)
      with _bucket(path) as gfile:
        return gfile.stat(path).is_directory  # gfile.isdir takes every error for a no.
  except FileNotFoundError:
    return False


def names_in(folder: str) -> list[str]:
  """Lists a folder; nothing where there is none. A glob would take a [ in it for a pattern."""
  try:
    with _reading(folder):
      if is_local(folder):
        return sorted(os.listdir(folder))
      with _bucket(folder) as gfile:
        return sorted(name.rstrip('/') for name in gfile.listdir(folder))
  except FileNotFoundError:
    # TensorFlow's listing, too, begins with gfile.isdir.
    if not is_local(folder) and is_folder(folder):
      raise Unreachable(f'{folder}: cannot be listed now; the same command continues') from None
    return []


def matches(pattern: str) -> list[str]:
  """Paths that a pattern with *, ? and [...] stands for, sorted."""
  if is_local(pattern):
    names_in(os.path.dirname(re.split(r'[*?[]', pattern)[0]) or '.')  # Which glob does not tell of.
    return sorted(glob.glob(pattern))
  try:
    with _reading(pattern), _bucket(pattern) as gfile:
      return sorted(gfile.glob(pattern))
  except FileNotFoundError:
    return []


def version(path: str) -> object:
  """Returns inode, size and time of a local file, to see changes by; None if there is none."""
  if not is_local(path):
    return None
  try:
    with _reading(path), open(path, 'rb') as file:  # By name alone NFS tells of a while ago.
      facts = os.fstat(file.fileno())
  except FileNotFoundError:
    return None
  return facts.st_ino, facts.st_size, facts.st_mtime_ns


def make_folder(path: str) -> None:
  """Makes a folder and those above it, unless it is there."""
  if is_local(path):
    os.makedirs(path, exist_ok=True)
  else:
    with _bucket(path) as gfile:
      gfile.makedirs(path)


def read_bytes(path: str) -> bytes:
  """Returns the content of a file."""
  return b''.join(blocks(path))


def blocks(path: str, size: int = 2**24) -> Iterator[bytes]:
  """Reads a file, so many bytes at a time."""
  with contextlib.ExitStack() as stack:
    stack.enter_context(_reading(path))
    opener = open if is_local(path) else stack.enter_context(_bucket(path)).GFile
    file = stack.enter_context(opener(path, 'rb'))
    while block := file.read(size):
      yield block


def read_text(path: str) -> str:
  """Returns the content of a file; bytes that are no UTF-8 are replaced."""
  return read_bytes(path).decode(errors='replace')


def write_bytes(path: str, content: bytes) -> None:
  """Writes a file in place, see atomic_files for readers that may come meanwhile."""
  if is_local(path):
    with open(path, 'wb') as file:
      file.write(content)
  else:
    with _bucket(path) as gfile, gfile.GFile(path, 'wb') as file:
      file.write(content)


def append(path: str, text: str) -> None:
  """Adds text to the end of a file, which is made if need be; locally in one system call."""
  content = text.encode()
  if is_local(path):
    with open(path, 'ab', buffering=0) as file:
      while content:  # Fewer bytes are taken by a disk that is nearly full.
        content = content[file.write(content) :]
  else:
    with _bucket(path) as gfile, gfile.GFile(path, 'ab') as file:
      file.write(content)


def move(source: str, target: str) -> None:
  """Renames a file, in place of one that has the name."""
  if is_local(source):
    os.replace(source, target)
  else:
    with _bucket(source) as gfile:
      gfile.rename(source, target, overwrite=True)


def remove(path: str) -> None:
  """Removes a file, or a folder with all that is in it."""
  if is_local(path):
    shutil.rmtree(path) if os.path.isdir(path) and not os.path.islink(path) else os.remove(path)
  else:
    with _bucket(path) as gfile:
      gfile.rmtree(path) if gfile.isdir(path) else gfile.remove(path)


@contextlib.contextmanager
def _reading(path: str) -> Iterator[None]:
  """Turns errors of reading into UsageError for an impossible path, and else into Unreachable."""
  try:
    yield
  except NotADirectoryError as error:
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from error
  except (FileNotFoundError, IsADirectoryError):
    raise
  except OSError as error:
    reason = error.strerror or first_line(error)
    if error.errno in _NEVER:
      raise UsageError(f'{path}: {reason}') from None
    raise Unreachable(
      f'{path}: cannot be read now ({reason}); the same command continues'
    ) from None


@contextlib.contextmanager
def _bucket(path: str) -> Iterator[Any]:
  """TensorFlow's file access, whose errors become OSErrors."""
  from tfgan_pipeline.compat import tf

  try:
    yield tf.io.gfile
  except tf.errors.NotFoundError:
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path) from None
  except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError) as error:
    raise OSError(errno.EINVAL, first_line(error), path) from None
  # Permission is denied, too, while a machine cannot renew what it shows for it.
  except tf.errors.OpError as error:
    raise OSError(errno.EIO, first_line(error), path) from None
