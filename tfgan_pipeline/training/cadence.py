"""Cadence of the training loop: how many steps the device may run before the host has work."""

from __future__ import annotations

from tfgan_pipeline.config.experiment import Experiment


def loop_length(experiment: Experiment, step: int, until: int) -> int:
  """Returns the number of steps until something is due on the host, at most `steps_per_loop`.

  Args:
    experiment: The run's choices.
    step: The step of the state.
    until: The step to reach.
  """
  intervals = (experiment.log_every, experiment.save_every, experiment.sample_every)
  return min(
    experiment.steps_per_loop, until - step, *(every - step % every for every in intervals)
  )
