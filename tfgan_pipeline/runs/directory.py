"""The layout of model_dir, the only thing that training and evaluation share.

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
from typing import Any, Protocol
import uuid

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.source_code import Source
from tfgan_pipeline.errors import Unreachable, UsageError
from tfgan_pipeline.runs import atomic_files, files

_log = logging.getLogger(__name__)
_EXPERIMENT = 'experiment.json'  # Where there is one, there is a run.


def find_runs(model_dirs: str) -> list[str]:
  """Lists the runs that exist by now.

  Args:
    model_dirs: Paths separated by commas, with *, ? and [...] as in a shell.
  """
  found: dict[str, None] = {}
  for text in _split(model_dirs):
    paths = [text]
    if _is_pattern(text):
      paths = [path for path in files.matches(text) if _is_there(os.path.join(path, _EXPERIMENT))]
    found.update(dict.fromkeys(path for path in paths if RunDirectory(path).exists()))
  return list(found)


def require_runs(model_dirs: str) -> list[str]:
  """Like find_runs, but raises UsageError if any path or pattern matches no run.

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


def is_many(model_dirs: str) -> bool:
  """Whether this stands for any number of runs, and not for one."""
  return len(_split(model_dirs)) > 1 or _is_pattern(model_dirs)


def _split(model_dirs: str) -> list[str]:
  if not _is_pattern(model_dirs) and RunDirectory(model_dirs).exists():
    return [model_dirs]
  return [text.strip() for text in model_dirs.split(',') if text.strip()]


def _is_pattern(text: str) -> bool:
  """Whether `text` stands for any number of paths; one that exists is meant literally."""
  return bool(re.search(r'[*?[]', text)) and not files.exists(text)


def _is_there(path: str) -> bool:
  """Whether a file or folder is there and can be reached; says why not, if that may pass."""
  try:
    return files.exists(path)
  except UsageError:  # As in a folder of somebody else's.
    return False
  except Unreachable as error:
    _log.warning('%s', error)
    return False


class Data(Protocol):
  """The facts of a data.dataset.Dataset that tell whether a run was trained on it."""

  @property
  def name(self) -> str: ...

  @property
  def fingerprint(self) -> str: ...

  @property
  def former_fingerprint(self) -> str: ...

  @property
  def splits(self) -> Mapping[str, Any]: ...


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
    self.train_done = os.path.join(path, 'TRAIN_DONE')

  def evaluation(self, protocol: str) -> str:
    return os.path.join(self.path, 'eval', protocol)

  def exists(self) -> bool:
    return files.exists(self.experiment_json)

  @property
  def run_id(self) -> str:
    """The id made at the run's start; '' for a run of version 0.1.0, and where there is no run."""
    try:
      return self.read_record().get('run_id', '')
    except FileNotFoundError:
      return ''

  def code_of_last_session(self) -> dict[str, str] | None:
    """Hashes of the components that are not of the released package, by kind and name.

    None where there is no run, or an earlier version did not record them.
    """
    sessions = self.read_record().get('sessions', []) if self.exists() else []
    code = sessions[-1].get('code') if sessions else None
    return None if code is None else {name: facts['hash'] for name, facts in code.items()}

  def saved_steps(self) -> list[int]:
    """Steps whose checkpoints the run has saved, as train.jsonl tells; they may be gone since."""
    path = os.path.join(self.train, 'train.jsonl')
    if not files.exists(path):
      return []
    lines = [line for line in files.read_text(path).splitlines() if '"checksum"' in line]
    return [json.loads(line)['step'] for line in lines if line.endswith('}')]

  def is_done(self) -> bool:
    return files.exists(self.train_done)

  def read_experiment(self, **overrides: Any) -> Experiment:
    """The experiment recorded here, with fields replaced by the `overrides` that are not None."""
    if not self.exists():
      raise UsageError(f'--model_dir={self.path}: no experiment.json there, so no run')
    return Experiment.from_record(self.read_record()['experiment'], **overrides)

  def find_data(self, experiment: Experiment) -> Experiment:
    """Replaces a data_dir that is gone by the folder that lies beside a moved run as it did before.

    Args:
      experiment: The choices for a job on this run, perhaps with the data_dir that was recorded.
    """
    if not self.exists() or not experiment.data_dir or _is_there(experiment.data_dir):
      return experiment
    recorded = self.read_record()['experiment']
    old_data, old_run = recorded.get('data_dir', ''), recorded.get('model_dir', '')
    if '://' in old_data + old_run + self.path or not old_run:
      return experiment
    if experiment.data_dir not in (old_data, os.path.abspath(old_data)):
      return experiment
    beside = os.path.normpath(os.path.join(self.path, os.path.relpath(old_data, old_run)))
    if not _is_there(beside):
      return experiment
    _log.info('--data_dir=%s is gone; reading %s, which lies beside the run', old_data, beside)
    return Experiment.from_record(experiment.to_dict(), data_dir=beside)

  def read_record(self) -> dict[str, Any]:
    """Reads experiment.json."""
    try:
      record = json.loads(files.read_text(self.experiment_json))
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

  def check_data(self, dataset: Data) -> None:
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
      experiment: The run's choices.
      facts: What is worth knowing besides, and the same in each session: data, parameter counts.
      session: What may differ when the run is continued: versions, hardware, the first step. Each
        session's is kept.
      sources: The components of other code than the released package's, by kind and name; their
        texts are copied into the folder `code`, once for each content.
      run_id: That of a run which is continued, or `new_run_id()`; the sessions of another are
        forgotten. '' continues a run that has none.
      chief: Whether this worker writes.
    """
    continued = self.exists() and self.run_id == run_id
    sessions = self.read_record().get('sessions', []) if continued else []
    before = self.code_of_last_session() if continued else None
    session = {**session, **self._code(sources, before)}
    if not chief:
      return
    record = {
      **({'run_id': run_id} if run_id else {}),
      'experiment': experiment.to_dict(),
      **facts,
      'sessions': [*sessions, session],
    }
    with atomic_files.writing(self.path):
      atomic_files.write(self.experiment_flags, experiment.to_flagfile())
      atomic_files.write(self.experiment_json, json.dumps(record, indent=2) + '\n')
      for component, source in sources.items():
        if source.text:
          files.make_folder(self.code)
          name = f'{component.replace(" ", "-")}-{source.hash[:8]}.py'
          atomic_files.write(os.path.join(self.code, name), source.text)

  def _code(
    self, sources: Mapping[str, Source], before: Mapping[str, str] | None
  ) -> dict[str, Any]:
    """Facts on the sources for a session, and on what has changed since the session before."""
    code = {name: source.to_dict() for name, source in sources.items()}
    now = {name: source.hash for name, source in sources.items()}
    if before is None or before == now:
      return {'code': code}
    changed = sorted(name for name in {*before, *now} if before.get(name) != now.get(name))
    _log.warning(
      '%s: other code than in the session before; %s keeps both', ', '.join(changed), self.code
    )
    return {'code': code, 'changed_code': changed}

  def mark_unfinished(self) -> None:
    """Removes TRAIN_DONE, since the run goes on beyond its former end."""
    if self.is_done():
      files.remove(self.train_done)

  def mark_done(self, step: int) -> None:
    atomic_files.write(self.train_done, f'{step}\n')


def new_run_id() -> str:
  """Returns 16 hexadecimal digits that no other run has."""
  return uuid.uuid4().hex[:16]
