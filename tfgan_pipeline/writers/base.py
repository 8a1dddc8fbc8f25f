"""Writers of curves, pictures and text, which training and evaluation share.

    with TensorBoard(directory) as writer:
      writer.scalars(100, {'loss/generator': 0.7})
      writer.picture(100, 'fakes', picture)

Each file of this folder has one: TensorBoard, lines of JSON. What cannot show a kind drops it.
"""

from __future__ import annotations

import abc
from collections.abc import Mapping

import numpy as np


class Writer(abc.ABC):
  """Where curves go; a context manager, closed at its end.

  Whatever was written is on disk when a call returns. Storage that cannot be written raises OSError
  or tf.errors.OpError, as of atomic_files.writing.
  """

  @abc.abstractmethod
  def scalars(self, step: int, values: Mapping[str, float]) -> None:
    """Writes a point of each curve.

    Args:
      step: Of the points.
      values: By tag, such as 'loss/generator'.
    """

  def picture(self, step: int, tag: str, picture: np.ndarray) -> None:
    """Writes a picture, uint8 [H, W, 1, 3 or 4], by a writer that can."""
    del step, tag, picture

  def text(self, step: int, tag: str, text: str) -> None:
    """Writes a text in Markdown, by a writer that can."""
    del step, tag, text

  def close(self) -> None:
    """Lets go of files; nothing can be written any more."""
    return

  def __enter__(self) -> Writer:
    return self

  def __exit__(self, *_: object) -> None:
    self.close()
