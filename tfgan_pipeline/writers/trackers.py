"""Trackers, writers of curves and pictures that keep runs elsewhere, as --also_log names them.

    with Trackers.of('mlflow', TrackedRun(run_id, '/tmp/mine', settings)) as trackers:
      trackers.scalars(100, {'loss/generator': 0.7})

A tracker serves the eye: one that fails is left out from then on, with a warning, and training goes
on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
import dataclasses
import importlib
import importlib.util
import logging
import os
import types

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError, first_line, spoken
from tfgan_pipeline.writers.base import Writer

_log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class TrackedRun:
  """Facts of a run that a tracker is told.

  Attributes:
    run_id: Id of the run, by which a continued one is found again.
    directory: Its model_dir.
    settings: Values of all settings, by name.
    part: '' for a training, whose process begins and ends the run; 'scores' for what another
      process adds to it, perhaps while it is trained.
  """

  run_id: str
  directory: str
  settings: Mapping[str, object]
  part: str = ''

  @property
  def name(self) -> str:
    """Last part of the run's model_dir."""
    return os.path.basename(self.directory)


class Trackers(Writer):
  """Writer that hands on to trackers, and outlives them.

  Args:
    writers: The trackers, by name.
  """

  def __init__(self, writers: Mapping[str, Writer]):
    self._writers = dict(writers)

  @classmethod
  def of(cls, text: str, run: TrackedRun) -> Trackers:
    """Builds the trackers that `text`, a value of --also_log, names.

    Raises:
      UsageError: The package of a tracker is missing.
    """
    writers: dict[str, Writer] = {}
    for call in registry.tracker.parse_all(text):
      try:
        writers[call.name] = registry.tracker.build(str(call), run)
      except UsageError:
        raise
      except Exception as error:  # Of whatever kind its package has.
        _leave_out(call.name, error)
    return cls(writers)

  @property
  def works(self) -> bool:
    """Whether a tracker is left that has not failed."""
    return bool(self._writers)

  def scalars(self, step: int, values: Mapping[str, float]) -> None:
    self._each(lambda writer: writer.scalars(step, values))

  def picture(self, step: int, tag: str, picture: np.ndarray) -> None:
    self._each(lambda writer: writer.picture(step, tag, picture))

  def text(self, step: int, tag: str, text: str) -> None:
    self._each(lambda writer: writer.text(step, tag, text))

  def flush(self) -> None:
    self._each(lambda writer: writer.flush())

  def stopped(self, error: BaseException) -> None:
    self._each(lambda writer: writer.stopped(error))

  def close(self) -> None:
    self._each(lambda writer: writer.close())

  def _each(self, write: Callable[[Writer], None]) -> None:
    for name, writer in list(self._writers.items()):
      try:
        write(writer)
      except Exception as error:
        del self._writers[name]
        _leave_out(name, error)


def require_package(name: str) -> None:
  """Raises UsageError if the package of a tracker is missing."""
  if importlib.util.find_spec(name) is None:
    raise UsageError(
      f'--also_log={name}: {name} is missing; python -m pip install "tfgan-pipeline[{name}]"'
    )


def package(name: str) -> types.ModuleType:
  """Imports the package of a tracker; raises UsageError if it is missing."""
  require_package(name)
  return importlib.import_module(name)


def _leave_out(name: str, error: Exception) -> None:
  told = f'--also_log={name}: {first_line(error)}; nothing more is sent there'
  _log.warning('%s', spoken(told))
