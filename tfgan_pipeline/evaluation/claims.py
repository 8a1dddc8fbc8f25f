"""Who scores which checkpoint, when several evaluators share one directory.

    claims = Claims(directory)
    with claims.of(step) as mine:   # False: another process is at it
      ...

The operating system keeps the claims, as locks on single bytes of one file, and lets go of them
when a process ends in whatever way. In a bucket, which knows no locks, every claim is granted: one
evaluator per directory is the rule there.
"""

from __future__ import annotations

import collections
from collections.abc import Iterator
import contextlib
import errno
import fcntl
import logging
import os

from tfgan_pipeline.compat import tf
from tfgan_pipeline.whole_files import writing

_log = logging.getLogger(__name__)
_RECORDS = 2**62  # The byte that stands for the file of records; steps are smaller.


class Claims:
  """The claims in one evaluation directory.

  Args:
    directory: Made when something is claimed first.
  """

  def __init__(self, directory: str):
    self._directory = directory

  @contextlib.contextmanager
  def of(self, step: int, *, wait: bool = False) -> Iterator[bool]:
    """Whether the checkpoint is this process's to score until the block ends.

    Args:
      step: Of the checkpoint.
      wait: Whether to wait until it is.

    Raises:
      WriteError: The directory cannot be written.
    """
    if '://' in self._directory:
      yield True
      return
    with writing(self._directory):
      tf.io.gfile.makedirs(self._directory)
      file = _Locks.of(os.path.join(self._directory, 'claims'))
    granted = file.lock(step, wait=wait)
    try:
      yield granted
    finally:
      if granted:
        file.unlock(step)

  @contextlib.contextmanager
  def of_records(self) -> Iterator[None]:
    """Waits until the records are this process's to change."""
    with self.of(_RECORDS, wait=True):
      yield


class _Locks:
  """This process's locks on the bytes of one file.

  All of them would go if the file was closed anywhere in the process, so it is opened once, and
  closed with the last of them. A byte may be locked again by who has it.
  """

  _open: dict[str, _Locks] = {}

  def __init__(self, path: str):
    self._path = path
    self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    self._held: collections.Counter[int] = collections.Counter()

  @classmethod
  def of(cls, path: str) -> _Locks:
    return cls._open.get(path) or cls._open.setdefault(path, cls(path))

  def lock(self, byte: int, *, wait: bool) -> bool:
    granted = bool(self._held[byte]) or self._ask(byte, wait)
    if granted:
      self._held[byte] += 1
    self._close_if_idle()
    return granted

  def _ask(self, byte: int, wait: bool) -> bool:
    try:
      fcntl.lockf(self._file, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
    except OSError as error:
      if error.errno in (errno.EAGAIN, errno.EACCES):
        return False
      _log.warning('%s: no claims to be had there (%s)', self._path, error.strerror)
    return True

  def unlock(self, byte: int) -> None:
    self._held[byte] -= 1
    if not self._held[byte]:
      with contextlib.suppress(OSError):
        fcntl.lockf(self._file, fcntl.LOCK_UN, 1, byte)
    self._close_if_idle()

  def _close_if_idle(self) -> None:
    self._held += collections.Counter()  # Forgets zeros.
    if not self._held:
      os.close(self._file)
      del self._open[self._path]
