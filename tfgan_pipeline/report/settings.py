"""Facts on a run, and the settings that tell the run from its preset and from other runs."""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import os
from typing import Any

from tfgan_pipeline.config import presets
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.settings import short_value
from tfgan_pipeline.evaluation.differing_fields import ABSENT, tell_apart
from tfgan_pipeline.evaluation.over_seeds import is_hash
from tfgan_pipeline.report.recorded_run import RecordedRun
from tfgan_pipeline.runs.recorded_changes import recorded_changes, settings_between

_FIELDS = {field.name: field for field in dataclasses.fields(Experiment)}
# Settings that do not define a run, and decide how far it gets.
_LENGTH = ('max_steps',)


@dataclasses.dataclass(frozen=True)
class Difference:
  """A setting that differs.

  Attributes:
    name: Name of the setting, that of its flag.
    before: The other value, as a user would type it.
    here: The run's value, as a user would type it.
  """

  name: str
  before: str
  here: str


@dataclasses.dataclass(frozen=True)
class Choice:
  """The settings of a run beside those that it is nearest to.

  Attributes:
    preset: Name of the nearest preset; '' where none has the run's data and game.
    differences: The settings that differ from the preset, or else from the defaults.
  """

  preset: str
  differences: Sequence[Difference]


def choice_of(experiment: Experiment) -> Choice:
  """Returns the settings of an experiment beside those of the nearest preset, or the defaults."""
  name, other = presets.nearest(experiment) or ('', Experiment())
  pairs = experiment.changes(other, also=_LENGTH)
  return Choice(
    name,
    [Difference(key, _text(key, old), _text(key, new)) for key, (old, new) in pairs.items()],
  )


def facts(run: RecordedRun) -> dict[str, str]:
  """Returns what a run is, as texts by their headings."""
  data, experiment = run.record['dataset'], run.experiment
  networks = run.record.get('networks', {})
  state = 'finished' if run.directory.is_done() else 'not finished'
  found = {
    'Data': _data(data, run.class_names),
    'Game': f'{_text("model", experiment.model)}, loss {_text("loss", experiment.loss)}',
    'Networks': _text('networks', experiment.networks),
    'Parameters': ', '.join(
      f'{role} {network["parameters"]:,}'
      for role, network in networks.items()
      if 'parameters' in network
    ),
    'Training': (
      f'step {run.step:,} of {experiment.max_steps:,}, {state}; {experiment.batch_size} images '
      f'a batch, {_images(run):,} images read; seed {experiment.seed}'
    ),
    'Folder': run.directory.path,
    'Id': run.record.get('run_id', ''),
  }
  return {heading: text for heading, text in found.items() if text}


def _images(run: RecordedRun) -> int:
  """Returns how many images the steps of a run have read, each with the settings of its time."""
  changes = recorded_changes(run.directory)
  starts = [0, *(change['first_step'] for change in changes)]
  images = 0
  for number, experiment in enumerate(settings_between(changes, run.experiment)):
    end = min([run.step, *starts[number + 1 :]])  # A later session may have begun at a former step.
    images += max(0, end - starts[number]) * experiment.batch_size * experiment.sub_steps
  return images


def _data(data: dict[str, Any], class_names: Sequence[str]) -> str:
  sizes = ', '.join(f'{size:,} {name}' for name, size in data.get('splits', {}).items())
  shapes = {
    'x'.join(map(str, field['shape'])): None
    for field in data.get('fields', {}).values()
    if field.get('medium')
  }
  classes = f'{len(class_names)} classes' if len(class_names) > 1 else ''
  parts = [data.get('name', ''), ' and '.join(shapes), sizes, classes]
  return ', '.join(filter(None, parts))


def told_apart(runs: Sequence[RecordedRun]) -> list[dict[str, str]]:
  """Returns for each run the settings in which not all runs are equal, as texts by name."""
  things = [
    {
      **run.training.settings,
      'seed': run.training.seed,
      **{name: getattr(run.experiment, name) for name in _LENGTH},
    }
    for run in runs
  ]
  return [
    {name: 'none' if value == '' else str(value) for name, value in fields.items()}
    for fields in tell_apart(things, last=is_hash)
  ]


def _text(name: str, value: Any) -> str:
  """Returns a value of a setting as a user would type it, and a word where nothing is typed."""
  short = short_value(_FIELDS[name], value)
  if name == 'data_dir':
    short = os.path.basename(short)
  return 'none' if short == '' else ABSENT if short is None else str(short)
