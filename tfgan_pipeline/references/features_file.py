"""Features that other programs computed, in .npy and .npz files.

    features, definition = read_features('/tmp/dinov2.npy')

An .npy file holds floats [n, width]. An .npz file holds them under the name `pool`, or as its only
matrix of floats; `logits` [n, classes] and `labels` [n] may lie beside, as in this package's cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.references.array_file import StoredArray, arrays_in
from tfgan_pipeline.references.statistics_file import read_arrays, read_definition


def read_features(path: str, flag: str) -> tuple[Features, dict[str, Any] | None]:
  """Reads features and their definition, which is None in files of other tools.

  Args:
    path: Path of the file; that of a local .npy file is mapped, and not read into memory.
    flag: Flag that named the file, for messages.

  Raises:
    UsageError: There is no such file, it holds no matrix of floats or several, or values are not
      finite.
  """
  try:
    stored = arrays_in(path)
    pool = _find(stored)
    logits, labels = (
      stored[name].read() if name in stored else None for name in ('logits', 'labels')
    )
    definition = read_definition(path, {} if '' in stored else read_arrays(path, ['definition']))
    return Features(_as_float(pool.read()), logits, labels), definition
  except UsageError as error:
    text = str(error).removeprefix(f'{path}: ')
    raise UsageError(f'{flag}={path}: {text}') from None


def _find(stored: Mapping[str, StoredArray]) -> StoredArray:
  if 'pool' in stored:
    return stored['pool']
  found = [
    array
    for name, array in stored.items()
    if len(array.shape) == 2 and array.dtype.kind == 'f' and name != 'logits'
  ]
  if len(found) == 1 and not {'mu', 'sigma'} & set(stored):
    return found[0]
  listed = ', '.join(f'{name} {array}'.strip() for name, array in stored.items()) or 'nothing'
  hint = '; for mu and sigma take --reference_stats' if {'mu', 'sigma'} <= set(stored) else ''
  raise UsageError(
    f'should hold one matrix of features, floats [n, width], or pool, and holds {listed}{hint}'
  )


def _as_float(values: np.ndarray) -> np.ndarray:
  """Returns float16 as float32; refuses nothing, as Features check what they are given."""
  return values.astype(np.float32) if values.dtype == np.float16 else np.asarray(values)
