"""Full name of the score that ranks the checkpoints of a run."""

from __future__ import annotations

from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.metrics.ranking import better


def full_name(best_by: str, scorer: Scorer, flag: str = '--best_by') -> str | None:
  """Returns the full name of the score that `best_by` stands for, or None.

  None is for an empty `best_by`, and for the default where that score is not measured.

  Raises:
    UsageError: No such score is measured, or the score does not rank.
  """
  if not best_by:
    return None
  for name in scorer.metric_of:
    if best_by in (name, name.split('[')[0]):
      try:
        better(name)
      except UsageError as error:
        raise UsageError(f'{flag}={error}') from None
      return name
  if best_by == EvaluationOptions.best_by:
    return None
  raise UsageError(f'{flag}={best_by}: no such score; there are {", ".join(scorer.metric_of)}')
