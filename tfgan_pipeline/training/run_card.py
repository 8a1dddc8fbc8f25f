"""Card of a run in Markdown: settings, revision and sessions, for TensorBoard's texts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tabulate import tabulate

from tfgan_pipeline.config.experiment import Experiment


def card(record: Mapping[str, Any]) -> str:
  """Returns the card of a run.

  Args:
    record: Content of experiment.json.
  """
  changed = Experiment.from_record(record['experiment']).changed()
  changed.pop('data_dir', None)  # A place, as the model_dir is.
  settings = [(f'--{name}', f'`{value}`') for name, value in changed.items()]
  sessions = [
    (
      session.get('first_step'),
      session.get('git_revision') or '',
      session.get('versions', {}).get('tensorflow', ''),
      ', '.join(session.get('accelerator', {}).get('devices', ())),
      ', '.join(sorted(name for name in session if name.startswith('changed'))),
    )
    for session in record.get('sessions', ())
  ]
  dataset = record.get('dataset', {})
  sizes = ', '.join(f'{name} {size:,}' for name, size in dataset.get('splits', {}).items())
  columns = ('from step', 'revision', 'TensorFlow', 'devices', 'changes')
  return '\n\n'.join(
    [
      f'Data: {dataset.get("name", "")} ({sizes}). Settings that are not at their defaults:',
      tabulate(settings, ('setting', 'value'), 'github'),
      'Sessions:',
      tabulate(sessions, columns, 'github'),
    ]
  )
