"""Rows of docs/data/presets.csv and fid_by_step.csv: what finished and scored runs have reached.

    python -m tests.benchmarks.presets /tmp/runs/mnist_dcgan /tmp/runs/mnist_vae --note="two cores"

A run is of the preset whose settings it has. With --preset it is of that one whatever its settings,
and its row names those that differ. Scores are those of the last step by the classifier, or of
points, of the moving average where there is one; of scores of several sets of samples those of the
largest. Rows of other presets are kept, and so is a row's remark unless --remark gives another.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
import json
import os
import pathlib
from typing import Any

from absl import flags
from tensorboard.backend.event_processing.plugin_event_accumulator import EventAccumulator
from tensorboard.util import tensor_util

from tests.benchmarks import csv_rows
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import score_records
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.task_sampler import TaskSampler

FLAGS = pathlib.Path(__file__).parents[2] / 'flags'
SCORES = (
  *('inception_score', 'fid', 'fid_floor', 'precision', 'recall', 'modes_covered', 'modes'),
  *('class_kl', 'label_agreement', 'code_purity', 'high_quality_share'),
)
COLUMNS = (
  *('preset', 'steps', 'images', 'seconds', 'samples', *SCORES, 'pixel_error'),
  *('remark', 'measured', 'note'),
)
STEP_COLUMNS = ('preset', 'step', 'fid')
EXTRACTORS = ('classifier', 'points', 'signals', 'melody')


def settings_of(preset: str) -> Experiment:
  """The experiment of a flagfile."""
  values = flags.FlagValues()
  Experiment.define_flags(flag_values=values)
  values(['program', f'--flagfile={FLAGS / preset}.flags'])
  return Experiment.from_flags(values)


def preset_of(experiment: Experiment, preset: str = '') -> tuple[str, list[str]]:
  """Finds the preset of a run, and lists the settings that differ.

  Args:
    experiment: The run's.
    preset: The one that it is said to be of; '' for that of equal settings.

  Raises:
    UsageError: No preset has these settings.
  """
  names = [preset] if preset else [path.stem for path in sorted(FLAGS.glob('*.flags'))]
  differences = {name: experiment.differences(settings_of(name)) for name in names}
  name = min(differences, key=lambda name: len(differences[name]))
  if differences[name] and not preset:
    raise UsageError(
      f'--model_dir={experiment.model_dir}: of no preset; of {name} but for '
      f'{", ".join(differences[name])}; --preset={name} takes it for that'
    )
  return name, differences[name]


def scores_of(run: RunDirectory, experiment: Experiment) -> dict[int, dict[str, float]]:
  """Scores by step and by name without extractor, and as 'samples' of how many the FID is, or all.

  Raises:
    UsageError: There are none.
  """
  weights = 'average' if experiment.ema_decay else 'raw'
  kind = {'weights': weights, 'batch_norm': TaskSampler.batch_norm}
  records = [
    record
    for records in score_records.find_records(run.path).values()
    for record in records
    if kind.items() <= record['definition'].items()
  ]
  found: dict[int, dict[str, float]] = {}
  for record in sorted(records, key=lambda record: record['definition']['num_generated']):
    scores = found.setdefault(record['step'], {})
    for name, value in record['scores'].items():
      stem, _, extractor = name.partition('[')
      if extractor.startswith(EXTRACTORS):
        scores[stem] = value
        if stem == 'fid' or 'fid' not in scores:
          scores['samples'] = record['definition']['num_generated']
  return found


def training_seconds(run: RunDirectory, batch_size: int) -> float | None:
  """The time from step 0 to the last, by the images per second that TensorBoard shows.

  Sessions are added up without what lies between them, and without their compilation.
  """
  events = EventAccumulator(run.train, tensor_size_guidance={'scalars': 0}).Reload()
  if 'images_per_second' not in events.Tags()['tensors']:
    return None
  seconds, before = 0.0, 0
  for event in events.Tensors('images_per_second'):
    rate = float(tensor_util.make_ndarray(event.tensor_proto))
    seconds += (event.step - before) * batch_size / rate
    before = event.step
  return seconds


def rows_of(
  model_dir: str, preset: str = '', note: str = ''
) -> tuple[dict[str, object], list[dict[str, object]]]:
  """Returns the row of a run without its remark, and the rows of its FID by step.

  Args:
    model_dir: The run.
    preset: As of `preset_of`.
    note: On the machine.

  Raises:
    UsageError: The run is not finished, not scored, or of no preset.
  """
  run = RunDirectory(model_dir)
  record, experiment = run.read_record(), run.read_experiment(model_dir=model_dir)
  if not run.is_done():
    raise UsageError(f'--model_dir={model_dir}: not finished')
  preset, differences = preset_of(experiment, preset)
  last = _last_line(run)
  steps = last['step']
  scores: dict[int, dict[str, float]] = {}
  if 'pixel_error' not in last or os.path.isdir(os.path.join(run.path, 'eval')):
    scores = scores_of(run, experiment)  # Nobody samples an autoencoder.
    if steps not in scores:
      raise UsageError(f'--model_dir={model_dir}: step {steps} has no scores')
  final = scores.get(steps, {})
  if 'high_quality_modes' in final:
    classes = record['dataset']['num_classes']
    final |= {'modes_covered': final['high_quality_modes'], 'modes': classes}
  seconds = training_seconds(run, experiment.batch_size)
  row = {
    'preset': preset,
    'steps': steps,
    'images': steps * experiment.batch_size,
    'seconds': seconds and round(seconds),
    **{name: final.get(name) for name in ('samples', *SCORES)},
    'pixel_error': last.get('pixel_error'),
    'measured': ' and '.join(dict.fromkeys(map(_version, record['sessions']))),
    'note': '; '.join(filter(None, [note, *differences])),
  }
  by_step = [
    {'preset': preset, 'step': step, 'fid': scores[step]['fid']}
    for step in sorted(scores)
    if 'fid' in scores[step]
  ]
  return row, by_step


def write(
  folder: pathlib.Path,
  row: Mapping[str, object],
  by_step: list[dict[str, object]],
  remark: str | None = None,
) -> None:
  """Puts the rows of a run into both CSVs.

  Args:
    folder: Where they are.
    row: As of `rows_of`.
    by_step: As of `rows_of`.
    remark: What the scores do not say; None leaves that of the row which is there.
  """
  path = folder / 'presets.csv'
  known = {before['preset']: before['remark'] for before in csv_rows.read(path)}
  remark = known.get(str(row['preset'])) if remark is None else remark
  csv_rows.update(path, COLUMNS, [{**row, 'remark': remark}])
  csv_rows.update(folder / 'fid_by_step.csv', STEP_COLUMNS, by_step)


def _last_line(run: RunDirectory) -> dict[str, Any]:
  lines = pathlib.Path(run.train, 'train.jsonl').read_text().splitlines()
  return json.loads(lines[-1])


def _version(session: Mapping[str, Any]) -> str:
  """The version and revision that a session trained with."""
  return ' '.join(filter(None, [session['versions']['tfgan_pipeline'], session['git_revision']]))


def main() -> None:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('runs', nargs='+', metavar='RUN', help='a model_dir')
  parser.add_argument('--preset', default='', help='of which the runs are, with other settings')
  parser.add_argument('--note', default='', help='on the machine')
  parser.add_argument('--remark', help='what the scores do not say')
  parser.add_argument('--folder', type=pathlib.Path, default=csv_rows.DATA, help='of the CSVs')
  arguments = parser.parse_args()
  for run in arguments.runs:
    row, by_step = rows_of(os.path.abspath(run), arguments.preset, arguments.note)
    write(arguments.folder, row, by_step, arguments.remark)
    print(*(f'{name}={value}' for name, value in row.items() if value is not None), sep=', ')


if __name__ == '__main__':
  main()
