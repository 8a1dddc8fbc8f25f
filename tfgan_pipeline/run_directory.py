"""The layout of model_dir, the only thing that training and evaluation share.

    run = RunDirectory('/tmp/run')
    run.write_experiment(experiment, description)
    experiment = run.read_experiment()

Every path may be gs://.
"""

from __future__ import annotations

import json
import os
import re
from typing import Any

from tfgan_pipeline import whole_files
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError, first_line
from tfgan_pipeline.experiment import Experiment


def find_runs(model_dirs: str) -> list[str]:
  """The runs there are by now.

  Args:
    model_dirs: Paths separated by commas, with *, ? and [...] as in a shell.
  """
  found: dict[str, None] = {}
  for text in _split(model_dirs):
    paths = [text]
    if _is_pattern(text):
      paths = [path for path in sorted(tf.io.gfile.glob(text)) if tf.io.gfile.isdir(path)]
    found.update(dict.fromkeys(path for path in paths if RunDirectory(path).exists()))
  return list(found)


def require_runs(model_dirs: str) -> list[str]:
  """The same, where each path and pattern has to name one at least.

  Raises:
    UsageError: One of them names none.
  """
  found: dict[str, None] = {}
  for text in _split(model_dirs) or [model_dirs]:
    runs = find_runs(text)
    if not runs:
      raise UsageError(f'--model_dir={text}: no run there, which has an experiment.json')
    found.update(dict.fromkeys(runs))
  return list(found)


def several(model_dirs: str) -> bool:
  """Whether this stands for any number of runs, and not for one."""
  return len(_split(model_dirs)) > 1 or _is_pattern(model_dirs)


def _split(model_dirs: str) -> list[str]:
  if not _is_pattern(model_dirs) and RunDirectory(model_dirs).exists():
    return [model_dirs]
  return [text.strip() for text in model_dirs.split(',') if text.strip()]


def _is_pattern(text: str) -> bool:
  return bool(re.search(r'[*?[]', text))


class RunDirectory:
  """Paths of one run.

  Args:
    path: model_dir; it need not exist yet.
  """

  def __init__(self, path: str):
    if not path:
      raise UsageError('--model_dir: say where the run is to live')
    if _is_pattern(path):
      raise UsageError(f'--model_dir={path}: *, ? and [ stand for many runs, and name none')
    try:
      is_file = tf.io.gfile.exists(path) and not tf.io.gfile.isdir(path)
    except tf.errors.OpError as error:
      raise UsageError(f'--model_dir={path}: {first_line(error)}') from None
    if is_file:
      raise UsageError(f'--model_dir={path}: is a file')
    self.path = path.rstrip('/') or path
    self.experiment_json = os.path.join(path, 'experiment.json')
    self.experiment_flags = os.path.join(path, 'experiment.flags')
    self.checkpoints = os.path.join(path, 'checkpoints')
    self.train = os.path.join(path, 'train')
    self.samples = os.path.join(path, 'samples')
    self.train_done = os.path.join(path, 'TRAIN_DONE')

  def evaluation(self, protocol: str) -> str:
    return os.path.join(self.path, 'eval', protocol)

  def exists(self) -> bool:
    return tf.io.gfile.exists(self.experiment_json)

  def is_done(self) -> bool:
    return tf.io.gfile.exists(self.train_done)

  def read_experiment(self, **overrides: Any) -> Experiment:
    """The experiment recorded here, with fields replaced by the `overrides` that are not None."""
    if not self.exists():
      raise UsageError(f'--model_dir={self.path}: no experiment.json there, so no run')
    return Experiment.from_record(self.read_record()['experiment'], **overrides)

  def read_record(self) -> dict[str, Any]:
    """All of experiment.json."""
    try:
      with tf.io.gfile.GFile(self.experiment_json) as file:
        record = json.load(file)
    except json.JSONDecodeError as error:
      raise UsageError(f'{self.experiment_json}: not readable as JSON ({error})') from None
    missing = {'experiment', 'dataset'} - set(record)
    if missing:
      raise UsageError(f'{self.experiment_json}: has no {" and no ".join(sorted(missing))}')
    return record

  def check_is_for(self, experiment: Experiment) -> None:
    """Raises UsageError when another experiment lives here."""
    if self.exists():
      differences = experiment.differences(self.read_experiment())
      if differences:
        raise UsageError(
          f'--model_dir={self.path}: holds a run with other settings: ' + ', '.join(differences)
        )

  def check_data(self, dataset: Dataset) -> None:
    """Raises UsageError when the data is not that of the run."""
    record = self.read_record()['dataset']
    recorded, sizes = record['fingerprint'], record.get('splits')
    if dataset.fingerprint != recorded and not (
      # A former fingerprint takes a pass over all pixels, so sizes are compared before.
      sizes == {name: split.size for name, split in dataset.splits.items()}
      and dataset.former_fingerprint == recorded
    ):
      raise UsageError(
        f'--data_dir: {dataset.name} there has fingerprint {dataset.fingerprint}, '
        f'the run in {self.path} was trained on {recorded}'
      )

  def write_experiment(
    self, experiment: Experiment, facts: dict[str, Any], session: dict[str, Any]
  ) -> None:
    """Writes experiment.json and experiment.flags.

    Args:
      experiment: The run's choices.
      facts: What is worth knowing besides, and the same in each session: data, parameter counts.
      session: What may differ when the run is continued: versions, hardware, the first step. Each
        session's is kept.
    """
    sessions = self.read_record().get('sessions', []) if self.exists() else []
    record = {'experiment': experiment.to_dict(), **facts, 'sessions': [*sessions, session]}
    whole_files.write(self.experiment_flags, experiment.to_flagfile())
    whole_files.write(self.experiment_json, json.dumps(record, indent=2) + '\n')

  def mark_unfinished(self) -> None:
    """For a run that goes on beyond the end it had."""
    if self.is_done():
      tf.io.gfile.remove(self.train_done)

  def mark_done(self, step: int) -> None:
    whole_files.write(self.train_done, f'{step}\n')
