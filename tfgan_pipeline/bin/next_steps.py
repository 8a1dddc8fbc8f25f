"""The line with which training ends: steps, time, where pictures are, what to type next."""

from __future__ import annotations

import os
import shlex

from tfgan_pipeline.config.experiment import Experiment


def finished(
  experiment: Experiment, step: int, seconds: float, *, scored: bool, reads_pictures: bool = False
) -> str:
  """Returns a line with steps, time, the place of pictures, and the command to give next.

  Args:
    experiment: The experiment of the run.
    step: The step that the run has reached.
    seconds: Duration of this process.
    scored: Whether the checkpoints have been scored.
    reads_pictures: Whether samples are made of pictures, as those of a translator are.
  """
  minutes, rest = divmod(round(seconds), 60)
  model_dir = f'--model_dir={shlex.quote(experiment.model_dir)}'
  source = ' --input_dir=PICTURES' if reads_pictures else ''
  commands = [
    f'tfgan-report {model_dir} --output=report.html',
    f'tfgan-sample {model_dir}{source} --output=samples.png',
  ]
  if not scored:
    commands.insert(0, f'tfgan-evaluate {model_dir}')
  samples = os.path.join(experiment.model_dir, 'samples')
  return (
    f'done: {step} steps, in {minutes}:{rest:02d}; '
    f'pictures: {samples}; next: {", ".join(commands[:-1])} or {commands[-1]}'
  )
