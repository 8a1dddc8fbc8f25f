"""Fingerprints that are known from an earlier start, so that data is not read for them again.

fingerprint = known_fingerprints.of(split.add_content, start)

A fingerprint is looked up by all that goes into it, with the path, size and times of each file in
place of its bytes; in a bucket an object gets a new time with each generation. The file system
notes times in steps, so a file that was changed just before it was read is not relied upon.
"""

from __future__ import annotations

from collections.abc import Callable
import contextlib
import hashlib
import os
import time
from typing import Any

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import atomic_files, files

# Far more than the step of any file system's clock, and of FAT's two seconds.
_SETTLED_SECONDS = 3.0


class Facts:
  """Digest that takes facts about a file for its bytes.

  Attributes:
    files: How many files there were.
    newest: When one was changed last, in seconds since 1970.
  """

  def __init__(self, start: bytes):
    self._digest = hashlib.sha256(start)
    self.files = 0
    self.newest = 0.0

  def update(self, content: Any) -> None:
    """Adds bytes, as a digest of hashlib does."""
    self._digest.update(content)

  def add_file(self, path: str, name: str) -> None:
    """Adds the facts about a file; raises FileNotFoundError without it."""
    facts, changed = files.facts(path)
    place = os.path.abspath(path) if files.is_local(path) else path
    self._digest.update(repr((place, name, facts)).encode())
    self.files += 1
    self.newest = max(self.newest, changed)

  def hexdigest(self) -> str:
    return self._digest.hexdigest()


def of(add_content: Callable[[Any], None], start: bytes) -> str:
  """Returns sixteen hexadecimal digits of a SHA-256 of `start` and of what `add_content` adds.

  Args:
    add_content: Function that updates a digest, and gives files to `add_file` of splits/files.py.
    start: What the digest begins with.
  """
  facts, now = Facts(start), time.time()
  add_content(facts)
  if not facts.files:  # Nothing but bytes.
    return facts.hexdigest()[:16]
  path = os.path.join(_folder(), facts.hexdigest()[:32])
  with contextlib.suppress(OSError, UsageError):
    if len(known := files.read_text(path)) == 16:
      return known
  digest = hashlib.sha256(start)
  add_content(digest)
  fingerprint = digest.hexdigest()[:16]
  if now - facts.newest > _SETTLED_SECONDS:
    with contextlib.suppress(OSError):  # A home that cannot be written costs time, no more.
      files.make_folder(os.path.dirname(path))
      atomic_files.write(path, fingerprint, durable=False)
  return fingerprint


def _folder() -> str:
  cache = os.environ.get('TFGAN_PIPELINE_CACHE') or '~/.cache/tfgan_pipeline'
  return os.path.join(os.path.expanduser(cache), 'fingerprints')
