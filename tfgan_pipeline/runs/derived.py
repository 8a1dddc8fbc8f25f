"""Runs that are made of others: their records say so, and they have an id of their own.

    write(run, target, run_id, step, 'averaged', {'length': 0.1})

Such a run is sampled, scored, exported and continued like any other.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
import os
from typing import Any

from tfgan_pipeline.config.settings import as_flag
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import atomic_files, files
from tfgan_pipeline.runs.directory import RunDirectory


def new_target(output_dir: str) -> RunDirectory:
  """Returns the directory of a new run; raises UsageError if there is a run already."""
  if not output_dir:
    raise UsageError('--output_dir: say which folder to write')
  target = RunDirectory(output_dir)
  if target.exists():
    raise UsageError(f'--output_dir={output_dir}: is a run already; name another folder')
  return target


def write(
  run: RunDirectory,
  target: RunDirectory,
  run_id: str,
  step: int,
  kind: str,
  facts: Mapping[str, Any],
) -> None:
  """Writes the records of a run made of another: those of the other, with what was done.

  Args:
    run: The other run.
    target: The new run, whose checkpoints are written already.
    run_id: Id of the new run.
    step: Step that the new run has reached.
    kind: Name of what was done, under which experiment.json has `facts` and the source.
    facts: What was done, ready for JSON.
  """
  record = run.read_record()
  source = {'model_dir': run.path, 'run_id': record.get('run_id', '')}
  record |= {'run_id': run_id, kind: {**facts, 'of': source}}
  record['experiment'] = {**record['experiment'], 'model_dir': target.path}
  for name in files.names_in(run.code):
    if name.endswith('.py'):
      text = files.read_text(os.path.join(run.code, name))
      atomic_files.write(os.path.join(target.code, name), text)
  lines = [
    as_flag('model_dir', target.path) if line.startswith('--model_dir=') else line
    for line in files.read_text(run.experiment_flags).splitlines()
  ]
  atomic_files.write(target.experiment_flags, '\n'.join(lines) + '\n')
  target.mark_done(step)
  atomic_files.write(target.experiment_json, json.dumps(record, indent=2) + '\n')  # Makes the run.
