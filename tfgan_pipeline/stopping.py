"""Reasons to stop before the end: a signal, or an age limit."""

from __future__ import annotations

import signal
import time
from typing import Any

_BIRTH = time.monotonic()  # Of the process, nearly; no clock that somebody sets.


class StopRequest:
  """SIGTERM or SIGINT, or too great an age, as a request that a loop reads between its rounds.

      with StopRequest() as stop:
        while not stop.made: ...

  A second signal of the same kind ends the process at once.

  Args:
    max_hours: The age of the process at which the request is made; 0 is never.
  """

  def __init__(self, max_hours: float = 0):
    self._deadline = _BIRTH + max_hours * 3600 if max_hours else float('inf')
    self._signalled = False
    self._previous: dict[int, Any] = {}

  @property
  def made(self) -> bool:
    return self._signalled or time.monotonic() >= self._deadline

  def _handle(self, number, frame):
    del frame
    self._signalled = True
    signal.signal(number, signal.SIG_DFL)

  def __enter__(self) -> StopRequest:
    for number in (signal.SIGTERM, signal.SIGINT):
      try:
        self._previous[number] = signal.signal(number, self._handle)
      except ValueError:  # Not in the main thread, where Python allows no handlers.
        pass
    return self

  def __exit__(self, *_):
    for number, handler in self._previous.items():
      signal.signal(number, handler)
