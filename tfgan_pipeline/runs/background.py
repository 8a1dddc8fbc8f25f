"""Thread that writes files while training goes on.

with Background() as background:
  background.do(lambda: write(first))    # Returns at once.
  background.do(lambda: write(second))   # Done after the first.
  background.join()                      # Both are written, or the error of one is raised here.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

THREAD_NAME = 'writer'


class Background:
  """Thread that does pieces of work one at a time, in the order in which they were given.

  After a piece that raised an error no later one is done, so that files never have holes.
  """

  def __init__(self) -> None:
    self._executor = ThreadPoolExecutor(1, THREAD_NAME)
    self._given: list[Future[None]] = []
    self._failed = False

  def do(self, work: Callable[[], None]) -> None:
    """Has a piece of work done.

    Raises:
      Exception: The error of an earlier piece.
    """
    self._forget_done()
    self._given.append(self._executor.submit(self._do, work))

  def join(self) -> None:
    """Waits until all work is done.

    Raises:
      Exception: The error of a piece of work, at the first call after the error.
    """
    while self._given:
      self._given.pop(0).result()

  def _forget_done(self) -> None:
    while self._given and self._given[0].done():
      self._given.pop(0).result()

  def _do(self, work: Callable[[], None]) -> None:
    if self._failed:
      return
    try:
      work()
    except BaseException:
      self._failed = True
      raise

  def __enter__(self) -> Background:
    return self

  def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
    """Waits for all work; an error of the block takes precedence over those of the work."""
    self._executor.shutdown()
    if kind is None:
      self.join()
    self._given.clear()
