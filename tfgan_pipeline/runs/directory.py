"""Layout of model_dir, the only thing that training and evaluation share.

    run = RunDirectory('/tmp/run')
    run.begin_session(experiment, facts, session, sources, run_id=new_run_id())
    experiment = run.read_experiment()

Every path may be gs://.
"""

from __future__ import annotations

from collections.abc import Mapping
import json
import logging
import os
import re
from typing import Any
import uuid

from tfgan_pipeline.config.allowed_changes import refuse_others
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.source_code import Source
from tfgan_pipeline.errors import Unreachable, UsageError, is_there_another, spoken
from tfgan_pipeline.runs import atomic_files, files, own_components

_log = logging.getLogger(__name__)
MADE_OF_OTHERS = ('averaged', 'exported')  # Facts of runs that were made of others, see derived.py.
_EXPERIMENT = 'experiment.json'  # A folder with this file is a run.


def find_runs(model_dirs: str) -> list[str]:
  """Returns the paths of existing runs among `model_dirs`, without duplicates.

  Args:
    model_dirs: Paths separated by commas, with *, ? and [...] as in a shell.
  """
  runs: dict[str, None] = {}
  for text in _split(model_dirs):
    paths = [text]
    if _is_pattern(text):
      paths = [path for path in files.matches(text) if _exists(os.path.join(path, _EXPERIMENT))]
    runs.update(dict.fromkeys(path for path in paths if RunDirectory(path).exists()))
  return list(runs)


def require_runs(model_dirs: str) -> list[str]:
  """Returns the paths of the runs among `model_dirs`, at least one for each path or pattern.

  Args:
    model_dirs: Paths separated by commas, with *, ? and [...] as in a shell.

  Raises:
    UsageError: A path or pattern names no run.
  """
  all_runs: dict[str, None] = {}
  for text in _split(model_dirs) or [model_dirs]:
    runs = find_runs(text)
    if not runs:
      hint = '' if _is_pattern(text) else is_there_another(text)
      raise UsageError(f'--model_dir={text}: no run there, which has an experiment.json{hint}')
    all_runs.update(dict.fromkeys(runs))
  return list(all_runs)


def is_many(model_dirs: str) -> bool:
  """Returns whether `model_dirs` has several paths or a pattern, rather than one path."""
  return len(_split(model_dirs)) > 1 or _is_pattern(model_dirs)


def _split(model_dirs: str) -> list[str]:
  if not _is_pattern(model_dirs) and RunDirectory(model_dirs).exists():
    return [model_dirs]
  return [text.strip() for text in model_dirs.split(',') if text.strip()]


def _is_pattern(text: str) -> bool:
  """Returns whether `text` is a pattern; a path that exists is literal, even with [ in its name."""
  return bool(re.search(r'[*?[]', text)) and not files.exists(text)


def _exists(path: str) -> bool:
  """Returns whether a file or folder exists and can be reached; warns of storage that fails."""
  try:
    return files.exists(path)
  except UsageError:  # For instance without permission.
    return False
  except Unreachable as error:
    _log.warning('%s', error)
    return False


