"""The runs of a sweep: a setting for each combination of values, a folder for each run.

runs = plan(base, values_by_setting(text), given, '/tmp/sweep')
runs[0].name          # 'adam_1e-4-seed0'
"""

from __future__ import annotations

import collections
from collections.abc import Iterable, Mapping, Sequence
import dataclasses
import hashlib
import itertools
import math
import os
import re
from typing import Any

from absl import flags

from tfgan_pipeline.config.durations import DURATIONS
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.settings import as_flag, short_value
from tfgan_pipeline.errors import UsageError, did_you_mean
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sweep.grammar import LIMIT

_FIELDS = {field.name: field for field in dataclasses.fields(Experiment)}
_LONGEST = 60  # Letters of a name; a longer one ends in a hash of all of it.


@dataclasses.dataclass(frozen=True)
class Run:
  """One run of a sweep.

  Attributes:
    name: Name of its folder.
    experiment: All of its settings, model_dir included.
    values: What it was given of each swept setting, by name, as written.
  """

  name: str
  experiment: Experiment
  values: Mapping[str, str]

  @property
  def directory(self) -> RunDirectory:
    """Folder of the run, which need not exist yet."""
    return RunDirectory(self.experiment.model_dir)

  @property
  def setting(self) -> Mapping[str, Any]:
    """Values of the swept settings but the seed, for people to read."""
    return {
      name: short_value(_FIELDS[name], getattr(self.experiment, name))
      for name in self.values
      if name != 'seed'
    }

  def words(self, given: Mapping[str, object]) -> list[str]:
    """Returns the flags of tfgan-train for the run.

    Args:
      given: Values of flags that all runs have in common, by name.
    """
    common = {name: value for name, value in given.items() if name not in self.values}
    if set(DURATIONS) & set(self.values):  # One replaces any other.
      common = {name: value for name, value in common.items() if name not in DURATIONS}
    every = {**common, **self.values, 'model_dir': self.experiment.model_dir}
    return [as_flag(name, value) for name, value in every.items()]


def given_flags(values: flags.FlagValues) -> dict[str, object]:
  """Returns the flags of trainings and evaluations that are given, by name; paths as whole ones."""
  given: dict[str, object] = {}
  for settings in (Experiment, EvaluationOptions):
    own = settings.given_flags(values)
    checked = settings(**own)
    for field in dataclasses.fields(settings):
      if field.name in own:
        is_path = field.metadata['path']
        given[field.name] = getattr(checked, field.name) if is_path else own[field.name]
  given.pop('model_dir', None)
  return given


def plan(
  given: Mapping[str, object],
  values: Mapping[str, Sequence[str]],
  folder: str,
) -> list[Run]:
  """Returns the runs of all combinations of values; the last setting varies fastest.

  Args:
    given: Values of flags that all runs have in common, by name.
    values: The values of each swept setting, as written.
    folder: Folder of the sweep, in which each run has a folder of its own.

  Raises:
    UsageError: A setting is unknown, a value wrong, given twice or refused beside others, or a run
      in the folder has other settings; the message has the values of the run.
  """
  for name in values:
    _require_setting(name)
  count = math.prod(map(len, values.values()))
  if count > LIMIT:
    raise UsageError(f'--sweep: {count:,} combinations; {LIMIT:,} are the most')
  chosen = [dict(zip(values, one)) for one in itertools.product(*values.values())]
  common = {name: value for name, value in given.items() if name in _FIELDS}
  runs = []
  for one, name in zip(chosen, _names(chosen)):
    text = _shown(one)
    try:
      parsed = {setting: _parsed(setting, value) for setting, value in one.items()}
      others = common
      if set(DURATIONS) & set(one):
        others = {key: value for key, value in common.items() if key not in DURATIONS}
      every: dict[str, Any] = {**others, **parsed, 'model_dir': os.path.join(folder, name)}
      experiment = Experiment(**every)
      run = Run(name, experiment, one)
      run.directory.check_is_for(experiment)
    except UsageError as error:
      raise UsageError(f'--sweep: {text}: {error}') from None
    runs.append(run)
  _refuse_equals(runs)
  return runs


def _require_setting(name: str) -> None:
  if name in {field.name for field in dataclasses.fields(EvaluationOptions)}:
    raise UsageError(f'--sweep: {name} is of scores, not of trainings; give --{name} for all runs')
  if name == 'model_dir':
    raise UsageError('--sweep: model_dir is what --sweep_dir is for')
  if name not in _FIELDS:
    raise UsageError(f'--sweep: {name} is no setting{did_you_mean(name, _FIELDS)}; see --helpfull')


def _parsed(name: str, text: str) -> Any:
  """Returns the value that a flag would take for a text; raises UsageError if it takes none."""
  kind: Any = type(_FIELDS[name].default)
  if kind is bool:
    if text.lower() not in ('true', 'false'):
      raise UsageError(f'--{name}={text}: should be true or false')
    return text.lower() == 'true'
  try:
    return text if kind is str else kind(text)
  except ValueError:
    raise UsageError(f'--{name}={text}: should be {kind.__name__}') from None


def _shown(values: Mapping[str, str]) -> str:
  return ', '.join(f'{name}={value}' for name, value in values.items())


def _refuse_equals(runs: Iterable[Run]) -> None:
  """Raises UsageError if two runs have equal settings, perhaps in other words."""
  seen: dict[tuple[object, ...], Run] = {}
  for run in runs:
    key = tuple(getattr(run.experiment, name) for name in run.values)
    if key in seen:
      first, second = _shown(seen[key].values), _shown(run.values)
      more = '' if first == second else f', which is {second}'
      raise UsageError(f'--sweep: {first} is given twice{more}; leave out one of both')
    seen[key] = run


def _names(chosen: Sequence[Mapping[str, str]]) -> list[str]:
  """Returns short names for folders, all different; those that would be equal end in a hash."""
  names = [_name(one) for one in chosen]
  times = collections.Counter(names)
  return [
    name if times[name] == 1 else f'{name}-{_digest(one)}' for name, one in zip(names, chosen)
  ]


def _name(values: Mapping[str, str]) -> str:
  """Returns a name as 'adam_1e-4-seed0': values, named where they do not speak for themselves."""
  kinds = [_kind(name) for name in values]
  parts = []
  for name, value in values.items():
    word = re.sub(r'[^\w.+=-]+', '_', value, flags=re.ASCII).strip('_.')
    speaks = word[:1].isalpha() and kinds.count(_kind(name)) == 1 and _kind(name)
    parts.append(word if speaks else f'{name}{word}' if word[:1].isdigit() else f'{name}_{word}')
  text = '-'.join(part.rstrip('_') for part in parts)
  return text if len(text) <= _LONGEST else f'{text[: _LONGEST - 9]}-{_digest(values)}'


def _kind(name: str) -> str:
  """Returns the kind of component that a setting chooses; '' for a number or word."""
  metadata = _FIELDS[name].metadata
  registry = metadata['one_of'] or metadata['some_of']
  return registry.kind if registry else ''


def _digest(values: Mapping[str, str]) -> str:
  return hashlib.sha256(_shown(values).encode()).hexdigest()[:8]


def in_steps(run: Run) -> Run:
  """Returns a run with its length in steps; raises UsageError if that depends on the data."""
  return dataclasses.replace(run, experiment=run.experiment.in_steps())
