"""Successive halving: all settings train a little, the better ones longer, the best to the end.

Jamieson and Talwalkar, "Non-stochastic Best Arm Identification and Hyperparameter Optimization",
2016, algorithm 1, with lengths of runs that grow by the factor by which the settings get fewer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import json
import math

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.sweep.plan import Run


def rounds(runs: Sequence[Run], factor: int) -> list[int]:
  """Returns the steps at which settings are compared, and last the end of the longest run.

  Args:
    runs: All runs, whose lengths are in steps.
    factor: Of so many settings one goes on; 0 compares none before the end.

  Raises:
    UsageError: There is nothing to compare, or runs would end before their first checkpoint.
  """
  last = max(run.experiment.max_steps for run in runs)
  if not factor:
    return [last]
  settings = len({key_of(run) for run in runs})
  if settings < 2:
    raise UsageError(f'--halving={factor}: there is one setting; seeds are not held against it')
  save_every = max(run.experiment.save_every for run in runs)
  steps = [last]
  for _ in range(math.ceil(math.log(settings, factor) - 1e-9)):
    # At a checkpoint that a run would have anyway.
    earlier = math.ceil(steps[0] / factor / save_every) * save_every
    if earlier >= steps[0]:
      break
    steps.insert(0, earlier)
  if len(steps) == 1:
    raise UsageError(
      f'--halving={factor}: no checkpoint lies before the end at step {last:,}, as --save_every is '
      f'{save_every:,}; make it smaller'
    )
  return steps


def survivors(
  runs: Sequence[Run], means: Mapping[str, float], factor: int, *, lower_is_better: bool
) -> list[Run]:
  """Returns the runs of the best settings: one of `factor` goes on, and at least one.

  Args:
    runs: Runs that are compared.
    means: Mean score over seeds by `key_of` a run; settings without a score are hopeless.
    factor: Of so many settings one goes on.
    lower_is_better: The direction of the score.
  """
  sign = 1 if lower_is_better else -1
  order = sorted(means, key=lambda key: sign * means[key])
  kept = set(order[: math.ceil(len({key_of(run) for run in runs}) / factor)])
  return [run for run in runs if key_of(run) in kept]


def key_of(run: Run) -> str:
  """Returns a text that is equal for runs of a sweep that differ in nothing but the seed."""
  return json.dumps(run.setting)