class RunDirectory:
  """Paths (`checkpoints`, `train`, `samples` and others) and records of one run.

  Args:
    path: The model_dir; need not exist yet.

  Raises:
    UsageError: The path is empty, a pattern, a file, or not readable.
  """

  def __init__(self, path: str):
    if not path:
      raise UsageError('--model_dir: say where the run is to live')
    if _is_pattern(path):
      raise UsageError(f'--model_dir={path}: *, ? and [ stand for many runs, and name none')
    try:
      is_file = files.exists(path) and not files.is_folder(path)
    except UsageError as error:
      raise UsageError(f'--model_dir={error}') from None
    if is_file:
      raise UsageError(f'--model_dir={path}: is a file')
    path = path.rstrip('/') or path
    self.path = path if '://' in path else os.path.abspath(path)
    path = self.path
    self.experiment_json = os.path.join(path, _EXPERIMENT)
    self.experiment_flags = os.path.join(path, 'experiment.flags')
    self.checkpoints = os.path.join(path, 'checkpoints')
    self.code = os.path.join(path, 'code')
    self.train = os.path.join(path, 'train')
    self.samples = os.path.join(path, 'samples')
    self.anomaly = os.path.join(path, 'anomaly')
    self.train_done = os.path.join(path, 'TRAIN_DONE')

  def evaluation(self, protocol: str) -> str:
    """Returns the path of a directory of scores, eval/<name>; the name is `protocol`."""
    return os.path.join(self.path, 'eval', protocol)

  def scores_in(self, eval_dir: str) -> str:
    """Returns the folder of this run in --eval_dir, named by the run and the start of its id."""
    name = '-'.join(filter(None, (os.path.basename(self.path), self.run_id[:8])))
    return os.path.join(eval_dir, name)

  def exists(self) -> bool:
    return files.exists(self.experiment_json)

  @property
  def run_id(self) -> str:
    """Id of the run, made at its start; '' for a run of version 0.1.0 and if there is no run."""
    try:
      return self.read_record().get('run_id', '')
    except FileNotFoundError:
      return ''

  def code_of_last_session(self) -> dict[str, str] | None:
    """Returns hashes of unreleased components, by kind and name; None if none were recorded."""
    sessions = self.read_record().get('sessions', []) if self.exists() else []
    code = sessions[-1].get('code') if sessions else None
    return None if code is None else {name: facts['hash'] for name, facts in code.items()}

  def saved_steps(self) -> list[int]:
    """Returns the steps of all checkpoints ever saved, by train.jsonl; files may be gone since."""
    path = os.path.join(self.train, 'train.jsonl')
    if not files.exists(path):
      return []
    lines = [line for line in files.read_text(path).splitlines() if '"checksum"' in line]
    return [json.loads(line)['step'] for line in lines if line.endswith('}')]

  def is_done(self) -> bool:
    """Returns whether the training has reached its end."""
    return files.exists(self.train_done)

  def read_experiment(self, **overrides: Any) -> Experiment:
    """Returns the recorded experiment, with fields replaced by `overrides` that are not None.

    Components that are not of the package become known from where the record says they were.
    """
    if not self.exists():
      raise UsageError(
        f'--model_dir={self.path}: no experiment.json there, so no run{is_there_another(self.path)}'
      )
    record = self.read_record()
    own_components.find(self.path, record)
    return Experiment.from_record(record['experiment'], **overrides)

  def find_data(self, experiment: Experiment) -> Experiment:
    """Returns `experiment` with the present data_dir of a run that moved together with its data.

    A recorded data_dir that is gone is replaced by the folder at its former path relative to the
    run, if that folder exists.
    """
    if not self.exists() or not experiment.data_dir or _exists(experiment.data_dir):
      return experiment
    record = self.read_record()['experiment']
    old_data, old_run = record.get('data_dir', ''), record.get('model_dir', '')
    if '://' in old_data + old_run + self.path or not old_run:
      return experiment
    if experiment.data_dir not in (old_data, os.path.abspath(old_data)):
      return experiment
    moved_data = os.path.normpath(os.path.join(self.path, os.path.relpath(old_data, old_run)))
    if not _exists(moved_data):
      return experiment
    _log.info(
      spoken('--data_dir=%s: is gone; reading %s, which lies beside the run'), old_data, moved_data
    )
    return Experiment.from_record(experiment.to_dict(), data_dir=moved_data)

  def read_record(self) -> dict[str, Any]:
    """Returns the content of experiment.json; raises UsageError if that is no record of a run."""
    try:
      record = json.loads(files.read_text(self.experiment_json))
    except (json.JSONDecodeError, IsADirectoryError) as error:
      raise UsageError(f'{self.experiment_json}: not readable as JSON ({error})') from None
    missing_keys = {'experiment', 'dataset'} - set(record if isinstance(record, dict) else ())
    if missing_keys:
      raise UsageError(f'{self.experiment_json}: has no {" and no ".join(sorted(missing_keys))}')
    return record

  def check_is_for(
    self, experiment: Experiment, may_change: frozenset[str] = frozenset()
  ) -> dict[str, list[Any]]:
    """Refuses another experiment than that of the run in the directory.

    Args:
      experiment: The settings that are asked for.
      may_change: Names of settings that may differ.

    Returns:
      [old, new] values by name of the settings that differ; {} if there is no run.

    Raises:
      UsageError: Other settings differ, too.
    """
    if not self.exists():
      return {}
    old = self.read_experiment()
    refuse_others(self.path, experiment, old, may_change)
    return experiment.changes(old, also=may_change)

  def begin_session(
    self,
    experiment: Experiment,
    facts: Mapping[str, Any],
    session: Mapping[str, Any],
    sources: Mapping[str, Source],
    *,
    run_id: str,
    chief: bool = True,
  ) -> None:
    """Writes experiment.json and experiment.flags, and warns of code that has changed.

    Args:
      experiment: The experiment of the run.
      facts: Further facts that are equal in all sessions: data, parameter counts.
      session: Facts that may differ between sessions, all of which are kept: versions, first step.
      sources: Code of components that are not of the released package, by kind and name; copied
        into the folder `code`, once for each content.
      run_id: The id of the run to continue, or `new_run_id()`, which drops the sessions of an
        earlier run; '' continues a run without an id.
      chief: Whether this worker writes.
    """
    continues = self.exists() and self.run_id == run_id
    former = self.read_record() if continues else {}
    sessions = former.get('sessions', [])
    old_code = self.code_of_last_session() if continues else None
    session = {**session, **self._describe_code(sources, old_code)}
    if not chief:
      return
    record = {
      **({'run_id': run_id} if run_id else {}),
      'experiment': experiment.to_dict(),
      **{kind: former[kind] for kind in MADE_OF_OTHERS if kind in former},
      **facts,
      'sessions': [*sessions, session],
    }
    with atomic_files.writing(self.path):
      imports = ','.join(session.get('imports', ()))
      flagfile = experiment.to_flagfile() + (f'--import={imports}\n' if imports else '')
      atomic_files.write(self.experiment_flags, flagfile)
      atomic_files.write(self.experiment_json, json.dumps(record, indent=2) + '\n')
      own_components.keep(self.code, sources)

  def _describe_code(
    self, sources: Mapping[str, Source], old_code: Mapping[str, str] | None
  ) -> dict[str, Any]:
    """Returns facts on `sources` for a session's record; warns of changes since `old_code`."""
    code = {name: source.to_dict() for name, source in sources.items()}
    new_code = {name: source.hash for name, source in sources.items()}
    if old_code is None or old_code == new_code:
      return {'code': code}
    changes = sorted(
      name for name in {*old_code, *new_code} if old_code.get(name) != new_code.get(name)
    )
    _log.warning(
      '%s: other code than in the session before; %s keeps both', ', '.join(changes), self.code
    )
    return {'code': code, 'changed_code': changes}

  def mark_unfinished(self) -> None:
    """Removes TRAIN_DONE, for a run that continues beyond its former end."""
    if self.is_done():
      files.remove(self.train_done)

  def mark_done(self, step: int) -> None:
    atomic_files.write(self.train_done, f'{step}\n')


def new_run_id() -> str:
  """Returns a new random id for a run, of 16 hexadecimal digits."""
  return uuid.uuid4().hex[:16]
