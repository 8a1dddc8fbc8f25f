"""Records that are found in runs, evaluations and files, and which of two is the newer one."""

from __future__ import annotations

import json

import pytest

from tests.evaluation.records import record
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs.score_records import find_records


def test_records_are_found_in_runs_evaluations_and_files(tmp_path):
  content = json.dumps(record(2, 5.0)) + '\n{"step": 3, "error": "x"}\n[]\n{"step'
  paths = [tmp_path / 'run/eval' / name / 'scores.jsonl' for name in ('one', 'two')]
  for path in paths:
    path.parent.mkdir(parents=True)
    path.write_text(content)
  expected = {str(path): [record(2, 5.0)] for path in paths}
  assert find_records(str(tmp_path / 'run')) == find_records(str(tmp_path)) == expected
  for path in (paths[0], paths[0].parent):
    assert find_records(str(path)) == {str(paths[0]): [record(2, 5.0)]}
  with pytest.raises(UsageError, match='neither a run with scores nor a file of records'):
    find_records(str(tmp_path / 'run/eval/one/none'))


def test_a_score_made_anew_since_its_reference_goes_by_another_name_replaces_the_old(tmp_path):
  """Scores step 2 of two runs with the fingerprint of version 0.1.0, then one of them anew."""
  old, new = (
    [('reference', {'dataset': 'x', 'split': 'train', 'fingerprint': name})]
    for name in ('former', 'present')
  )
  lines = [record(2, 9.0, changes=old, old=True), record(2, 9.5, changes=new)]
  path = tmp_path / 'scores.jsonl'
  path.write_text(
    ''.join(json.dumps(line) + '\n' for line in [*lines, record(4, 8.0, changes=new)])
  )
  assert [found['scores']['fid[mine]'] for found in find_records(str(path))[str(path)]] == [
    9.5,
    8.0,
  ]
  # Of folders nothing but the fingerprint is known: another one is another folder.
  folders = [
    record(2, fid, changes=[('reference', {'fingerprint': name})])
    for name, fid in (('one', 9.0), ('two', 9.5))
  ]
  path.write_text(''.join(json.dumps(line) + '\n' for line in folders))
  assert len(find_records(str(path))[str(path)]) == 2
  # Seeds are measurements of their own, and other differences stay differences.
  path.write_text(
    ''.join(
      json.dumps(line) + '\n'
      for line in (
        *lines,
        record(2, 9.6, seed=1, changes=new),
        record(2, 9.7, changes=[*new, ('num_generated', 50)]),
      )
    )
  )
  assert len(find_records(str(path))[str(path)]) == 3
