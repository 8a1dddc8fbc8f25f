"""Files that others read whole or not at all, and one line when they cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import os
import re
import uuid

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import WriteError, first_line

_TEMPORARY = re.compile(r'\.[0-9a-f]{32}\.tmp$')


def write(path: str, content: str | bytes) -> None:
  """Replaces the file at `path`, which may be gs://; whoever reads it meets the old or the new."""
  temporary = f'{path}.{uuid.uuid4().hex}.tmp'
  try:
    with tf.io.gfile.GFile(temporary, 'wb') as file:
      file.write(content.encode() if isinstance(content, str) else content)
    tf.io.gfile.rename(temporary, path, overwrite=True)
  except BaseException:
    with contextlib.suppress(tf.errors.OpError):
      tf.io.gfile.remove(temporary)
    raise


def remove_leftovers(directory: str) -> None:
  """Removes what a killed `write` has left in a directory. Only for its one writer."""
  for name in tf.io.gfile.listdir(directory) if tf.io.gfile.isdir(directory) else ():
    if _TEMPORARY.search(name):
      tf.io.gfile.remove(os.path.join(directory, name))


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
  """Turns TensorFlow's and Python's errors in writing at or below `path` into WriteError."""
  try:
    yield
  except WriteError:
    raise
  except (tf.errors.OpError, OSError) as error:
    raise WriteError(f'{path}: cannot be written ({first_line(error)})') from None
