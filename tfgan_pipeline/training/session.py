"""A session: what one process does to a run, recorded in experiment.json before it begins."""

from __future__ import annotations

from collections.abc import Mapping
import logging
from typing import Any

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config import source_code
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory, new_run_id
from tfgan_pipeline.training import environment

_log = logging.getLogger(__name__)


def run_id_of(run: RunDirectory, step: int, *, starts: bool) -> str:
  """The id of the run that trains in a directory; a new one where it starts.

  Args:
    run: The directory.
    step: That of the newest checkpoint.
    starts: Whether there is no checkpoint.
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
  *,
  run_id: str,
  step: int,
  strategy: tf.distribute.Strategy,
  chief: bool,
) -> None:
  """Records a session and logs that it begins.

  Args:
    run: Where.
    experiment: The run's choices.
    facts: What is worth knowing of the run besides, see run_facts.facts.
    run_id: The run's id.
    step: The step that the session starts from.
    strategy: What it trains on.
    chief: Whether this worker writes.
  """
  sources = source_code.unreleased(experiment)
  machine = environment.description(strategy)
  session = {'first_step': step, **machine}
  run.begin_session(experiment, facts, session, sources, run_id=run_id, chief=chief)
  where = ', '.join(machine['accelerator']['devices'])
  _log.info('training %s from step %d to %d on %s', run.path, step, experiment.max_steps, where)
