"""Requests to stop a loop before its end: by a signal or by an age limit."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import signal
import socket
import sys
import threading
import time
from typing import Any, NoReturn

from tfgan_pipeline.errors import Interrupted, spoken

_SIGNALS: tuple[int, ...] = (signal.SIGTERM, signal.SIGINT)
_ENDING = threading.RLock()  # A handler may interrupt a thread that holds it.


def _fatal_signals() -> tuple[int, ...]:
  """Returns the signals of which two end the process; at a prompt, SIGINT only stops what runs."""
  return (signal.SIGTERM,) if hasattr(sys, 'ps1') else _SIGNALS


def in_main_thread() -> bool:
  """Returns whether this is the main thread, the only one that may set signal handlers."""
  return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def signals_end_the_process() -> Iterator[None]:
  """Lets SIGTERM and SIGINT end the process inside the block.

  For calls into TensorFlow that wait for other workers, during which Python's signal handlers
  cannot run. Without the block such a call would survive a SIGTERM.
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


def raise_at_signals() -> None:
  """Makes SIGTERM and SIGINT raise Interrupted from now on, and a second one end the process.

  For the whole of a program; a StopRequest takes over while a loop runs that has to save first. A
  signal that the program was started to ignore stays ignored.
  """
  signalled = False

  def interrupt(number: int, frame: object) -> NoReturn:
    nonlocal signalled
    del frame
    if signalled:
      _end_at_once(number)
    signalled = True
    name = signal.Signals(number).name
    raise Interrupted(f'stopped by {name}; the same command starts again')

  expected = {signal.SIGTERM: signal.SIG_DFL, signal.SIGINT: signal.default_int_handler}
  for number, handler in expected.items():
    if signal.getsignal(number) == handler:
      signal.signal(number, interrupt)
  receiver, sender = socket.socketpair()
  sender.setblocking(False)
  signal.set_wakeup_fd(sender.detach(), warn_on_full_buffer=False)
  threading.Thread(target=_end_at_second_signal, args=(receiver,), daemon=True).start()


def _end_at_second_signal(receiver: socket.socket) -> None:
  """Ends the process at the second signal; runs in a thread until the other end is closed.

  Python's handlers alone would not do: they wait for TensorFlow to return, and two signals may
  become one call of them.
  """
  count, fatal = 0, _fatal_signals()
  while number := receiver.recv(1):
    count += number[0] in fatal
    if count > 1:
      _end_at_once(number[0])


def _end_at_once(number: int) -> NoReturn:
  """Ends the process after a line about its second signal; of two threads, one writes."""
  with _ENDING:
    name = signal.Signals(number).name
    told = spoken(f'ended at once by a second {name}; the same command starts again')
    with contextlib.suppress(OSError):
      os.write(2, f'{told}\n'.encode())
    os._exit(128 + number)  # The exit code that a shell reports for the signal.


class StopRequest:
  """Request to stop, made by SIGTERM, SIGINT or an age limit, and read by a loop between rounds.

      with StopRequest() as stop:
        while not stop.requested: ...

  A second signal ends the process at once, whatever it is doing; in a notebook or at a Python
  prompt, a second SIGINT raises KeyboardInterrupt instead, as soon as TensorFlow returns. Signals
  are handled in the main thread only, and not if the process was started with the signal ignored.

  Args:
    max_hours: The age of the job, in hours, at which the request is made; 0 for no limit.
    since: Start of the job in seconds by `time.monotonic()`, a clock that nobody sets; None is now.
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
    """Whether a signal has come or the age limit is reached."""
    return self._signalled or time.monotonic() >= self._deadline

  def _handle(self, number: int, frame: object) -> None:
    """Notes a signal; a handler as `signal.signal` expects it."""
    del frame
    if self._signalled and number not in _fatal_signals():
      raise KeyboardInterrupt
    self._signalled = True

  def __enter__(self) -> StopRequest:
    if not in_main_thread():
      return self
    self._wakeup_sender, self._wakeup_receiver = socket.socketpair()
    self._wakeup_sender.setblocking(False)
    self._previous_wakeup = signal.set_wakeup_fd(
      self._wakeup_sender.fileno(), warn_on_full_buffer=False
    )
    threading.Thread(
      target=_end_at_second_signal, args=(self._wakeup_receiver,), daemon=True
    ).start()
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
