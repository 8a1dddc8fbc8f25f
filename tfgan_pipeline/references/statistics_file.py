"""Files of `mu` and `sigma`, as pytorch-fid and clean-fid use them, with a definition added.

    write_statistics('cifar10.npz', statistics, definition)
    statistics, definition = read_statistics('cifar10.npz')

The keys are `mu` float64 [D], `sigma` float64 [D, D] and `definition`, JSON that says what was
measured; the other tools ignore `definition`.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
import io
import json
import math
from typing import Any

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.frechet.moments import Moments
from tfgan_pipeline.metrics.frechet.statistics import Statistics
from tfgan_pipeline.references.array_file import arrays_in
from tfgan_pipeline.runs import atomic_files

# Names in files of other tools, in lower case, in the order of preference; m and s are those of the
# TTUR authors' older files.
_MEANS = ('mu', 'mean', 'mus', 'm')
_COVARIANCES = ('sigma', 'cov', 'covariance', 'sigmas', 's')
_LARGEST_WIDTH = 16_384  # Two GiB of covariance; networks in use have 4,096 features at most.


def statistics_of(pool: np.ndarray) -> Statistics:
  """Computes the mean and covariance, with ddof=1, of features [N, D]."""
  moments = Moments()
  moments.update(pool)
  return Statistics(moments.mean, moments.covariance(), len(pool))


def write_statistics(path: str, statistics: Statistics, definition: dict[str, Any]) -> None:
  """Writes statistics to an .npz file that pytorch-fid and clean-fid can read.

  Args:
    path: Path that ends with .npz; may be gs://.
    statistics: Statistics with a count.
    definition: Extractor and reference, as in the definition of a score record.
  """
  definition = {**definition, 'num_reference': statistics.count, 'ddof': statistics.ddof}
  content = io.BytesIO()
  np.savez(
    content,
    mu=statistics.mean,
    sigma=statistics.covariance,
    definition=np.array(json.dumps(definition)),
  )
  with atomic_files.writing(path):
    atomic_files.write(path, content.getvalue())


def read_arrays(path: str, names: Collection[str] | None = None) -> dict[str, np.ndarray]:
  """Reads arrays of an .npz file: those in `names` that it has, or all.

  Raises:
    UsageError: There is no such file, it is no .npz file, or an array holds Python objects; the
      message names no flag.
  """
  stored = arrays_in(path)
  if '' in stored:
    raise UsageError(f'{path}: not an .npz file, but one array {stored[""]}')
  return {name: array.read() for name, array in stored.items() if names is None or name in names}


def read_statistics(path: str) -> tuple[Statistics, dict[str, Any] | None]:
  """Reads statistics and their definition, which is None in files of other tools.

  Only mean and covariance are read, whatever else a file holds, under any of the names that tools
  give them, in any float format, and the mean as a row or a column, too.

  Raises:
    UsageError: There is no such file, or mean, covariance or definition are missing or invalid.
  """
  stored = arrays_in(path)
  names = [_find_name(stored, known) for known in (_MEANS, _COVARIANCES)]
  if None in names:
    features = [name for name, array in stored.items() if len(array.shape) == 2]
    hint = '; for features take --reference_features' if features else ''
    listed = ', '.join(sorted(filter(None, stored))) or 'nothing'
    raise UsageError(f'{path}: has no mu and sigma, but {listed}{hint}')
  mean, covariance = (stored[str(name)] for name in names)
  for name, array in ((names[0], mean), (names[1], covariance)):
    if array.dtype.kind not in 'fiu':
      raise UsageError(f'{path}: not an .npz file of numbers, {name} is {array}')
  width = math.prod(mean.shape)
  if covariance.shape != (width, width) or width > _LARGEST_WIDTH:
    raise UsageError(
      f'{path}: a mean {mean.shape} and a covariance {covariance.shape} do not agree, or have more '
      f'than {_LARGEST_WIDTH} features'
    )
  definition = read_definition(path, read_arrays(path, ['definition']))
  try:
    facts = definition or {}
    statistics = Statistics(
      _as_float(mean.read()).reshape(-1),
      _as_float(covariance.read()),
      facts.get('num_reference'),
      facts.get('ddof', 1),
    )
  except UsageError as error:
    raise UsageError(f'{path}: {str(error).removeprefix(f"{path}: ")}') from None
  return statistics, definition


def _find_name(stored: Collection[str], known: Sequence[str]) -> str | None:
  """Returns the first of the known names, in any case, that a file has; None if it has none."""
  by_lower = {name.lower(): name for name in stored}
  return next((by_lower[name] for name in known if name in by_lower), None)


def _as_float(values: np.ndarray) -> np.ndarray:
  """Returns float16 and long doubles, which the checks do not know, as float64."""
  return values if values.dtype in (np.float32, np.float64) else values.astype(np.float64)


def read_definition(path: str, arrays: dict[str, np.ndarray]) -> dict[str, Any] | None:
  """Returns the definition among the arrays of an .npz file; None if there is none.

  Raises:
    UsageError: The definition does not have the form that this package writes.
  """
  if 'definition' not in arrays:
    return None
  try:
    definition = json.loads(str(arrays['definition']))
    definition['extractor']['fingerprint'], definition['reference']['fingerprint']  # noqa: B018
    if not isinstance(definition.get('num_reference'), int | None):
      raise ValueError
    if definition.get('ddof', 1) not in (0, 1):
      raise ValueError
  except (ValueError, TypeError, LookupError):
    raise UsageError(f'{path}: its definition cannot be read') from None
  return definition
