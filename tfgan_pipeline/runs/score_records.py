"""Score records, scores.jsonl: a line per scored checkpoint, with the definition of its scores."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
import json
import os
import re
from typing import Any, TypeGuard

from tfgan_pipeline.config.source_code import Source
from tfgan_pipeline.errors import UsageError, is_there_another
from tfgan_pipeline.runs import files, own_components
from tfgan_pipeline.runs.atomic_files import writing
from tfgan_pipeline.runs.digests import digest
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.growing_file import GrowingFile
from tfgan_pipeline.runs.scoring_claims import Claims

Record = dict[str, Any]
# Fields of definitions that name the metrics of a record and say nothing of a single score.
OTHER_SCORES = (
  *('metrics', 'image_metrics', 'pair_metrics', 'generator_metrics'),
  *('bootstrap', 'path_length'),
)
_FILE = 'scores.jsonl'
_IGNORED_FIELDS = (*OTHER_SCORES, 'sample_seed')


def definition_id(definition: dict[str, Any]) -> str:
  """Returns a short hash of a definition; equal hashes mark scores of one measurement."""
  return digest(json.dumps(definition, sort_keys=True))


def score_ids(definition: dict[str, Any], metric_of: Mapping[str, str]) -> dict[str, str]:
  """Returns an id for each score, by name; two scores with equal ids are comparable.

  An id depends neither on the other metrics that were measured nor on the seed of the samples, so
  that scores of several seeds can show how far a score varies.

  Args:
    definition: The definition of the record.
    metric_of: The call of the metric that each score comes from, by the name of the score.
  """
  shared_fields = {key: value for key, value in definition.items() if key not in _IGNORED_FIELDS}
  image_fields = {key: value for key, value in shared_fields.items() if key != 'extractor'}
  resamples = {'bootstrap': definition.get('bootstrap')}

  def make_id(score: str, metric: str) -> str:
    name = score.split('[')[0]
    return definition_id(
      {
        **(shared_fields if '[' in score else image_fields),
        **(resamples if name.endswith(('_low', '_high')) else {}),
        'metric': metric,
        'score': name,
      }
    )

  return {score: make_id(score, metric) for score, metric in metric_of.items()}


class Records:
  """Score records of one evaluation directory.

  Args:
    directory: The directory, model_dir/eval/<name>; need not exist yet.
    claims: The claims in the directory; made if None.
    also: Other directories whose records count, and that nothing is written to.
  """

  def __init__(self, directory: str, claims: Claims | None = None, also: Sequence[str] = ()):
    self.directory = directory
    self._claims = claims or Claims(directory)
    self._path = os.path.join(directory, _FILE)
    self._other_paths = [os.path.join(other, _FILE) for other in also]
    self._cache: dict[str, tuple[Any, list[Record]]] = {}  # Version and records of each file.

  def read(self) -> list[Record]:
    """Returns all records, oldest first; leaves out a line that a crash cut short."""
    return [record for path in (*self._other_paths, self._path) for record in self._read_file(path)]

  def _read_file(self, path: str) -> list[Record]:
    file_version = files.version(path)
    if file_version is None or file_version != self._cache.get(path, (None,))[0]:
      self._cache[path] = file_version, _read(path)
    return self._cache[path][1]

  def of(self, run_id: str, definition: dict[str, Any]) -> list[Record]:
    """Returns the records of one run with one definition, oldest first.

    Args:
      run_id: The id of the run; '' for a run of version 0.1.0, which has none.
      definition: The definition of the scores.
    """
    measurement = definition_id(definition)
    return [
      record
      for record in self.read()
      if record.get('run_id', '') == run_id and record.get('definition_id') == measurement
    ]

  def find(self, run_id: str, step: int, definition: dict[str, Any]) -> Record | None:
    """Returns a checkpoint's record with a definition: with scores if any, else a failure, or None.

    Args:
      run_id: The id of the run; '' for a run of version 0.1.0, which has none.
      step: Step of the checkpoint.
      definition: The definition of the scores.
    """
    candidates = [record for record in self.of(run_id, definition) if record.get('step') == step]
    return min(candidates, key=lambda record: 'error' in record, default=None)

  def add(
    self,
    record: Record,
    first: Callable[[], None] = lambda: None,
    sources: Mapping[str, Source] | None = None,
  ) -> Record:
    """Appends a record unless its run, step and definition have one; returns the record in force.

    A record with scores is appended after a failure too, and then comes first in `find`.

    Args:
      record: The record.
      first: Called before the record is appended, while no other process may append any.
      sources: Code of components that are not of the released package, by kind and name; kept in
        the folder `code` beside the records.

    Raises:
      WriteError: The record cannot be written; earlier records stay whole.
    """
    with self._claims.of_records(), writing(self._path):
      duplicate = self.find(record.get('run_id', ''), record['step'], record['definition'])
      if duplicate and ('error' not in duplicate or 'error' in record):
        return duplicate
      files.make_folder(self.directory)
      first()
      own_components.keep(os.path.join(self.directory, 'code'), sources or {})
      before = files.read_bytes(self._path) if files.exists(self._path) else b''
      has_open_line = before[-1:] not in (b'', b'\n')
      file = GrowingFile(self._path, before)
      file.add(('\n' * has_open_line + json.dumps(record) + '\n').encode())
      file.flush()
      return record


def find_records(path: str) -> dict[str, list[Record]]:
  """Returns the records with scores at `path`, oldest first, by the file that contains them.

  Leaves out records of a run that another run has replaced in its directory. Of records that
  differ only in the fingerprint of the reference data, keeps the newest: fingerprints have changed
  since version 0.1.0, so a later version scored the checkpoints of a run again.

  Args:
    path: A run, a folder of runs, an evaluation directory of a run, or a file of records.

  Raises:
    UsageError: There are no records with scores.
  """
  if files.is_folder(path):
    names = [os.path.join(path, _FILE)]
    if not files.exists(names[0]):
      runs = [path, *(os.path.join(path, name) for name in files.names_in(path))]
      names = [name for run in runs for name in _list_files(run)]
  else:
    names = [path]
  records_by_file = {}
  for name in names:
    records = [record for record in _read(name) if {'scores', 'definition'} <= set(record)]
    run = _find_run(name)
    if run and run.exists():
      run_id = run.run_id
      records = [record for record in records if record.get('run_id', '') == run_id]
    if records:
      records_by_file[name] = _select_newest(records)
  if not records_by_file:
    raise UsageError(
      f'{path}: neither a run with scores nor a file of records{is_there_another(path)}'
    )
  return records_by_file


def records_of(run: RunDirectory, eval_dir: str = '') -> list[Record]:
  """Returns all records with scores in a run, and in --eval_dir, by step; [] if there are none."""
  return sorted(
    (
      record
      for records in find_records_of(run, eval_dir).values()
      for record in records
      if 'step' in record
    ),
    key=lambda record: record['step'],
  )


def find_records_of(run: RunDirectory, eval_dir: str = '') -> dict[str, list[Record]]:
  """Returns the records of a run, and those in --eval_dir, by the file that contains them."""
  found: dict[str, list[Record]] = {}
  for folder in (run.path, run.scores_in(eval_dir)) if eval_dir else (run.path,):
    try:
      found |= find_records(folder)
    except UsageError:
      continue
  return found


def _list_files(path: str) -> list[str]:
  """Returns the files of score records of the run at `path`."""
  folder = os.path.join(path, 'eval')
  names = [os.path.join(folder, name, _FILE) for name in files.names_in(folder)]
  return sorted(filter(files.exists, names))


def _select_newest(records: list[Record]) -> list[Record]:
  """Returns records without those that a later one repeats with another reference fingerprint."""
  by_measurement: dict[tuple[object, ...], str] = {}
  newest = []
  for record in reversed(records):
    reference = dict(record['definition'].get('reference') or {})
    # A folder is known by its fingerprint alone, which therefore stays part of the measurement.
    fingerprint = reference.pop('fingerprint', '') if 'dataset' in reference else ''
    measurement = definition_id({**record['definition'], 'reference': reference})
    key = (
      *(
        record.get(name, '')
        for name in ('run', 'generated_dir', 'generated_features', 'run_id', 'step')
      ),
      measurement,
    )
    if by_measurement.setdefault(key, fingerprint) == fingerprint:
      newest.append(record)
  return newest[::-1]


def _find_run(path: str) -> RunDirectory | None:
  """Returns the run that the path of a file of records lies in; None if it lies in none."""
  path = os.path.abspath(path) if files.is_local(path) else path
  match = re.fullmatch(r'(.+)/eval/[^/]+/scores\.jsonl', path)
  return RunDirectory(match[1]) if match else None


def _read(path: str) -> list[Record]:
  records = []
  for line in _read_text(path).splitlines():
    try:
      record = json.loads(line)
    except json.JSONDecodeError:
      continue
    if _is_record(record):
      records.append(record)
  return records


def _is_record(line: object) -> TypeGuard[Record]:
  """Returns whether a line of JSON is a record, rather than damaged."""
  if not isinstance(line, dict) or not ('definition_id' in line or 'definition' in line):
    return False
  parts = (line.get('definition', {}), line.get('scores', {}))
  return all(isinstance(part, dict) for part in parts) and isinstance(line.get('step', 0), int)


def _read_text(path: str) -> str:
  try:
    return files.read_text(path)
  except (FileNotFoundError, IsADirectoryError):
    return ''
