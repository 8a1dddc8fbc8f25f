"""Kinds of samples of one checkpoint: when their scores are said to be apart, and how."""

import types

import pytest

from tfgan_pipeline.evaluation.variants import warn_if_apart

MOVING = {'weights': 'average', 'batch_norm': 'moving averages'}
KINDS = [MOVING, {**MOVING, 'weights': 'raw'}, {'weights': 'raw', 'batch_norm': 'batches'}]


def told(caplog, *values) -> list[str]:
  """Compares one score per kind of samples, in order, None being no score; returns the warnings."""
  evaluators = [types.SimpleNamespace(best_by='fid', definition=kind) for kind in KINDS]
  records = [
    {'step': 7, **({} if value is None else {'scores': {'fid': value}})} for value in values
  ]
  caplog.clear()
  with caplog.at_level('WARNING', 'tfgan_pipeline'):
    warn_if_apart(evaluators[: len(values)], records)
  return caplog.messages


@pytest.mark.parametrize(
  'first, other, percent',
  [
    (10.0, 10.9, None),
    (10.0, 11.0, None),
    (10.0, 11.2, 12),
    (11.2, 10.0, 12),
    (-10.0, -11.2, 12),
    (2.0, 6.0, 200),
    (0.0, 1.2e-13, 12),
    (0.0, 0.0, None),
    (None, 1.0, None),
    (1.0, None, None),
  ],
)
def test_more_than_a_tenth_of_the_smaller(caplog, first, other, percent):
  messages = told(caplog, first, other)
  assert len(messages) == (percent is not None)
  if messages:
    assert messages[0].endswith(f': {percent} % apart')


def test_each_is_compared_with_the_first_in_what_differs(caplog):
  assert told(caplog, 4.0, 4.1, 6.0) == [
    'step 7: fid is 4 with average weights and moving averages, and 6 with raw weights and batches:'
    ' 50 % apart'
  ]
  assert told(caplog, 4.0, 2.0) == [
    'step 7: fid is 4 with average weights, and 2 with raw weights: 100 % apart'
  ]
