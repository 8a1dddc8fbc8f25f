"""Changes of settings that an existing run is told to make from a step on: --change=batch_size.

names = changeable('batch_size, data')     # frozenset({'batch_size', 'data'})
"""

from __future__ import annotations

import dataclasses

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError

DATA = 'data'  # The content of the data set, which is no setting.
# What decides the variables of a run, where they began, and the meaning of its samples.
FIXED = ('dataset', 'model', 'networks', 'noise', 'replay_pool', 'init_from')
_NEW_RUN = 'start a new run in another --model_dir, with --init_from=RUN'


def changeable(change: str) -> frozenset[str]:
  """Returns the names in `change`, the value of --change.

  Args:
    change: Names of settings, and 'data' for the content of the data set, separated by commas.

  Raises:
    UsageError: A name is no setting, or one that a run cannot change.
  """
  names = frozenset(name.strip().removeprefix('--') for name in change.split(',') if name.strip())
  fields = [field for field in dataclasses.fields(Experiment) if field.name not in FIXED]
  for name in sorted(names):
    if name in FIXED:
      raise UsageError(f'--change={change}: {name} cannot change in a run; {_NEW_RUN}')
    if name not in (DATA, *(field.name for field in fields)):
      choices = ', '.join([DATA, *(field.name for field in fields if field.metadata['defines'])])
      raise UsageError(f'--change={change}: {name} is no setting; what can change is {choices}')
  return names


def refuse_others(
  place: str, experiment: Experiment, old: Experiment, names: frozenset[str]
) -> None:
  """Raises UsageError if settings differ that are not in `names`; the message says a way out.

  Args:
    place: Directory of the run.
    experiment: The settings that are asked for.
    old: The settings of the run.
    names: Settings that are meant to change.
  """
  pairs = {name: pair for name, pair in experiment.changes(old).items() if name not in names}
  if not pairs:
    return
  fixed = [name for name in pairs if name in FIXED]
  if fixed:
    way_out = f'{", ".join(fixed)} cannot change in a run; {_NEW_RUN}'
  else:
    way_out = f'--change={",".join(sorted({*names, *pairs}))} goes on with the new from here'
  raise UsageError(
    f'--model_dir={place}: holds a run with other settings: '
    f'{", ".join(f"--{name}={new} (was {old})" for name, (old, new) in pairs.items())}; {way_out}'
  )
