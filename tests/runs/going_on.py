"""The record of a run that goes on, and equality of checkpoints."""

from __future__ import annotations

import json

from tests.conftest import checkpoint


def record_of(run):
  return json.loads((run / 'experiment.json').read_text())


def assert_equal(run, other, step):
  ours, theirs = checkpoint(run, step), checkpoint(other, step)
  assert ours.keys() == theirs.keys()
  for name, value in theirs.items():
    assert (ours[name] == value).all(), name
