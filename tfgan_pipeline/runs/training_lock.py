"""Lock that admits one trainer to a model_dir.

    with TrainingLock(run.train) as lock:   # UsageError while another process trains
      ...
      lock.check()                          # before a checkpoint is saved

On local file systems, and network ones with locks, the operating system holds the lock and frees it
when the process ends, in whatever way. A bucket has no locks: there the trainer that started last
continues, and an earlier one stops before it saves again.
"""

from __future__ import annotations

import datetime
import errno
import fcntl
import json
import os
import socket
import time
import uuid

from tfgan_pipeline.errors import Unreachable, UsageError, first_line
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.file_lock import lock

_LOOK_SECONDS = 0.2  # Far more than trainer_that_left takes.


class TrainingLock:
  """Lock of a run's training, a file that names the process that trains.

  Args:
    directory: The folder for the file `lock`; made if missing.

  Raises:
    UsageError: On entering, if another process trains or the folder cannot be written.
    Unreachable: On entering, if the storage does not answer.
  """

  def __init__(self, directory: str):
    self._directory = directory
    self._path = os.path.join(directory, 'lock')
    self._owner_text = json.dumps(
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
      raise UsageError(self._way_out(error)) from None
    return self

  def _way_out(self, error: OSError) -> str:
    """Returns the message that the folder cannot be written, and what can be done about it."""
    run = os.path.dirname(self._directory)
    if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
      return f'--model_dir={run}: {self._directory} cannot be written ({first_line(error)})'
    way_out = 'name another folder'
    if os.path.exists(run):
      mends = '' if error.errno == errno.EROFS else f'chmod -R u+w {run} if it is yours, or '
      way_out = f'{mends}continue a copy: cp -r {run} COPY'
    return f'--model_dir={run}: {self._directory} may not be written; {way_out}'

  def _acquire(self) -> None:
    if '://' in self._path:
      atomic_files.write(self._path, self._owner_text)
      return
    self._file = lock(self._path)
    if self._file is None:  # Perhaps an evaluator that looks who trains, for a moment.
      time.sleep(_LOOK_SECONDS)
      self._file = lock(self._path)
    if self._file is None:
      raise UsageError(
        f'--model_dir: {_format_owner(self._read_owner())} is training in {self._directory}'
      )
    os.ftruncate(self._file, 0)
    os.write(self._file, self._owner_text.encode())

  def check(self) -> None:
    """Raises UsageError if another trainer has taken over, which can happen only in a bucket."""
    if '://' in self._path and self._read_owner() != self._owner_text:
      raise UsageError(
        f'--model_dir: {_format_owner(self._read_owner())} has taken over {self._directory}'
      )

  def _read_owner(self) -> str:
    return files.read_text(self._path)

  def __exit__(self, *_: object) -> None:
    if self._file is not None:
      os.close(self._file)
      self._file = None


def trainer_that_left(directory: str) -> str:
  """Describes the last trainer of a run if it is gone; '' if it trains or nobody can tell.

  Args:
    directory: The folder with the file `lock`.
  """
  path = os.path.join(directory, 'lock')
  if '://' in path:
    return ''
  try:
    file = os.open(path, os.O_RDONLY)
  except OSError:
    return ''
  try:
    fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    return _format_owner(os.read(file, 4096).decode(errors='replace'))
  except OSError:  # The lock is taken, or there are no locks.
    return ''
  finally:
    os.close(file)


def _format_owner(owner: str) -> str:
  """Describes for a message the process that wrote `owner`, the content of a lock file."""
  try:
    facts = json.loads(owner)
    return f'process {facts["pid"]} on {facts["host"]}, there since {facts["since"]},'
  except (ValueError, KeyError, TypeError):
    return 'another process'
