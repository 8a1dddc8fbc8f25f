"""Commands that train a run again, score it again, and draw more of its samples."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import dataclasses
import json
import os
import re
import shlex
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.settings import as_flag, short_value
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.report.recorded_run import RecordedRun
from tfgan_pipeline.runs.recorded_changes import recorded_changes, settings_between
from tfgan_pipeline.runs.score_records import Record

_WIDTH = 92  # Columns of a command before the next flag goes to a line of its own.
_EVALUATION = {field.name: field for field in dataclasses.fields(EvaluationOptions)}
_LABELS = re.compile(r'of sample i: (.+) in turn')  # Of classes that --labels chose.
_EXPERIMENT = {field.name: field for field in dataclasses.fields(Experiment)}


@dataclasses.dataclass(frozen=True)
class Command:
  """Commands for one purpose.

  Attributes:
    title: The purpose.
    text: Commands and comments for a shell, one below the other.
  """

  title: str
  text: str


def commands_of(run: RecordedRun, tasks: Sequence[str]) -> list[Command]:
  """Returns the commands for a run.

  Args:
    run: The run.
    tasks: Names of the tasks of which there are pictures; 'fakes' is that of a generator.
  """
  path = run.directory.path
  model_dir = f'--model_dir={path}'
  found = [Command('Train it again', '\n'.join(_training(run)))]
  scoring = list(dict.fromkeys(_scoring(run)))
  found.append(
    Command('Score it again', '\n'.join(scoring))
    if scoring
    else Command('Score it', command('tfgan-evaluate', [model_dir]))
  )
  if not tasks or 'fakes' in tasks:
    output = command('tfgan-sample', [model_dir, '--output=samples.png'])
  else:
    flags = [model_dir, '--input=PICTURES', '--output_dir=OUTPUTS']
    output = command('tfgan-translate', flags)
  return [*found, Command('Draw more of it', output)]


def command(name: str, flags: Sequence[str]) -> str:
  """Returns a command for a shell, its flags quoted and broken into lines."""
  lines = [name]
  for flag in map(_quoted, flags):
    if len(lines[-1]) + 1 + len(flag) > _WIDTH:
      lines.append(f'  {flag}')
    else:
      lines[-1] += f' {flag}'
  return ' \\\n'.join(lines)


def _quoted(flag: str) -> str:
  """Quotes the value of a flag alone, if at all: --loss='hinge(margin=2)'."""
  name, _, value = flag.partition('=')
  return f'{name}={shlex.quote(value)}' if value else flag


def _training(run: RecordedRun) -> Iterator[str]:
  """Yields comments and commands that train a run anew, with each change at its step."""
  sessions = run.record.get('sessions', [])
  if sessions:
    yield f'# {_versions(sessions[0])}'
  again = f'--model_dir={run.directory.path}-again'
  changes = recorded_changes(run.directory)
  ends = [change['first_step'] for change in changes] + [run.experiment.max_steps]
  settings = settings_between(changes, run.experiment)[0].changed()
  settings.pop('max_steps', None)
  imports = ','.join(sessions[-1].get('imports', ())) if sessions else ''
  own_code = [f'--import={imports}'] if imports else []
  flags = [as_flag(name, value) for name, value in settings.items()]
  yield command('tfgan-train', [*flags, *own_code, f'--max_steps={ends[0]}', again])
  for change, end in zip(changes, ends[1:]):
    yield f'# From step {change["first_step"]}:'
    names = [name for name in change if name != 'first_step']
    if 'data' in names:
      yield '# the pictures had changed; change yours likewise before the next command'
    flags = [
      as_flag(name, short_value(_EXPERIMENT[name], change[name][1]))
      for name in names
      if name in _EXPERIMENT
    ]
    yield command(
      'tfgan-train', [again, f'--change={",".join(names)}', *flags, f'--max_steps={end}']
    )


def _versions(session: Mapping[str, Any]) -> str:
  versions = session.get('versions', {})
  parts = [f'{name} {version}' for name, version in versions.items()]
  if revision := session.get('git_revision'):
    parts.append(f'revision {revision}')
  return ', '.join(parts)


def _scoring(run: RecordedRun) -> Iterator[str]:
  """Yields a command for each definition of scores; all of its steps, or the only one."""
  by_definition: dict[str, list[Record]] = {}
  for record in run.scores:
    by_definition.setdefault(record.get('definition_id', ''), []).append(record)
  for records in by_definition.values():
    last, is_chosen = records[-1], 'checkpoint' in records[-1]['definition']
    which = [] if is_chosen else [f'--step={last["step"]}']
    if len({one['step'] for one in records}) > 1 and run.directory.is_done() and not is_chosen:
      which = ['--watch']
    values = _options(last, run.eval_dir)
    if (folder := _folder_of(run, last)) not in ('', _usual_folder(values)):
      values['eval_name'] = folder
    flags = [as_flag(name, value) for name, value in values.items()]
    yield from _unnamed(last)
    yield command('tfgan-evaluate', [f'--model_dir={run.directory.path}', *which, *flags])


def _folder_of(run: RecordedRun, record: Record) -> str:
  """Returns the name of the folder that holds a record; '' for one of version 0.1.0."""
  key = record.get('definition_id')
  holders = [
    folder
    for folder, records in run.records.items()
    if key and any(one.get('definition_id') == key and 'scores' in one for one in records)
  ]
  return os.path.basename(holders[-1]) if holders else ''


def _usual_folder(values: Mapping[str, Any]) -> str:
  """Returns the name of the folder in which an evaluation with these flags keeps its records."""
  try:
    return EvaluationOptions(**values).directory_name
  except UsageError:  # A component of another script or version.
    return ''


def _options(record: Record, eval_dir: str) -> dict[str, Any]:
  """Returns the flags of an evaluation that a record tells of and that have no defaults."""
  definition = record['definition']
  reference = definition.get('reference') or {}
  task = definition.get('task') or {}
  rule = definition.get('checkpoint', '')
  labels = definition.get('labels', '')
  chosen = _LABELS.fullmatch(labels)
  values = {
    'protocol': record.get('protocol') if rule else None,
    'best_by': rule.partition(' by ')[2] or None,
    'task': task.get('name'),
    'extractor': _extractor(definition.get('extractor', {}).get('name', '')),
    **{name: definition.get(name) for name in ('metrics', 'image_metrics', 'pair_metrics')},
    **{name: definition.get(name) for name in ('generator_metrics', 'bootstrap', 'path_length')},
    'num_samples': definition.get('num_generated'),
    'reference_split': reference.get('split') or task.get('split'),
    'weights': definition.get('weights'),
    'batch_norm': str(definition.get('batch_norm', '')).split(' ')[0],
    'sample_seed': definition.get('sample_seed'),
    'labels': chosen[1] if chosen else None,
    'label_proportions': 'uniform' if labels and not chosen else None,
    'eval_dir': eval_dir,
  }
  found = {}
  for name, value in values.items():
    field = _EVALUATION[name]
    if value is None or (field.metadata['choices'] and value not in field.metadata['choices']):
      continue
    value = short_value(field, value) if value else value
    default: Any = field.default
    if value != short_value(field, default):
      found[name] = value
  return found


def _unnamed(record: Record) -> Iterator[str]:
  """Yields comments on flags that have to be given, and whose values a record does not hold."""
  definition = record['definition']
  name = definition.get('extractor', {}).get('name', '')
  if name and not _extractor(name):
    yield f'# add the --extractor that is recorded as {name}'
  reference = definition.get('reference') or {}
  if reference and not (reference.get('split') or definition.get('task')):
    yield f'# add the reference that is recorded as {json.dumps(reference)}'
  if (rule := definition.get('checkpoint')) and not record.get('protocol'):
    yield f'# add the --protocol that chose the checkpoint as {rule}'


def _extractor(name: str) -> str | None:
  """Returns the call of an extractor by its recorded name; None if that does not tell all of it.

  Names such as 'classifier:digits' tell of what the extractor was trained on, too.
  """
  try:
    return str(registry.extractor.parse(name.partition(':')[0]))
  except UsageError:  # One with arguments that the name does not tell, such as a path.
    return None
