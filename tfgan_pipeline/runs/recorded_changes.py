"""Changes of settings and data that sessions of a run have recorded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
from typing import Any

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.runs.directory import RunDirectory

Change = dict[str, Any]
_SETTINGS = {field.name for field in dataclasses.fields(Experiment)}


def recorded_changes(run: RunDirectory) -> list[Change]:
  """Returns the changes of a run, oldest first.

  Each has the `first_step` that it holds from, and [old, new] for each setting by name; a change of
  the data is recorded as `data`, with [old, new] fingerprints and splits.
  """
  sessions = run.read_record().get('sessions', []) if run.exists() else []
  return [
    {'first_step': session['first_step'], **changes}
    for session in sessions
    if (changes := _changes_of(session))
  ]


def _changes_of(session: Mapping[str, Any]) -> Change:
  data = {'data': session['changed_data']} if 'changed_data' in session else {}
  return {**session.get('changed_settings', {}), **data}


def settings_between(changes: Sequence[Change], last: Experiment) -> list[Experiment]:
  """Returns the settings of a run before its first change and after each one, oldest first.

  Args:
    changes: The changes of the run, oldest first.
    last: The settings of the run after all changes.
  """
  found = [last]
  for change in reversed(changes):
    old = {name: pair[0] for name, pair in change.items() if name in _SETTINGS}
    found.append(Experiment.from_record({**found[-1].to_dict(), **old}))
  return found[::-1]


def changes_before(run: RunDirectory, step: int) -> list[Change]:
  """Returns the changes that the weights of `step` have seen, oldest first."""
  return [change for change in recorded_changes(run) if change['first_step'] < step]


def changed_since(run: RunDirectory, step: int) -> set[str]:
  """Returns the names of all that was changed at `step` or later, and so after its checkpoint."""
  return {
    name
    for change in recorded_changes(run)
    if change['first_step'] >= step
    for name in change
    if name != 'first_step'
  }


def table(change: Change) -> str:
  """Formats a change as a table in Markdown, for TensorBoard's text."""
  rows = [
    f'| {name} | {_text(old)} | {_text(new)} |'
    for name, pair in change.items()
    if name != 'first_step'
    for old, new in (pair.get('fingerprint', ('', '')) if isinstance(pair, Mapping) else pair,)
  ]
  head = f'| changed | before | after step {change["first_step"]} |'
  return '\n'.join([head, '|:--|:--|:--|', *rows])


def _text(value: object) -> str:
  return f'`{value}`' if value != '' else ''
