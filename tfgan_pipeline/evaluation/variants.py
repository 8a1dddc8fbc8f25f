"""Scores of several kinds of samples of one checkpoint, side by side."""

from __future__ import annotations

from collections.abc import Sequence
import logging

from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.runs.score_records import Record

_log = logging.getLogger(__name__)
_TOLERATED = 0.1


def warn_if_apart(evaluators: Sequence[Evaluator], records: Sequence[Record]) -> None:
  """Warns when the score that ranks differs by more than a tenth between kinds of samples.

  Raw and averaged weights, and the statistics that batch normalisation uses, are all legitimate,
  and papers differ in them; a large gap says that one must not be compared with the other.

  Args:
    evaluators: The first is the one that the others are compared with.
    records: Theirs, of one checkpoint.
  """
  name = evaluators[0].best_by
  first, *others = [record.get('scores', {}).get(name) for record in records]
  for evaluator, value in zip(evaluators[1:], others):
    if first is None or value is None:
      continue
    apart = abs(value - first) / max(min(abs(value), abs(first)), 1e-12)
    if apart > _TOLERATED:
      _log.warning(
        'step %d: %s is %.4g with %s, and %.4g with %s: %.0f %% apart',
        *(records[0]['step'], name),
        *(first, _difference(evaluators[0], evaluator)),
        *(value, _difference(evaluator, evaluators[0])),
        100 * apart,
      )


def _difference(one: Evaluator, other: Evaluator) -> str:
  """What kind of samples `one` scores, as far as `other` does not: 'raw weights'."""
  names = {'weights': '{} weights', 'batch_norm': '{}'}
  return ' and '.join(
    text.format(one.definition[key])
    for key, text in names.items()
    if one.definition[key] != other.definition[key]
  )
