"""Comparison of the scores that several kinds of samples of one checkpoint get."""

from __future__ import annotations

from collections.abc import Sequence
import logging

from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.runs.score_records import Record

_log = logging.getLogger(__name__)
_TOLERANCE = 0.1  # Relative; a choice of this package.


def warn_if_apart(evaluators: Sequence[Evaluator], records: Sequence[Record]) -> None:
  """Warns if the ranking score differs by more than a tenth between kinds of samples.

  Papers sample with raw or averaged weights and with different statistics of batch normalisation,
  all legitimately; where the gap is large, scores of one kind must not be compared with another's.

  Args:
    evaluators: One per kind of samples; others are compared with the first of their task.
    records: The record of each evaluator, all of one checkpoint.
  """
  firsts: dict[str, int] = {}  # By task, since scores of two tasks have nothing in common.
  for index, evaluator in enumerate(evaluators):
    base = firsts.setdefault(str(evaluator.definition.get('task')), index)
    name = evaluators[base].best_by
    first, value = (records[number].get('scores', {}).get(name) for number in (base, index))
    if first is None or value is None:
      continue
    gap = abs(value - first) / max(min(abs(value), abs(first)), 1e-12)
    if gap > _TOLERANCE:
      _log.warning(
        'step %d: %s is %.4g with %s, and %.4g with %s: %.0f %% apart',
        *(records[0]['step'], name),
        *(first, _difference(evaluators[base], evaluator)),
        *(value, _difference(evaluator, evaluators[base])),
        100 * gap,
      )


def _difference(one: Evaluator, other: Evaluator) -> str:
  """Names what is special to the samples of `one`, compared with `other`: 'raw weights'."""
  names = {'weights': '{} weights', 'batch_norm': '{}'}
  return ' and '.join(
    text.format(one.definition[key])
    for key, text in names.items()
    if one.definition[key] != other.definition[key]
  )
