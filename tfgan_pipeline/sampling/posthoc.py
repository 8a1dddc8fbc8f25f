"""Runs whose average is of a length that was chosen after the training.

    new = write_averaged(run, experiment, 0.15, None, '/tmp/longer')
    # tfgan-evaluate --model_dir=/tmp/longer

A run of --ema=posthoc has two averages in each checkpoint, see models/power_averages.py.
"""

from __future__ import annotations

import dataclasses
import logging

import numpy as np

from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError, spoken
from tfgan_pipeline.models.power_averages import LONGEST, STORED, Stored, fitted
from tfgan_pipeline.runs import checkpoint_file, checksums, derived
from tfgan_pipeline.runs.best_step import existing_step
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory, new_run_id
from tfgan_pipeline.runs.snapshot import Rewriter, Snapshot
from tfgan_pipeline.sampling.restored import RestoredNetworks

_log = logging.getLogger(__name__)
_SUFFIXES = dict(zip(STORED, ('_ema', '_ema_long')))
_FAIR = 0.1  # Of an error of the fit: above it, the average is another than the one asked for.


@dataclasses.dataclass(frozen=True)
class Averaged:
  """An average that was made.

  Attributes:
    length: Its length, as a share of the training.
    step: The step that it belongs to.
    checkpoints: Number of checkpoints that it was made of.
    error: Relative difference of its profile from that of the length, see power_averages.fitted.
  """

  length: float
  step: int
  checkpoints: int
  error: float


def require_length(length: float) -> None:
  """Raises UsageError for a length that no average has."""
  if not 0 < length <= LONGEST:
    raise UsageError(
      f'--length={length:g}: a share of the training between 0 and {LONGEST:.3f}, which is that of '
      'all steps alike; runs store 0.05 and 0.1'
    )


def write_averaged(
  run: RunDirectory, experiment: Experiment, length: float, step: Step, output_dir: str
) -> Averaged:
  """Writes a run with one checkpoint, that of a run but for its moving averages.

  Variables that are not trained, such as the statistics of batch normalisation, are the
  checkpoint's. The new run is sampled, scored and exported like any other.

  Args:
    run: The run, of --ema=posthoc.
    experiment: The run's experiment, as recorded.
    length: Length of the average, above 0 and at most 0.288.
    step: The step of the checkpoint; None for the newest.
    output_dir: The folder of the new run, which must not be a run yet.

  Raises:
    UsageError: The run keeps no such averages, a checkpoint is missing, or output_dir is a run.
  """
  require_length(length)
  if 'averaged' in run.read_record():
    raise UsageError(
      f'--model_dir={run.path}: is an average itself; name the run that it was made of'
    )
  if experiment.ema != 'posthoc':
    raise UsageError(
      f'--model_dir={run.path}: keeps one average, of --ema_decay={experiment.ema_decay:g}; '
      'train with --ema=posthoc for averages of any length'
    )
  target = RunDirectory(output_dir)
  checkpoints = Checkpoints(run.checkpoints)
  steps = [one for one in checkpoints.steps() if one]  # At 0 nothing was averaged.
  chosen = existing_step(run, step, steps)
  step = steps[-1] if chosen is None else chosen
  if made := _made_before(target, run, length, step):
    return made
  target = derived.new_target(output_dir)
  stored = [Stored(one, of) for one in steps if one <= step for of in STORED]
  factors, error = fitted(stored, step, length)
  averaged = Averaged(length, step, len(stored) // len(STORED), error)
  if error > _FAIR:
    _log.warning(
      spoken(
        'an average of length %g differs by %.0f%% from what %d checkpoints can make; a smaller '
        '--save_every keeps more'
      ),
      *(length, 100 * error, averaged.checkpoints),
    )
  values = _all_values(checkpoints, step)
  values |= _sums(checkpoints, stored, factors, _averaged_names(run, experiment))
  run_id = new_run_id()
  new = Checkpoints(target.checkpoints, run_id=run_id)
  with checkpoint_file.literal_path(checkpoints.prefix(step)) as path:
    new.save(step, Snapshot(Rewriter(path), values))
  derived.write(run, target, run_id, step, 'averaged', dataclasses.asdict(averaged))
  return averaged


def _made_before(
  target: RunDirectory, run: RunDirectory, length: float, step: int
) -> Averaged | None:
  """Returns the average that an earlier call, of several lengths perhaps, has left; else None."""
  record = target.read_record().get('averaged') if target.exists() else None
  if not record or record['of']['run_id'] != run.run_id:
    return None
  made = Averaged(**{field.name: record[field.name] for field in dataclasses.fields(Averaged)})
  return made if (made.length, made.step) == (length, step) else None


def _all_values(checkpoints: Checkpoints, step: int) -> dict[str, np.ndarray]:
  prefix = checkpoints.prefix(step)
  return checkpoint_file.values(prefix, checkpoint_file.shapes(prefix))


def _averaged_names(run: RunDirectory, experiment: Experiment) -> list[str]:
  """Returns the names on disk of the trained variables of averages, as after '_ema'."""
  restored = RestoredNetworks(run, experiment)
  suffix = _SUFFIXES[STORED[0]]
  named = checksums.named_variables(restored.checkpoint)
  averages = {f'{role}{suffix}' for role in restored.game.averaged}
  return [
    name
    for name, variable in named.items()
    if variable.trainable and name.split('/')[0] in averages
  ]


def _sums(
  checkpoints: Checkpoints, stored: list[Stored], factors: np.ndarray, names: list[str]
) -> dict[str, np.ndarray]:
  """Returns the sums of stored averages, float32, computed in float64, by name on disk."""
  sums: dict[str, np.ndarray | float] = dict.fromkeys(names, 0.0)
  for one, factor in zip(stored, factors):
    here = {name: _renamed(name, one.length) for name in names}
    values = checkpoint_file.values(checkpoints.prefix(one.step), set(here.values()))
    for name, other in here.items():
      sums[name] = sums[name] + factor * values[other].astype(np.float64)
  return {name: np.asarray(value, np.float32) for name, value in sums.items()}


def _renamed(name: str, length: float) -> str:
  role, _, rest = name.partition('/')
  return f'{role.removesuffix(_SUFFIXES[STORED[0]])}{_SUFFIXES[length]}/{rest}'
