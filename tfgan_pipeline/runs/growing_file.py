"""Files that grow: line by line on a disk, and as a whole in a bucket, which cannot append.

file = GrowingFile('gs://bucket/train.jsonl')
file.add(line)         # Bytes; on a disk they are in the file now.
file.flush()           # In a bucket they are, by one request.
"""

from __future__ import annotations

from tfgan_pipeline.runs import files


class GrowingFile:
  """File that this process alone adds to.

  To append to an object of a bucket is to fetch it and to write all of it anew, so there the
  content is kept in memory and written by `flush`.

  Args:
    path: The file, which may be gs:// and need not exist.
    content: What it has already; None to read that when it is needed.
  """

  def __init__(self, path: str, content: bytes | None = None):
    self.path = path
    self._written = content
    self._added: list[bytes] = []

  def add(self, content: bytes) -> None:
    """Adds bytes to the end."""
    if files.is_local(self.path):
      files.append(self.path, content)
    else:
      self._added.append(content)

  def flush(self) -> None:
    """Writes what was added since the last call, if that is not in the file yet."""
    if not self._added:
      return
    if self._written is None:
      self._written = files.read_bytes(self.path) if files.exists(self.path) else b''
    whole = b''.join([self._written, *self._added])
    files.write_bytes(self.path, whole)
    self._written, self._added = whole, []

  @property
  def held_bytes(self) -> int:
    """Bytes that the next `flush` that has anything to write writes again; 0 on a disk."""
    return len(self._written or b'')
