"""A run as its files have it: settings, curves, health and scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import os
from typing import Any

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.evaluation.over_seeds import Training, read_training
from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.history import read_lines
from tfgan_pipeline.runs.score_records import Record, Records, records_of


@dataclasses.dataclass(frozen=True)
class RecordedRun:
  """Records of a run, as they are when the page is made.

  Attributes:
    name: A name that no other run of the page has.
    directory: The run's directory.
    record: Content of experiment.json.
    experiment: The settings of the run, as of its last session.
    training: What tells the run from others.
    curves: Lines of train.jsonl, by step.
    health: Lines of health.jsonl, by step.
    scores: Score records of the run and of --eval_dir, by step.
    records: All records of the run, those of failures too, by the folder of their evaluation.
    eval_dir: Folder of --eval_dir, in full; '' for none.
  """

  name: str
  directory: RunDirectory
  record: Mapping[str, Any]
  experiment: Experiment
  training: Training
  curves: Sequence[Mapping[str, Any]]
  health: Sequence[Mapping[str, Any]]
  scores: Sequence[Record]
  records: Mapping[str, Sequence[Record]]
  eval_dir: str = ''

  @property
  def step(self) -> int:
    """The last step that the curves tell of; 0 before there is any."""
    return max((line['step'] for line in self.curves), default=0)

  @property
  def class_names(self) -> Sequence[str]:
    """Names of the classes in the order of labels; empty where the data has none."""
    data = self.record['dataset']
    names = data.get('fields', {}).get('label', {}).get('classes')
    return names or [str(number) for number in range(data.get('num_classes', 0))]


def read_runs(paths: Sequence[str], eval_dir: str = '') -> list[RecordedRun]:
  """Returns the runs at paths, each under the shortest end of its path that no other one has.

  Args:
    paths: Directories of runs; one that is named twice counts once.
    eval_dir: Folder of --eval_dir that holds further scores of the runs; '' for none.
  """
  directories = {RunDirectory(path).path: RunDirectory(path) for path in paths}
  names = _names(list(directories))
  eval_dir = os.path.abspath(eval_dir) if eval_dir and files.is_local(eval_dir) else eval_dir
  return [_read(name, run, eval_dir) for name, run in zip(names, directories.values())]


def _read(name: str, run: RunDirectory, eval_dir: str) -> RecordedRun:
  training = read_training(run.path)
  assert training is not None  # The caller has looked for experiment.json.
  return RecordedRun(
    name=name,
    directory=run,
    record=run.read_record(),
    experiment=run.read_experiment(),
    training=training,
    curves=_by_step(os.path.join(run.train, 'train.jsonl')),
    health=_by_step(os.path.join(run.train, 'health.jsonl')),
    scores=records_of(run, eval_dir),
    records=_records(run, training, eval_dir),
    eval_dir=eval_dir,
  )


def _records(run: RunDirectory, training: Training, eval_dir: str) -> dict[str, list[Record]]:
  """Returns the records of a run, and of no other one in its directory, by their folder."""
  parents = [run.path, *([run.scores_in(eval_dir)] if eval_dir else [])]
  found = {}
  for evaluations in (os.path.join(parent, 'eval') for parent in parents):
    for folder in (os.path.join(evaluations, name) for name in files.names_in(evaluations)):
      records = Records(folder).read()
      found[folder] = [one for one in records if training.has(one) and 'step' in one]
  return found


def _by_step(path: str) -> list[dict[str, Any]]:
  """Returns the lines of a file, each with its numbers alone, the last one of a step."""
  lines = {line['step']: line for line in read_lines(path) if isinstance(line.get('step'), int)}
  return [
    {name: value for name, value in lines[step].items() if isinstance(value, (int, float))}
    for step in sorted(lines)
  ]


def _names(paths: Sequence[str]) -> list[str]:
  """Returns the shortest ends of paths that differ: 'a/run', 'b/run' of '/x/a/run', '/x/b/run'."""
  parts = [path.split('/') for path in paths]
  for depth in range(1, max(map(len, parts)) + 1):
    names = ['/'.join(words[-depth:]) for words in parts]
    if len(set(names)) == len(names):
      return names
  return list(paths)
