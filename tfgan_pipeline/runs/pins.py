"""Pins: requests of evaluators to the trainer to keep certain checkpoints.

pins = Pins(directory)
pins.add(500, 'fid', why='the best so far')   # ckpt-000500.fid
"""

from __future__ import annotations

import contextlib
import os
import re

from tfgan_pipeline.runs import files


class Pins:
  """Pins of the checkpoints of one run, one file for each pin.

  Args:
    directory: The folder of the files; need not exist yet.
  """

  def __init__(self, directory: str):
    self._directory = directory

  def of(self, step: int) -> list[str]:
    """Returns the names under which the checkpoint of `step` is pinned."""
    start = f'ckpt-{step:06d}.'
    names = files.names_in(self._directory)
    return [name[len(start) :] for name in names if name.startswith(start)]

  def all_steps(self) -> set[int]:
    """Returns the steps that are pinned under any name."""
    matches = (re.match(r'ckpt-(\d+)\.', name) for name in files.names_in(self._directory))
    return {int(match[1]) for match in matches if match}

  def steps(self, who: str) -> list[int]:
    """Returns the steps that are pinned under the name `who`, lowest first."""
    pattern = re.compile(rf'ckpt-(\d+)\.{re.escape(who)}')
    matches = map(pattern.fullmatch, files.names_in(self._directory))
    return sorted(int(match[1]) for match in matches if match)

  def add(self, step: int, who: str, why: str = '') -> None:
    """Pins a checkpoint.

    Args:
      step: Step of the checkpoint.
      who: The name to pin and unpin it under; a word without dots or slashes.
      why: A note for people, written into the file.
    """
    files.make_folder(self._directory)
    # Not atomic: a file with half a note pins too, and a killed writer leaves no temporary file.
    files.write_bytes(self._path(step, who), why.encode())

  def remove(self, step: int, who: str) -> None:
    """Unpins a checkpoint; the trainer's next save removes the checkpoint if it is old enough."""
    with contextlib.suppress(FileNotFoundError):
      files.remove(self._path(step, who))

  def _path(self, step: int, who: str) -> str:
    return os.path.join(self._directory, f'ckpt-{step:06d}.{who}')
