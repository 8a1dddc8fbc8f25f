"""Notices of a watcher: what it waits for, that a trainer has died, that all is scored.

notices = Notices()
notices.tell(evaluator, finished=False)     # logs each notice once
"""

from __future__ import annotations

import logging

from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.runs import training_lock

_log = logging.getLogger(__name__)


class Notices:
  """Notices about runs, each told once for a run; that a trainer has died once for each trainer."""

  def __init__(self) -> None:
    self._told: set[tuple[str, ...]] = set()
    self._gone: dict[str, str] = {}  # Trainer that had gone at the last call, by run.

  def tell(self, evaluator: Evaluator, *, finished: bool) -> None:
    """Logs what is new about a run that has nothing to be scored now.

    Args:
      evaluator: Evaluator of the run's main scores.
      finished: Whether training has ended and all checkpoints have records.
    """
    run, steps = evaluator.run, evaluator.steps()
    if finished:
      if self._is_new(run.path, evaluator.run_id, 'end'):
        _log.info('%s: all %d checkpoints are scored%s', run.path, len(steps), _best(evaluator))
      return
    last, end = max(steps, default=0), evaluator.experiment.max_steps
    if self._is_new(run.path, evaluator.run_id, 'waiting'):
      every = evaluator.experiment.save_every
      _log.info(
        '%s: scored up to step %d of %d; waiting for the next, one every %d steps',
        *(run.path, last, end, every),
      )
    gone = training_lock.trainer_that_left(run.train)
    # Only at the second look, as a trainer that was stopped may just be started again.
    if gone and gone == self._gone.get(run.path) and self._is_new(run.path, gone):
      _log.warning(
        '%s: its trainer has ended at step %d of %d (%s, and nobody holds its lock); '
        'tfgan-train --model_dir=%s continues it; waiting',
        *(run.path, last, end, gone.rstrip(','), run.path),
      )
    self._gone[run.path] = gone

  def _is_new(self, *notice: str) -> bool:
    """Returns whether a notice was not told yet, and counts it as told."""
    is_new = notice not in self._told
    self._told.add(notice)
    return is_new


def _best(evaluator: Evaluator) -> str:
  """Returns '; the best is step 500 with fid[...] 12.8', or ''."""
  best = evaluator.best()
  if best is None:
    return ''
  score = best['scores'][evaluator.best_by]
  return f'; the best is step {best["step"]} with {evaluator.best_by} {score:.4g}'
