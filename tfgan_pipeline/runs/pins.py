"""Requests of evaluators to the trainer that it keep certain checkpoints beyond their time.

pins = Pins(directory)
pins.add(500, 'fid', why='the best so far')   # ckpt-000500.fid
"""

from __future__ import annotations

import contextlib
import os
import re

from tfgan_pipeline.runs import files


class Pins:
  """The requests for the checkpoints of one run, a file each.

  Args:
    directory: Where the files are; may not exist yet.
  """

  def __init__(self, directory: str):
    self._directory = directory

  def of(self, step: int) -> list[str]:
    """Names those who ask for the checkpoint of `step`."""
    start = f'ckpt-{step:06d}.'
    names = files.names_in(self._directory)
    return [name[len(start) :] for name in names if name.startswith(start)]

  def steps(self, who: str) -> list[int]:
    """Lists the steps that one asks for, the lowest first."""
    pattern = re.compile(rf'ckpt-(\d+)\.{re.escape(who)}')
    matches = map(pattern.fullmatch, files.names_in(self._directory))
    return sorted(int(match[1]) for match in matches if match)

  def add(self, step: int, who: str, why: str = '') -> None:
    """Asks for a checkpoint.

    Args:
      step: Of the checkpoint.
      who: By this name it is let go of; a word without dots or slashes.
      why: For people, in the file that asks.
    """
    files.make_folder(self._directory)
    # In place: a file of half a note asks as well, and a killed writer leaves no other one.
    files.write_bytes(self._path(step, who), why.encode())

  def remove(self, step: int, who: str) -> None:
    """Lets go of a checkpoint; the trainer's next save removes it if it is due."""
    with contextlib.suppress(FileNotFoundError):
      files.remove(self._path(step, who))

  def _path(self, step: int, who: str) -> str:
    return os.path.join(self._directory, f'ckpt-{step:06d}.{who}')
