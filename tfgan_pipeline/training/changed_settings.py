"""Settings that differ between a run's checkpoints and the training that goes on from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import checkpoint_file, checksums
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.recorded_changes import changed_since


def require_equal_variables(
  run: RunDirectory, root: tf.train.Checkpoint, changes: Mapping[str, Any]
) -> None:
  """Raises UsageError if changed settings need other variables than the newest checkpoint has.

  Args:
    run: The directory of the run.
    root: The variables by the new settings.
    changes: [old, new] values of the settings that change, by name.
  """
  checkpoints = Checkpoints(run.checkpoints)
  steps = checkpoints.steps()
  if not steps or not changes:
    return
  new = checksums.shapes_of_variables(root).items()
  old = checkpoint_file.shapes(checkpoints.prefix(steps[-1])).items()
  others = sorted({name for name, _ in new ^ old if not checkpoint_file.is_rate(name)})
  if others:
    more = f' and {len(others) - 1} more' if len(others) > 1 else ''
    raise UsageError(
      f'--change={",".join(changes)}: needs other variables than the run has ({others[0]}{more}); '
      f'start a new run in another --model_dir with --init_from={run.path}'
    )


def optimizers_changed_since(run: RunDirectory, experiment: Experiment, step: int) -> list[str]:
  """Returns the players whose optimisers have other settings than when `step` was saved.

  Args:
    run: The directory of the run.
    experiment: The settings by which training goes on.
    step: Step of the checkpoint that training goes on from.
  """
  if not run.exists():
    return []
  names = {*changed_since(run, step), *experiment.changes(run.read_experiment())}
  return [name.removesuffix('_optimizer') for name in sorted(names) if name.endswith('_optimizer')]
