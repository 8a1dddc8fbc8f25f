"""`mu, sigma` files, the currency of pytorch-fid and clean-fid, with a definition that is ours.

    write_statistics('cifar10.npz', statistics, definition)
    statistics, definition = read_statistics('cifar10.npz')

The keys are `mu` float64 [D] and `sigma` float64 [D, D], and one more, which those tools pass over:
`definition`, JSON that says what was measured.
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
  """Statistics, with ddof=1, of features [N, D]."""
  moments = Moments()
  moments.update(pool)
  return Statistics(moments.mean, moments.covariance(), len(pool))


def write_statistics(path: str, statistics: Statistics, definition: dict[str, Any]) -> None:
  """Writes a file that pytorch-fid and clean-fid read; `path` may be gs://.

  Args:
    path: Ends with .npz.
    statistics: With a count.
    definition: Extractor and reference, as in a record's definition.
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
  """All arrays of an .npz file. Raises UsageError, without a flag, when there is no such file."""
  try:
    with tf.io.gfile.GFile(path, 'rb') as file:
      content = file.read()
    with np.load(io.BytesIO(content), allow_pickle=False) as stored:
      return dict(stored)
  except tf.errors.NotFoundError:
    raise UsageError(f'{path}: no such file') from None
  except Exception as error:  # Of zipfile, of numpy, of the file system: each has its own.
    raise UsageError(f'{path}: not an .npz file ({first_line(error)})') from None


def read_statistics(path: str) -> tuple[Statistics, dict[str, Any] | None]:
  """The statistics and our definition of them, which is None in the files of other tools.

  Raises:
    UsageError: No such file, or none with `mu` and `sigma` that make sense.
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
  """The definition in an .npz file, or None. Raises UsageError when it is not ours."""
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
