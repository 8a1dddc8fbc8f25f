"""Sessions: each process that trains a run is recorded in experiment.json before it begins."""

from __future__ import annotations

from collections.abc import Mapping
import logging
import re
import types
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config import source_code
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.description import describe
from tfgan_pipeline.errors import spoken
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory, new_run_id
from tfgan_pipeline.training import environment

_log = logging.getLogger(__name__)


def run_id_of(run: RunDirectory, step: int, *, starts: bool) -> str:
  """Returns the id of the run in a directory; a new id if the run starts there.

  Args:
    run: The directory of the run.
    step: The step of the newest checkpoint.
    starts: Whether the run starts, there being no checkpoint.
  """
  if starts:
    return new_run_id()
  if run.exists():
    return run.run_id
  return Checkpoints(run.checkpoints).record(step).get('run_id', '')


def begin(
  run: RunDirectory,
  experiment: Experiment,
  facts: Mapping[str, Any],
  dataset: Dataset,
  *,
  run_id: str,
  step: int,
  changes: Mapping[str, Any] = types.MappingProxyType({}),
  strategy: tf.distribute.Strategy,
  chief: bool,
) -> None:
  """Records a session in experiment.json and logs that it begins.

  Args:
    run: The directory of the run.
    experiment: The run's choices.
    facts: Facts about data and networks, see run_facts.facts.
    dataset: The data, of which one line tells how it was understood.
    run_id: The run's id.
    step: The step that the session starts from.
    changes: What the user has changed in data or settings since the run was trained before.
    strategy: The devices that it trains on.
    chief: Whether this worker writes.
  """
  sources = source_code.unreleased(experiment)
  machine = environment.description(strategy)
  imports = _imports(sources)
  session = {
    'first_step': step,
    **changes,
    **({'imports': imports} if imports else {}),
    **machine,
  }
  run.begin_session(experiment, facts, session, sources, run_id=run_id, chief=chief)
  _log.info('settings: %s', _changed(experiment))
  for name, (old, new) in changes.get('changed_settings', {}).items():
    _log.info('%s', spoken(f'changed from step {step} on: --{name}={new} (was {old})'))
  if 'changed_data' in changes:
    _log.info('changed from step %d on: data', step)
  _log.info('data: %s', describe(dataset))
  where = ', '.join(machine['accelerator']['devices'])
  _log.info('training %s from step %d to %d on %s', run.path, step, experiment.max_steps, where)


def _changed(experiment: Experiment) -> str:
  """Returns the settings that are not at their defaults, as flags, for the log."""
  changed = []
  for name, value in experiment.changed().items():
    quote = '"' if re.search(r'[^\w./:-]', str(value)) else ''
    changed.append(f'--{name}={quote}{value}{quote}')
  return ' '.join(changed) or 'all at their defaults'


def _imports(sources: Mapping[str, source_code.Source]) -> list[str]:
  """Returns files and modules for --import: those that were asked for, and those of components."""
  places = list(registry.outside.named)
  for component, source in sources.items():
    kind, name = component.split()
    if kind != 'function' and name in registry.outside.components(kind):
      places.append(source.module or source.path)
  return list(dict.fromkeys(places))
