"""First weights of a run: fresh ones, or those of another run where names and shapes agree.

facts = initialise(state, experiment)     # of --init_from=RUN:best
"""

from __future__ import annotations

import logging
import re
from typing import Any

from tfgan_pipeline.config.chosen_step import best_metric, scores_elsewhere, split_source
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError, first_line, listed, spoken
from tfgan_pipeline.runs import checkpoint_file, checksums
from tfgan_pipeline.runs.best_step import best_of
from tfgan_pipeline.runs.checkpoints import DAMAGE, Checkpoints, format_steps
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.training.state import TrainState

_log = logging.getLogger(__name__)
_TOLD = 8  # Tensors that the log names; experiment.json has all of them.


def find_source(init_from: str) -> tuple[RunDirectory, int]:
  """Returns the run and the step that --init_from names.

  Raises:
    UsageError: There is no such run or checkpoint.
  """
  flag = f'--init_from={init_from}'
  path, step = split_source(init_from)
  try:
    run = RunDirectory(path)
  except UsageError as error:  # Of a --model_dir, such as a file or a pattern.
    raise UsageError(str(error).replace(f'--model_dir={path}', flag)) from None
  if not run.exists():
    raise UsageError(f'{flag}: no run there, which has an experiment.json')
  steps = Checkpoints(run.checkpoints).steps()
  if not steps:
    raise UsageError(f'{flag}: no checkpoint there yet')
  if metric := best_metric(step):
    return run, best_of(run, metric, flag, scores_elsewhere(step)).step
  found = steps[-1] if step is None else step
  if found not in steps:
    raise UsageError(f'{flag}: no such checkpoint; there are {format_steps(steps)}')
  assert isinstance(found, int)
  return run, found


def initialise(state: TrainState, experiment: Experiment) -> dict[str, Any]:
  """Sets the weights of a run that starts; returns facts on their origin, for its record.

  Weights of --init_from are taken where another variable of a network or of its moving average has
  the name, the shape and the type. An average that the other run does not keep starts as a copy of
  the weights. Optimisers, penalties and counters start fresh.

  Raises:
    UsageError: The other checkpoint is missing or damaged, or nothing in it fits.
  """
  if not experiment.init_from:
    _log.info('starting from scratch')
    return {}
  flag = f'--init_from={experiment.init_from}'
  run, step = find_source(experiment.init_from)
  parts = {*state.networks, *state.named_averages}
  targets = {
    name: variable
    for name, variable in checksums.named_variables(state.checkpoint).items()
    if name.split('/')[0] in parts
  }
  checkpoints = Checkpoints(run.checkpoints)
  prefix = checkpoints.prefix(step)
  try:
    shapes = checkpoint_file.shapes(prefix)
    origins = {name: origin for name in targets if (origin := _origin(name, shapes))}
    values = checkpoint_file.values(prefix, set(origins.values()))
    saved = checkpoints.record(step).get('parts')
    with checkpoint_file.literal_path(prefix) as path:
      if saved and checksums.of_file(path) != saved:
        raise UsageError(f'{flag}: {prefix} is not what was saved there, by its checksum')
  except DAMAGE as error:
    if isinstance(error, UsageError):
      raise
    raise UsageError(f'{flag}: {prefix} is damaged ({first_line(error)})') from None
  left = {}
  for name, variable in targets.items():
    value = values.get(origins.get(name, ''))
    if value is None:
      left[name] = 'not there'
    elif value.shape != tuple(variable.shape) or value.dtype != variable.dtype.as_numpy_dtype:
      left[name] = f'{_text(value.shape)} there, {_text(variable.shape)} here'
    else:
      variable.assign(value)
  taken = len(targets) - len(left)
  not_taken = listed([f'{name} ({reason})' for name, reason in left.items()], _TOLD)
  if not taken:
    raise UsageError(f'{flag}: nothing of step {step} fits: {not_taken}')
  leaving = f'; left: {not_taken}' if left else ''
  told = f'{flag}: took {taken} of {len(targets)} tensors of step {step}{leaving}'
  _log.info('%s', spoken(told))
  source = {'model_dir': run.path, 'run_id': run.run_id, 'step': step}
  return {'init_from': {**source, 'taken': taken, 'left': left}}


def _origin(name: str, shapes: dict[str, tuple[int, ...]]) -> str:
  """Returns the name of the variable that one of an average or network starts as; '' for none."""
  part, _, rest = name.partition('/')
  names = (name, f'{re.sub("_ema(_long)?$", "", part)}/{rest}')
  return next((found for found in names if found in shapes), '')


def _text(shape: Any) -> str:
  return 'x'.join(map(str, tuple(shape))) or 'a number'
