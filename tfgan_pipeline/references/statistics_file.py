"""Files of `mu` and `sigma`, as pytorch-fid and clean-fid use them, with a definition added.

    write_statistics('cifar10.npz', statistics, definition)
    statistics, definition = read_statistics('cifar10.npz')

The keys are `mu` float64 [D], `sigma` float64 [D, D] and `definition`, JSON that says what was
measured; the other tools ignore `definition`.
"""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.metrics.frechet.moments import Moments
from tfgan_pipeline.metrics.frechet.statistics import Statistics
from tfgan_pipeline.runs import atomic_files


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


def read_arrays(path: str) -> dict[str, np.ndarray]:
  """Reads all arrays of an .npz file.

  Raises:
    UsageError: There is no such file, or it is no .npz file; the message names no flag.
  """
  try:
    with tf.io.gfile.GFile(path, 'rb') as file:
      content = file.read()
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
      return dict(stored)
  except tf.errors.NotFoundError:
    raise UsageError(f'{path}: no such file') from None
  except Exception as error:  # zipfile, numpy and the file system each have errors of their own.
    raise UsageError(f'{path}: not an .npz file ({first_line(error)})') from None


def read_statistics(path: str) -> tuple[Statistics, dict[str, Any] | None]:
  """Reads statistics and their definition, which is None in files of other tools.

  Raises:
    UsageError: There is no such file, or its `mu`, `sigma` or definition are missing or invalid.
  """
  arrays = read_arrays(path)
  if not {'mu', 'sigma'} <= set(arrays):
    raise UsageError(f'{path}: has no mu and sigma, but {", ".join(sorted(arrays)) or "nothing"}')
  definition = read_definition(path, arrays)
  try:
    facts = definition or {}
    statistics = Statistics(
      arrays['mu'], arrays['sigma'], facts.get('num_reference'), facts.get('ddof', 1)
    )
  except UsageError as error:
    raise UsageError(f'{path}: {error}') from None
  return statistics, definition


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
