"""Mode collapse, told from the diversity of samples: its threshold and its words."""

from __future__ import annotations

COLLAPSED = 0.1  # Samples count as collapsed when their diversity is below this.
# The first step at which a collapse is reported: the diversity of a DCGAN's samples starts at 0.007
# and may take 200 steps to exceed COLLAPSED.
WARM_UP = 500


def has_collapsed(step: int, diversity: float) -> bool:
  """Returns whether samples of a step with this diversity, see health.py, have collapsed."""
  return step >= WARM_UP and diversity < COLLAPSED


def words(diversity: float, task: str = '', *, inputs: str = 'noise') -> str:
  """Returns a sentence on samples that have collapsed.

  Args:
    diversity: The diversity of the samples.
    task: Name of the task that made them; '' for a task that samples noise.
    inputs: Word for what the samples are made of.
  """
  return (
    f'samples{f" of {task}" if task else ""} are only {diversity:.2g} times as diverse as training '
    f'images, most likely by mode collapse: nearly the same image for all {inputs}'
  )
