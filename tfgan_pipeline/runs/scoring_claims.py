"""Locks that keep several evaluators from scoring one checkpoint.

    claims = Claims(directory)
    with claims.of(step) as mine:   # False: another thread or process is at it
      ...

Each claim is a lock on a small file of its own, which is removed with it. In a bucket, which knows
no locks, every claim is granted: one evaluator per directory is the rule there.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os

from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.atomic_files import writing
from tfgan_pipeline.runs.file_lock import holding


class Claims:
  """The claims in one evaluation directory.

  Args:
    directory: Made when something is claimed first.
  """

  def __init__(self, directory: str):
    self._directory = directory

  def of(self, step: int, *, wait: bool = False) -> contextlib.AbstractContextManager[bool]:
    """Whether the checkpoint is the caller's to score until the block ends.

    Args:
      step: Of the checkpoint.
      wait: Whether to wait until it is.

    Raises:
      WriteError: The directory cannot be written.
    """
    return self._claim(f'step-{step:06d}', wait)

  def of_records(self) -> contextlib.AbstractContextManager[bool]:
    """Waits until the records are the caller's to change."""
    return self._claim('records', True)

  @contextlib.contextmanager
  def _claim(self, name: str, wait: bool) -> Iterator[bool]:
    if '://' in self._directory:
      yield True
      return
    with contextlib.ExitStack() as stack:
      with writing(self._directory):
        files.make_folder(self._directory)
        path = os.path.join(self._directory, f'claim-{name}')
        granted = stack.enter_context(holding(path, wait=wait))
      yield granted
