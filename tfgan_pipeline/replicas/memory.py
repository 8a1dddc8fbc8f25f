"""Lack of memory told in one line, which names the work and the device that ran out."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import re

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import LackOfMemory, first_line


@contextlib.contextmanager
def need_of(work: str, way_out: str, *, flag: str = '') -> Iterator[None]:
  """Converts an error for lack of memory in the block into a LackOfMemory of one line.

  Args:
    work: Work of the block, such as 'sampling 8 pictures at a time'.
    way_out: Advice to the user.
    flag: Flag with its value that the work depends on most, such as '--batch_size=64'.

  Raises:
    LackOfMemory: The block needs more memory than there is.
  """
  try:
    yield
  except (tf.errors.ResourceExhaustedError, MemoryError) as error:
    device = re.search(r'device:([A-Z]+:\d+)', str(error))
    place = f'{device[1]} of this machine has' if device else 'this machine has'
    start = f'{flag}: ' if flag else ''
    raise LackOfMemory(
      f'{start}{work} needs more memory than {place} ({first_line(error)}); {way_out}'
    ) from None
