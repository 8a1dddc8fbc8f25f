"""Locks on local files, kept by the operating system between processes and between threads.

    file = lock('/tmp/run/lock')                # None: another holder has it
    ...
    os.close(file)

    with holding('/tmp/run/claim') as granted:   # False: another holder has it
      ...

A lock belongs to the open file and ends when the file is closed, at the latest with the process.
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
  """Locks a file, which is created if it does not exist.

  Args:
    path: Path of a local file in a directory that exists. The holder of the lock may remove the
      file.
    wait: Whether to wait until the lock is free.

  Returns:
    The descriptor of the file, to be closed by the caller; None if the lock is taken. On a file
    system without locks every lock is granted, with a warning.

  Raises:
    OSError: The file cannot be opened for writing.
  """
  while True:
    file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    is_granted = False
    try:
      is_granted = _try_lock(file, path, wait)
      if not is_granted:
        return None
      if _is_file_at(file, path):
        return file
      is_granted = False  # The former holder removed the file, so its lock is void.
    finally:
      if not is_granted:
        os.close(file)


@contextlib.contextmanager
def holding(path: str, *, wait: bool = False) -> Iterator[bool]:
  """Locks a file during a block and then removes the file; yields whether the lock was granted.

  Args:
    path: Path of a local file in a directory that exists.
    wait: Whether to wait until the lock is free.

  Raises:
    OSError: The file cannot be opened for writing.
  """
  file = lock(path, wait=wait)
  try:
    yield file is not None
  finally:
    if file is not None:
      with contextlib.suppress(OSError):
        os.remove(path)  # Before the lock ends, so that waiting processes see the removal.
      os.close(file)


def _try_lock(file: int, path: str, wait: bool) -> bool:
  """Locks an open file; returns whether the lock is granted."""
  try:
    fcntl.flock(file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
  except OSError as error:
    if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
      return False
    _log.warning('%s: no lock to be had there (%s)', path, error.strerror)
  return True


def _is_file_at(file: int, path: str) -> bool:
  """Returns whether the open file is still the one at `path`."""
  try:
    return os.path.samestat(os.fstat(file), os.stat(path))
  except FileNotFoundError:
    return False
