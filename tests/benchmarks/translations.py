"""Rows of docs/data/translations.csv: what scored runs of games between images have reached.

    tfgan-evaluate --model_dir=RUN --task=all --reference_split=test --pair_metrics="l1, psnr, ssim"
    python -m tests.benchmarks.translations RUN... --note="a shared core"

A run is of the preset whose settings it has, see presets.py; a row is of a task. Scores are those
of the last step, and beside them stand those of doing nothing: of the input as it is or, where it
is smaller, enlarged by the bicubic filter, and of the best single colour.
"""

from __future__ import annotations

import argparse
import os
import pathlib

from tests.benchmarks import csv_rows
from tests.benchmarks.presets import preset_of, training_seconds
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import score_records
from tfgan_pipeline.runs.directory import RunDirectory

TRUTH = ('l1', 'psnr', 'ssim')  # Compared with the true outputs.
BASELINES = ('identity', 'bicubic', 'constant')
SCORES = (
  *(name for stem in TRUTH for name in (stem, *(f'{stem}_{kind}' for kind in BASELINES))),
  *('cycle_error', 'label_agreement', 'fid', 'fid_floor'),
)
KEYS = ('preset', 'task')
COLUMNS = (*KEYS, 'steps', 'images', 'seconds', 'pictures', *SCORES, 'note')


def rows_of(model_dir: str, preset: str = '', note: str = '') -> list[dict[str, object]]:
  """Returns a row for each task that was scored at the last step.

  Args:
    model_dir: The run.
    preset: As of `presets.preset_of`.
    note: On the machine.

  Raises:
    UsageError: The run is not finished, not scored, or of no preset.
  """
  run = RunDirectory(model_dir)
  experiment = run.read_experiment(model_dir=model_dir)
  if not run.is_done():
    raise UsageError(f'--model_dir={model_dir}: not finished')
  preset, differences = preset_of(experiment, preset)
  steps = experiment.max_steps
  seconds = training_seconds(run, experiment.batch_size)
  rows: dict[str, dict[str, object]] = {}
  for records in score_records.find_records(run.path).values():
    for record in records:
      task = record['definition'].get('task', {}).get('name')
      if record['step'] != steps or not task:
        continue
      row = rows.setdefault(
        task,
        {
          'preset': preset,
          'task': task,
          'steps': steps,
          'images': steps * experiment.batch_size,
          'seconds': seconds and round(seconds),
          'pictures': record['definition']['num_generated'],
          **dict.fromkeys(SCORES),
          'note': '; '.join(filter(None, [note, *differences])),
        },
      )
      for name, value in record['scores'].items():
        stem = name.partition('[')[0]
        if stem in SCORES:
          row[stem] = value
  if not rows:
    raise UsageError(f'--model_dir={model_dir}: step {steps} has no scores of a task')
  return list(rows.values())


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('runs', nargs='+', metavar='RUN', help='a model_dir')
  parser.add_argument('--preset', default='', help='of which the runs are, with other settings')
  parser.add_argument('--note', default='', help='on the machine')
  parser.add_argument('--folder', type=pathlib.Path, default=csv_rows.DATA, help='of the CSV')
  chosen = parser.parse_args()
  for run in chosen.runs:
    rows = rows_of(os.path.abspath(run), chosen.preset, chosen.note)
    csv_rows.update(chosen.folder / 'translations.csv', COLUMNS, rows, keys=len(KEYS))
    for row in rows:
      print(*(f'{name}={value}' for name, value in row.items() if value is not None), sep=', ')


if __name__ == '__main__':
  main()
