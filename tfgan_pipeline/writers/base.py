"""Base class of writers of curves, pictures and text, shared by training and evaluation.

    with TensorBoard(directory) as writer:
      writer.scalars(100, {'loss/generator': 0.7})
      writer.picture(100, 'fakes', picture)

Each other module of this folder has one writer: TensorBoard's event files, lines of JSON.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping

import numpy as np


class Writer(abc.ABC):
  """Writer of one destination; a context manager that closes it at the end.

  When a call returns, its data is in the file; in a bucket, after `flush`. Data that a file format
  cannot hold, such as pictures in lines of JSON, is dropped.

  Raises:
    OSError: The storage cannot be written, in any method; or tf.errors.OpError. Callers convert
      both by atomic_files.writing.
  """

  @abc.abstractmethod
  def scalars(self, step: int, values: Mapping[str, float]) -> None:
    """Writes a point of each curve.

    Args:
      step: The step of the points.
      values: Numbers by tag, such as 'loss/generator'.
    """

  def picture(self, step: int, tag: str, picture: np.ndarray) -> None:
    """Writes a picture, uint8 [H, W, C], C 1, 3 or 4; writers that hold no pictures ignore it."""
    del step, tag, picture

  def text(self, step: int, tag: str, text: str) -> None:
    """Writes a text in Markdown; writers that hold no texts ignore it."""
    del step, tag, text

  def flush(self) -> None:
    """Writes what a bucket does not have yet."""
    return

  def stopped(self, error: BaseException) -> None:
    """Notes before `close` that what is told ended early; writers that cannot say so ignore it.

    Args:
      error: The cause: Interrupted where the same command goes on, else what went wrong.
    """
    del error

  def close(self) -> None:
    """Flushes and closes all files; nothing can be written afterwards."""
    self.flush()

  def __enter__(self) -> Writer:
    return self

  def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
    if error is not None:
      self.stopped(error)
    self.close()
