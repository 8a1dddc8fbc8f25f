"""Short hashes that stand for contents: of extractors, definitions, files."""

from __future__ import annotations

from collections.abc import Mapping
import hashlib

import numpy as np

from tfgan_pipeline.runs import files


def digest(*parts: str | np.ndarray) -> str:
  """Hashes texts and arrays, with their shapes, to 16 hexadecimal digits of SHA-256."""
  state = hashlib.sha256()
  for part in parts:
    if isinstance(part, str):
      state.update(part.encode())
    else:
      state.update(f'{part.dtype}{part.shape}'.encode())
      state.update(np.ascontiguousarray(part).tobytes())
  return state.hexdigest()[:16]


def digest_of_files(paths: Mapping[str, str]) -> str:
  """Hashes files' names and contents, independent of their location.

  Args:
    paths: Where each file is, by the name it goes by.
  """
  state = hashlib.sha256()
  for name, path in sorted(paths.items()):
    content = hashlib.sha256()
    for block in files.blocks(path):
      content.update(block)
    state.update(f'{name}:{content.hexdigest()};'.encode())
  return state.hexdigest()[:16]
