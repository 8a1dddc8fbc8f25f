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
    evaluators: One per kind of samples; the others are compared with the first.
    records: The record of each evaluator, all of one checkpoint.
  """
  name = evaluators[0].best_by
  first, *others = [record.get('scores', {}).get(name) for record in records]
  for evaluator, value in zip(evaluators[1:], others):
    if first is None or value is None:
      continue
    gap = abs(value - first) / max(min(abs(value), abs(first)), 1e-12)
    if gap > _TOLERANCE:
      _log.warning(
        'step %d: %s is %.4g with %s, and %.4g with %s: %.0f %% apart',
        *(records[0]['step'], name),
        *(first, _difference(evaluators[0], evaluator)),
        *(value, _difference(evaluator, evaluators[0])),
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
