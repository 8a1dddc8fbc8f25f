"""Curves as lines of JSON, one for each step: {"step": 100, "loss/generator": 0.7}."""

from __future__ import annotations

from collections.abc import Callable, Mapping
import json
import math
from types import MappingProxyType

from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.writers.base import Writer


class JsonLines(Writer):
  """Appends to one file, which may be gs://. Numbers that are not finite become null."""

  def __init__(self, path: str):
    self.path = path

  def scalars(
    self, step: int, values: Mapping[str, float], more: Mapping[str, object] = MappingProxyType({})
  ) -> None:
    """Writes one line.

    Args:
      step: Of the line.
      values: By tag.
      more: What stands behind the values, and is no number of a curve.
    """
    finite = {name: value if math.isfinite(value) else None for name, value in values.items()}
    files.append(self.path, json.dumps({'step': step, **finite, **more}) + '\n')

  def sync(self) -> None:
    """Waits until all lines are on the disk, which a loss of power leaves as it is."""
    atomic_files.sync(self.path)

  def rewrite(self, change: Callable[[str], str]) -> None:
    """Replaces each line by what `change` makes of it; '' drops it."""
    if files.exists(self.path):
      lines = [change(line) for line in files.read_text(self.path).splitlines()]
      atomic_files.write(self.path, ''.join(line + '\n' for line in lines if line))
