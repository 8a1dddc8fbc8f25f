"""Writer of curves as lines of JSON, one per step: {"step": 100, "loss/generator": 0.7}."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import json
import math
from types import MappingProxyType

from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.growing_file import GrowingFile
from tfgan_pipeline.writers.base import Writer


class JsonLines(Writer):
  """Writer that appends lines of JSON to a file; numbers that are not finite become null.

  Args:
    path: The file, which may be gs://.
  """

  def __init__(self, path: str):
    self.path = path
    self._file = GrowingFile(path)

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
    self._file.add((json.dumps({'step': step, **finite, **more}) + '\n').encode())

  def flush(self) -> None:
    self._file.flush()

  def sync(self) -> None:
    """Waits until disk or bucket has all lines, which then survive a loss of power."""
    self.flush()
    atomic_files.sync(self.path)

  def rewrite(self, change: Callable[[str], str]) -> None:
    """Replaces each line of the file by the result of `change`.

    Args:
      change: Line without its end -> new line, or '' to remove the line.
    """
    if files.exists(self.path):
      lines = [change(line) for line in files.read_text(self.path).splitlines()]
      content = ''.join(line + '\n' for line in lines if line).encode()
      atomic_files.write(self.path, content)
      self._file = GrowingFile(self.path, content)
