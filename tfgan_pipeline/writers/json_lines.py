"""Writer of curves as lines of JSON, one per step: {"step": 100, "loss/generator": 0.7}."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import json
import math
from types import MappingProxyType

from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.writers.base import Writer


class JsonLines(Writer):
  """Writer that appends lines of JSON to a file; numbers that are not finite become null.

  Args:
    path: The file, which may be gs://.
  """

  def __init__(self, path: str):
    self.path = path

  def scalars(
    self, step: int, values: Mapping[str, float], more: Mapping[str, object] = MappingProxyType({})
  ) -> None:
    """Writes one line.

    Args:
      step: The step of the line.
      values: Numbers of curves by tag.
      more: Values for JSON that are not numbers of curves, put behind them.
    """
    finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
    files.append(self.path, json.dumps({'step': step, **finite, **more}) + '\n')

  def sync(self) -> None:
    """Waits until all lines are on the disk, where they survive a loss of power."""
    atomic_files.sync(self.path)

  def rewrite(self, change: Callable[[str], str]) -> None:
    """Replaces each line of the file by the result of `change`.

    Args:
      change: Line without its end -> new line, or '' to remove the line.
    """
    if files.exists(self.path):
      lines = [change(line) for line in files.read_text(self.path).splitlines()]
      atomic_files.write(self.path, ''.join(line + '\n' for line in lines if line))
