"""Writer of event files for TensorBoard."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.writers.base import Writer


class TensorBoard(Writer):
  """Writer of one event file in a directory.

  Args:
    directory: The directory, which may be gs://.
  """

  def __init__(self, directory: str):
    self._writer = tf.summary.create_file_writer(directory)

  def scalars(self, step: int, values: Mapping[str, float]) -> None:
    with self._writer.as_default(step):
      for tag, value in values.items():
        tf.summary.scalar(tag, value)
    self._writer.flush()

  def picture(self, step: int, tag: str, picture: np.ndarray) -> None:
    with self._writer.as_default(step):
      tf.summary.image(tag, picture[None])
    self._writer.flush()

  def text(self, step: int, tag: str, text: str) -> None:
    with self._writer.as_default(step):
      tf.summary.text(tag, text)
    self._writer.flush()

  def close(self) -> None:
    self._writer.close()
