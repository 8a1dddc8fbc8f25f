"""Short hashes of contents, such as extractors, definitions of scores and files."""

from __future__ import annotations

from collections.abc import Mapping
import hashlib

import numpy as np

from tfgan_pipeline.runs import files


def digest(*parts: str | np.ndarray) -> str:
  """Hashes texts and arrays, with dtypes and shapes, to 16 hexadecimal digits of SHA-256."""
  state = hashlib.sha256()
  for part in parts:
    if isinstance(part, str):
      state.update(part.encode())
    else:
      state.update(f'{part.dtype}{part.shape}'.encode())
      state.update(np.ascontiguousarray(part).data)
  return state.hexdigest()[:16]


def digest_of_files(paths: Mapping[str, str]) -> str:
  """Hashes names and contents of files, whatever their paths, to 16 hexadecimal digits of SHA-256.

  Args:
    paths: The path of each file, by the name that enters the hash.
  """
  state = hashlib.sha256()
  for name, path in sorted(paths.items()):
    content = hashlib.sha256()
    for block in files.blocks(path):
      content.update(block)
    state.update(f'{name}:{content.hexdigest()};'.encode())
  return state.hexdigest()[:16]
