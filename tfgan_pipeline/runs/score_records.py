"""scores.jsonl: one line per scored checkpoint, each with the complete definition of its scores."""

from __future__ import annotations

from collections.abc import Mapping
import json
import os
import re
from typing import Any

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import files
from tfgan_pipeline.runs.atomic_files import writing
from tfgan_pipeline.runs.digests import digest
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.scoring_claims import Claims

Record = dict[str, Any]
# Fields of definitions about other scores of a record than one that is looked at.
OTHER_SCORES = (
  *('metrics', 'image_metrics', 'pair_metrics', 'generator_metrics'),
  *('bootstrap', 'path_length'),
)
_NOT_OF_ONE_SCORE = (*OTHER_SCORES, 'sample_seed')


def definition_id(definition: dict[str, Any]) -> str:
  """Equal for records of the same measurement."""
  return digest(json.dumps(definition, sort_keys=True))


def score_ids(definition: dict[str, Any], metric_of: Mapping[str, str]) -> dict[str, str]:
  """An id for each score, equal where two scores may be compared.

  It does not depend on what else was measured, nor on the seed of the samples: scores of several
  seeds tell how far one score can be trusted.

  Args:
    definition: Of the record.
    metric_of: The name of each score -> the call of the metric that it comes from.
  """
  shared = {key: value for key, value in definition.items() if key not in _NOT_OF_ONE_SCORE}
  of_images = {key: value for key, value in shared.items() if key != 'extractor'}
  resamples = {'bootstrap': definition.get('bootstrap')}

  def id_of(score: str, metric: str) -> str:
    name = score.split('[')[0]
    return definition_id(
      {
        **(shared if '[' in score else of_images),
        **(resamples if name.endswith(('_low', '_high')) else {}),
        'metric': metric,
        'score': name,
      }
    )

  return {score: id_of(score, metric) for score, metric in metric_of.items()}


class Records:
  """The records of one evaluation directory.

  Args:
    directory: model_dir/eval/<name>; may not exist yet.
    claims: Those of the same directory, where the caller has them.
  """

  def __init__(self, directory: str, claims: Claims | None = None):
    self.directory = directory
    self._claims = claims or Claims(directory)
    self._path = os.path.join(directory, 'scores.jsonl')
    self._known: tuple[Any, list[Record]] = (None, [])  # What the file was like, and its records.

  def read(self) -> list[Record]:
    """All records, oldest first; a line that a crash cut short is left out."""
    now = files.version(self._path)
    if now is None or now != self._known[0]:
      self._known = now, _read(self._path)
    return self._known[1]

  def of(self, run_id: str, definition: dict[str, Any]) -> list[Record]:
    """The records of one run with one definition, oldest first; '' is a run without an id."""
    wanted = definition_id(definition)
    return [
      record
      for record in self.read()
      if record.get('run_id', '') == run_id and record.get('definition_id') == wanted
    ]

  def find(self, run_id: str, step: int, definition: dict[str, Any]) -> Record | None:
    """The record of this checkpoint with this definition: one with scores, or else a failure."""
    known = [record for record in self.of(run_id, definition) if record.get('step') == step]
    return min(known, key=lambda record: 'error' in record, default=None)

  def add(self, record: Record) -> Record:
    """Appends a record, unless its run, step and definition have one; returns what is there.

    One with scores takes the place of a failure, by being found first.

    Raises:
      WriteError: It cannot be written; the records before are whole.
    """
    with self._claims.of_records(), writing(self._path):
      known = self.find(record.get('run_id', ''), record['step'], record['definition'])
      if known and ('error' not in known or 'error' in record):
        return known
      files.make_folder(self.directory)
      cut_short = _text(self._path)[-1:] not in ('', '\n')
      files.append(self._path, '\n' * cut_short + json.dumps(record) + '\n')
      return record


def find_records(path: str) -> dict[str, list[Record]]:
  """The records with scores of each file at `path`, oldest first.

  Of a run that took the place of another in its directory, the other's records are left out. So are
  those that have been made anew with another fingerprint of the reference, as this version gives
  the data of runs of version 0.1.0.

  Args:
    path: A run, one of its evaluation directories, or a file of records.

  Raises:
    UsageError: There are none.
  """
  if files.is_folder(path):
    names = [os.path.join(path, 'scores.jsonl')]
    if not files.exists(names[0]):
      names = _files_of_run(path)
  else:
    names = [path]
  found = {}
  for name in names:
    records = [record for record in _read(name) if {'scores', 'definition'} <= set(record)]
    run = _run_of(name)
    if run and run.exists():
      run_id = run.run_id
      records = [record for record in records if record.get('run_id', '') == run_id]
    if records:
      found[name] = _newest(records)
  if not found:
    raise UsageError(f'{path}: neither a run with scores nor a file of records')
  return found


def _files_of_run(path: str) -> list[str]:
  folder = os.path.join(path, 'eval')
  names = [os.path.join(folder, name, 'scores.jsonl') for name in files.names_in(folder)]
  return sorted(filter(files.exists, names))


def _newest(records: list[Record]) -> list[Record]:
  """Leaves out records that a later one replaces, whose reference goes by another fingerprint."""
  by_measurement: dict[tuple[object, ...], str] = {}
  kept = []
  for record in reversed(records):
    reference = dict(record['definition'].get('reference') or {})
    # The fingerprint of a folder is all that is known of it.
    fingerprint = reference.pop('fingerprint', '') if 'dataset' in reference else ''
    measurement = definition_id({**record['definition'], 'reference': reference})
    key = (
      *(record.get(name, '') for name in ('run', 'generated_dir', 'run_id', 'step')),
      measurement,
    )
    if by_measurement.setdefault(key, fingerprint) == fingerprint:
      kept.append(record)
  return kept[::-1]


def _run_of(path: str) -> RunDirectory | None:
  """Returns the run whose evaluation a file of records is, as its path tells; None for others."""
  path = os.path.abspath(path) if files.is_local(path) else path
  found = re.fullmatch(r'(.+)/eval/[^/]+/scores\.jsonl', path)
  return RunDirectory(found[1]) if found else None


def _read(path: str) -> list[Record]:
  records = []
  for line in _text(path).splitlines():
    try:
      record = json.loads(line)
    except json.JSONDecodeError:
      continue
    if isinstance(record, dict) and ('definition_id' in record or 'definition' in record):
      records.append(record)
  return records


def _text(path: str) -> str:
  return files.read_text(path) if files.exists(path) else ''
