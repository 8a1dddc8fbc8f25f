"""One trainer per model_dir.

    with TrainingLock(run.train) as lock:   # UsageError when another process has it
      ...
      lock.check()                          # before anything is overwritten

On a file system of this machine, or a network's that can, the operating system holds the lock and
lets go of it when the process ends, in whatever way. A bucket knows no locks: there the trainer
that started last goes on, and the one before stops before it writes again.
"""

from __future__ import annotations

import datetime
import errno
import json
import os
import socket
import uuid

from tfgan_pipeline.errors import Unreachable, UsageError, first_line
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.file_lock import lock


class TrainingLock:
  """A file that says who trains.

  Args:
    directory: Where the file `lock` is to be; made if need be.
  """

  def __init__(self, directory: str):
    self._directory = directory
    self._path = os.path.join(directory, 'lock')
    self._mine = json.dumps(
      {
        'host': socket.gethostname(),
        'pid': os.getpid(),
        'since': datetime.datetime.now().astimezone().isoformat(timespec='seconds'),
        'id': uuid.uuid4().hex,
      }
    )
    self._file: int | None = None

  def __enter__(self) -> TrainingLock:
    try:
      files.make_folder(self._directory)
      self._acquire()
    except OSError as error:
      if error.errno == errno.EIO or isinstance(error, Unreachable):
        raise Unreachable(
          f'{self._directory}: cannot be written now ({first_line(error)}); '
          'the same command continues'
        ) from None
      raise UsageError(
        f'--model_dir: {self._directory} cannot be written ({first_line(error)})'
      ) from None
    return self

  def _acquire(self) -> None:
    if '://' in self._path:
      atomic_files.write(self._path, self._mine)
      return
    self._file = lock(self._path)
    if self._file is None:
      raise UsageError(
        f'--model_dir: {_format_owner(self._owner())} is training in {self._directory}'
      )
    os.ftruncate(self._file, 0)
    os.write(self._file, self._mine.encode())

  def check(self) -> None:
    """Raises UsageError when another trainer has taken over, which is possible in a bucket."""
    if '://' in self._path and self._owner() != self._mine:
      raise UsageError(
        f'--model_dir: {_format_owner(self._owner())} has taken over {self._directory}'
      )

  def _owner(self) -> str:
    return files.read_text(self._path)

  def __exit__(self, *_: object) -> None:
    if self._file is not None:
      os.close(self._file)
      self._file = None


def _format_owner(owner: str) -> str:
  try:
    said = json.loads(owner)
    return f'process {said["pid"]} on {said["host"]}, there since {said["since"]},'
  except (ValueError, KeyError, TypeError):
    return 'another process'
