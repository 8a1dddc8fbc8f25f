"""Files that others read whole or not at all, and one line when they cannot be written."""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import uuid

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import WriteError, first_line


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


@contextlib.contextmanager
def writing(path: str) -> Iterator[None]:
  """Turns TensorFlow's and Python's errors in writing at or below `path` into WriteError."""
  try:
    yield
  except WriteError:
    raise
  except (tf.errors.OpError, OSError) as error:
    raise WriteError(f'{path}: cannot be written ({first_line(error)})') from None
