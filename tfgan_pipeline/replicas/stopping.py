"""Reasons to stop before the end: a signal, or an age limit."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import signal
import socket
import threading
import time
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def in_main_thread() -> bool:
  """Whether Python allows to set signal handlers here."""
  return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def signals_end_the_process() -> Iterator[None]:
  """For calls that let no Python run until they return, so that no handler could act.

  TensorFlow itself takes SIGTERM while it waits for workers, and does nothing then; SIGINT ends it.
  """
  handlers = {number: signal.getsignal(number) for number in _SIGNALS if in_main_thread()}
  for number, handler in handlers.items():
    if handler != signal.SIG_IGN:
      signal.signal(number, signal.SIG_DFL)
  try:
    yield
  finally:
    for number, handler in handlers.items():
      signal.signal(number, handler)


class StopRequest:
  """SIGTERM or SIGINT, or too great an age, as a request that a loop reads between its rounds.

      with StopRequest() as stop:
        while not stop.requested: ...

  The second signal ends the process at once, whatever it is doing. Only the main thread can have
  handlers; elsewhere, and for signals that whoever started the process has it ignore, there are
  none.

  Args:
    max_hours: The age of the job at which the request is made; 0 is never.
    since: When the job began, by `time.monotonic()`, a clock that nobody sets; None is now.
  """

  def __init__(self, max_hours: float = 0, since: float | None = None):
    since = time.monotonic() if since is None else since
    self._deadline = since + max_hours * 3600 if max_hours else float('inf')
    self._signalled = False
    self._previous: dict[int, Any] = {}
    self._previous_wakeup = -1
    self._wakeup_sender: socket.socket | None = None
    self._wakeup_receiver: socket.socket | None = None

  @property
  def requested(self) -> bool:
    return self._signalled or time.monotonic() >= self._deadline

  def _handle(self, number: int, frame: object) -> None:
    del number, frame
    self._signalled = True

  def _count_signals(self, receiver: socket.socket) -> None:
    """In a thread: Python's handlers wait for TensorFlow to return, and two signals become one."""
    received = 0
    while number := receiver.recv(1):
      received += number[0] in _SIGNALS
      if received > 1:
        os._exit(128 + number[0])  # As a shell would tell of a process that the signal ended.

  def __enter__(self) -> StopRequest:
    if not in_main_thread():
      return self
    self._wakeup_sender, self._wakeup_receiver = socket.socketpair()
    self._wakeup_sender.setblocking(False)
    self._previous_wakeup = signal.set_wakeup_fd(
      self._wakeup_sender.fileno(), warn_on_full_buffer=False
    )
    threading.Thread(target=self._count_signals, args=(self._wakeup_receiver,), daemon=True).start()
    for number in _SIGNALS:
      if signal.getsignal(number) != signal.SIG_IGN:
        self._previous[number] = signal.signal(number, self._handle)
    return self

  def __exit__(self, *_: object) -> None:
    for number, handler in self._previous.items():
      signal.signal(number, handler)
    if self._wakeup_sender is not None:
      signal.set_wakeup_fd(self._previous_wakeup)
      self._wakeup_sender.close()  # Ends the thread.
