"""Who scores which checkpoint, when several evaluators share one directory.

    claims = Claims(directory)
    with claims.of(step) as mine:   # False: another process is at it
      ...

The operating system keeps the claims, as locks on single bytes of one file, and lets go of them
when a process ends in whatever way. In a bucket, which knows no locks, every claim is granted: one
evaluator per directory is the rule there.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import fcntl
import logging
import os

from tfgan_pipeline.compat import tf

_log = logging.getLogger(__name__)
_RECORDS = 2**62  # The byte that stands for the file of records; steps are smaller.


class Claims:
  """The claims in one evaluation directory.

  Args:
    directory: Made when something is claimed first.
  """

  def __init__(self, directory: str):
    self._directory = directory
    self._file: int | None = None

  @contextlib.contextmanager
  def of(self, step: int, *, wait: bool = False) -> Iterator[bool]:
    """Whether the checkpoint is this process's to score until the block ends.

    Args:
      step: Of the checkpoint.
      wait: Whether to wait until it is.
    """
    granted = self._lock(fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB, step)
    try:
      yield granted
    finally:
      if granted:
        self._lock(fcntl.LOCK_UN, step)

  @contextlib.contextmanager
  def of_records(self) -> Iterator[None]:
    """Waits until the records are this process's to change."""
    self._lock(fcntl.LOCK_EX, _RECORDS)
    try:
      yield
    finally:
      self._lock(fcntl.LOCK_UN, _RECORDS)

  def free(self, step: int) -> bool:
    """Whether no process scores this checkpoint just now."""
    with self.of(step) as granted:
      return granted

  def _lock(self, command: int, byte: int) -> bool:
    if '://' in self._directory:
      return True
    if self._file is None:
      tf.io.gfile.makedirs(self._directory)
      self._file = os.open(os.path.join(self._directory, 'claims'), os.O_RDWR | os.O_CREAT, 0o644)
    try:
      fcntl.lockf(self._file, command, 1, byte)
    except BlockingIOError:
      return False
    except OSError as error:
      _log.warning('%s: no claims to be had there (%s)', self._directory, error.strerror)
    return True
