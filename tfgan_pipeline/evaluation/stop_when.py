"""Watches the scores of runs and asks their trainers to stop when they no longer improve.

stop_when = StopWhen('fid has not improved for 10 evaluations')
stop_when.consider(evaluators)     # of a run, after each of its records
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import logging
import math

from tfgan_pipeline.config.stop_rule import StopRule
from tfgan_pipeline.errors import UsageError, WriteError, spoken
from tfgan_pipeline.evaluation.best_by import full_name
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.metrics.ranking import better
from tfgan_pipeline.runs import stop_request

_log = logging.getLogger(__name__)


class StopWhen:
  """Rule that is held against the scores of runs.

  Args:
    text: The sentence of --stop_when; '' for no rule, by which nothing stops.
    may_ask: Whether the trainer may be asked, by a file in the run.

  Raises:
    UsageError: The sentence is not understood.
  """

  def __init__(self, text: str, *, may_ask: bool = True):
    self._rule = StopRule.parse(text) if text else None
    self._may_ask = may_ask
    if text and not may_ask:
      _log.warning(
        spoken('--stop_when: --eval_dir leaves runs as they are, so no trainer is asked')
      )

  def check(self, scorers: Iterable[Scorer]) -> None:
    """Raises UsageError if the rule's score is not measured by each scorer, or does not rank."""
    for scorer in scorers:
      if self._rule and not full_name(self._rule.score, scorer, '--stop_when'):
        raise UsageError(
          f'--stop_when={self._rule.text}: {self._rule.score} is not measured; there are '
          f'{", ".join(scorer.metric_of)}'
        )

  def consider(self, evaluators: Sequence[Evaluator]) -> None:
    """Asks the trainer of a run to stop if the scores of the run say so, those of all its tasks.

    Args:
      evaluators: Evaluators of the run; the first one of each task makes the task's main scores.
    """
    run, rule = evaluators[0].run, self._rule
    if rule is None or not run.exists() or run.is_done() or stop_request.stop_reason(run, 0):
      return
    firsts: dict[str, Evaluator] = {}
    for evaluator in evaluators:
      firsts.setdefault(evaluator.task, evaluator)
    since = stop_request.last_overruled(run)
    reasons = {task: _reason(rule, evaluator, since) for task, evaluator in firsts.items()}
    if not all(reasons.values()):
      return
    several = len(reasons) > 1
    why = '; '.join(f'{task}: {text}' if several else text for task, text in reasons.items())
    if not self._may_ask:
      _log.warning('%s: %s; its trainer is not asked to stop', run.path, why)
      return
    try:
      stop_request.request_stop(run, why)
    except WriteError as error:
      _log.warning('%s: %s; its trainer cannot be asked to stop (%s)', run.path, why, error)
      return
    _log.info('%s: %s; its trainer is asked to stop', run.path, why)


def _reason(rule: StopRule, evaluator: Evaluator, since: int) -> str:
  """Returns why the scores of one task after step `since` say that training should stop, or ''."""
  values = {
    record['step']: value
    for record in evaluator.records()
    for name, value in record.get('scores', {}).items()
    if rule.score in (name, name.split('[')[0])
    if record['step'] > since and math.isfinite(value)
  }
  return rule.reason(values, lower_is_better=better(rule.score) == 'lower')
