"""Locks that the operating system keeps on local files, between processes and between threads.

    file = lock('/tmp/run/lock')                # None: somebody else has it
    ...
    os.close(file)

    with holding('/tmp/run/claim') as granted:   # False: somebody else has it
      ...

A lock belongs to the open file: it ends when that is closed, also by the end of the process.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import errno
import fcntl
import logging
import os

_log = logging.getLogger(__name__)


def lock(path: str, *, wait: bool = False) -> int | None:
  """Opens a file, which is made if need be, and locks it.

  Args:
    path: Of a local file, in a directory that exists. Who has its lock may remove it.
    wait: Whether to wait until the lock is free.

  Returns:
    The descriptor to close; None if the lock is another's. Where the file system knows no locks,
    they are all granted, with a warning.

  Raises:
    OSError: The file cannot be opened for writing.
  """
  while True:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    granted = False
    try:
      granted = _ask(file, path, wait)
      if not granted:
        return None
      if _is_at(file, path):
        return file
      granted = False  # Removed by the one before: a lock on it keeps nobody out.
    finally:
      if not granted:
        os.close(file)


@contextlib.contextmanager
def holding(path: str, *, wait: bool = False) -> Iterator[bool]:
  """Locks a file for the length of a block, and then removes it; yields whether that was granted.

  Args:
    path: As of `lock`.
    wait: As of `lock`.
  """
  file = lock(path, wait=wait)
  try:
    yield file is not None
  finally:
    if file is not None:
      with contextlib.suppress(OSError):
        os.remove(path)  # While it is locked: who waits for it sees that it is gone.
      os.close(file)


def _ask(file: int, path: str, wait: bool) -> bool:
  try:
    fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
  except OSError as error:
    if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
      return False
    _log.warning('%s: no lock to be had there (%s)', path, error.strerror)
  return True


def _is_at(file: int, path: str) -> bool:
  try:
    return os.path.samestat(os.fstat(file), os.stat(path))
  except FileNotFoundError:
    return False
