"""Locks that keep several evaluators from scoring one checkpoint.

    claims = Claims(directory)
    with claims.of(step) as is_claimed:   # False: another thread or process scores the checkpoint
      ...

Each claim is a lock on a small file of its own, which is removed when the claim ends. A bucket has
no locks: every claim is granted, so only one evaluator may use a directory there.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os

from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.atomic_files import writing
from tfgan_pipeline.runs.file_lock import holding


class Claims:
  """Claims in one evaluation directory.

  Args:
    directory: The directory; made at the first claim.
  """

  def __init__(self, directory: str):
    self._directory = directory

  def of(self, step: int, *, wait: bool = False) -> contextlib.AbstractContextManager[bool]:
    """Claims a checkpoint for the length of a block; yields whether the claim is granted.

    Args:
      step: Step of the checkpoint.
      wait: Whether to wait until the claim is granted.

    Raises:
      WriteError: The directory cannot be written.
    """
    return self._claim(f'step-{step:06d}', wait)

  def of_records(self) -> contextlib.AbstractContextManager[bool]:
    """Waits for the sole right to change the score records, and keeps it for the block."""
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
        is_granted = stack.enter_context(holding(path, wait=wait))
      yield is_granted
