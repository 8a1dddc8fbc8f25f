"""Refusals for which text is enough: flags, names and paths, read before TensorFlow is loaded."""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
from typing import Any

from absl import flags

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.needs import GAMES_WITHOUT_LABELS
from tfgan_pipeline.config.stop_rule import StopRule
from tfgan_pipeline.data.presence import require_data
from tfgan_pipeline.errors import UsageError, is_there_another
from tfgan_pipeline.registry.calls import name_of
from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.directory import RunDirectory, find_runs, require_runs

# Flags that name files or folders to read; several with commas or as patterns are not looked at.
_SOURCES = (
  *('generated_dir', 'generated_features', 'input', 'input_dir'),
  *('reference_dir', 'reference_stats', 'reference_features'),
)


def require_stop_rule(text: str) -> None:
  """Raises UsageError unless the sentence of --stop_when is understood and its score ranks."""
  from tfgan_pipeline.metrics.ranking import better

  score = StopRule.parse(text).score
  try:
    better(score)
  except UsageError as error:
    raise UsageError(f'--stop_when={text}: {error}') from None


def require_scoring(argv: list[str]) -> None:
  """Refuses flags of evaluations, which a training that does not score would ignore.

  Those of a flagfile are let pass, as one file may serve training and evaluation.

  Args:
    argv: The words of the command line.

  Raises:
    UsageError: Such a flag is among the words.
  """
  given = {word.lstrip('-').partition('=')[0] for word in argv if word.startswith('-')}
  for field in dataclasses.fields(EvaluationOptions):
    if given & {field.name, f'no{field.name}'}:
      raise UsageError(
        f'--{field.name}: training does not score; add --evaluate, or give it to tfgan-evaluate'
      )


def refuse_name_like_of_run(model_dir: str) -> None:
  """Refuses a new run with no setting of its own and a name close to that of a run beside it.

  A mistyped name of a run that is to continue would begin another run, with the defaults.

  Raises:
    UsageError: There is such a run.
  """
  parent, name = os.path.split(model_dir)
  if '://' in model_dir or not os.path.isdir(parent):
    return
  runs = [
    other
    for other in os.listdir(parent)
    if os.path.isfile(os.path.join(parent, other, 'experiment.json'))
    and re.sub(r'\d', '', other) != re.sub(r'\d', '', name)  # run2 beside run1 is no slip.
  ]
  if close := difflib.get_close_matches(name, runs, n=1):
    raise UsageError(
      f'--model_dir={model_dir}: no run there; did you mean {os.path.join(parent, close[0])}? '
      'A new one begins with a setting of its own, such as --dataset=digits'
    )


def require_experiment_data(experiment: Experiment) -> None:
  """Refuses an experiment whose data is not where it says, nor beside a run that was moved.

  Raises:
    UsageError: The data is missing; or model_dir is not one that a run can have.
  """
  found = RunDirectory(experiment.model_dir).find_data(experiment)
  require_data(found.dataset, found.data_dir)


def require_trackers(text: str) -> None:
  """Raises UsageError if --also_log=`text` names a tracker whose package is missing."""
  from tfgan_pipeline.writers.trackers import require_package

  for call in registry.tracker.parse_all(text):
    if call.name in ('mlflow', 'wandb'):
      require_package(call.name)


def require_sources() -> None:
  """Refuses flags that name a single local file or folder to read which is not there.

  Raises:
    UsageError: There is no such file or folder; names a similar one, if any.
  """
  for name in _SOURCES:
    path = flags.FLAGS[name].value if name in flags.FLAGS else None
    if path and files.is_local(path) and not set(path) & set('*?[,'):
      if not files.exists(path):
        raise UsageError(
          f'--{name}={path}: there is no such file or folder{is_there_another(path)}'
        )


def require_run(
  model_dirs: str, *, labels: str = '', may_come: bool = False, **places: Any
) -> None:
  """Refuses runs that are not there or take no labels, and a single run whose data is gone.

  Args:
    model_dirs: Paths of runs, as of --model_dir.
    labels: Value of --labels; '' asks for none.
    may_come: Whether runs may be waited for.
    **places: Values in place of recorded ones, such as data_dir, if data is to be read.

  Raises:
    UsageError: A run cannot do what is asked for.
  """
  find = find_runs if may_come else require_runs
  runs = [RunDirectory(path) for path in find(model_dirs)]
  for run in runs:
    if labels:
      record = run.read_record()
      model = name_of(record['experiment'].get('model', 'gan'))
      data = record['dataset']
      has_classes = data.get('num_classes', 1) or 'label_asked' in data.get('fields', ())
      if model in GAMES_WITHOUT_LABELS or not has_classes:
        raise UsageError(
          f'--labels={labels}: the generator of {run.path} is not told any class, as '
          f'--model={model} on this data tells it none; leave it out'
        )
  if places and len(runs) == 1:
    (run,) = runs
    experiment = run.find_data(run.read_experiment(**places))
    require_data(experiment.dataset, experiment.data_dir)
