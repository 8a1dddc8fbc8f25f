"""Places of score records: below the run, or in --eval_dir for runs that may not be written.

place = place_of(run, options)      # UsageError, before long work, if it cannot be written
Records(place.directory, also=place.read_only)
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os

from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.directory import RunDirectory


@dataclasses.dataclass(frozen=True)
class Place:
  """Directories of one evaluation of a run.

  Attributes:
    directory: The directory that records, curves and claims are written to.
    read_only: Directories whose records count, too.
  """

  directory: str
  read_only: Sequence[str] = ()


def place_of(run: RunDirectory, options: EvaluationOptions) -> Place:
  """Returns the place of a run's scores, which need not exist yet.

  With --eval_dir that is `eval_dir/RUN/eval/NAME`, RUN being the run's name and the start of its
  id; what the run itself has recorded counts all the same.

  Raises:
    UsageError: The place may not be written.
  """
  own = run.evaluation(options.directory_name)
  if not options.eval_dir:
    _check(own, f'--model_dir={run.path}', '--eval_dir=FOLDER keeps scores elsewhere')
    return Place(own)
  directory = os.path.join(run.scores_in(options.eval_dir), 'eval', options.directory_name)
  _check(directory, f'--eval_dir={options.eval_dir}', 'name another folder')
  return Place(directory, (own,))


def _check(directory: str, setting: str, way_out: str) -> None:
  """Raises UsageError if a directory can neither be written nor made; makes nothing."""
  if not files.is_local(directory):
    return
  existing = directory
  while not os.path.lexists(existing):
    existing = os.path.dirname(existing)
  if not os.path.isdir(existing):
    raise UsageError(f'{setting}: {existing} is no folder; {way_out}')
  if not os.access(existing, os.W_OK | os.X_OK):
    raise UsageError(f'{setting}: {existing} may not be written; {way_out}')
