"""Ranking: order, intervals, and what is refused by which name."""

from __future__ import annotations

import copy
import csv
import json
import math

import numpy as np
import pytest

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.compare import Entry, as_table, differences, rank
from tfgan_pipeline.runs.score_records import definition_id, find_records, score_ids

DEFINITION = {
  'extractor': {'name': 'mine', 'fingerprint': 'aa'},
  'metrics': 'fid(ddof=1)',
  'num_generated': 2000,
  'sample_seed': 0,
}


def record(step: int, fid: float, *, seed: int = 0, scores=(), changes=(), old=False) -> dict:
  """Returns a record like an evaluator's; `changes` are (dotted field, value) of the definition."""
  definition = {**copy.deepcopy(DEFINITION), 'sample_seed': seed}
  for field, value in changes:
    *parents, name = field.split('.')
    place = definition
    for parent in parents:
      place = place[parent]
    place[name] = value
  scores = {'fid[mine]': fid, 'inception_score[mine]': fid, **dict(scores)}
  metric_of = {name: definition['metrics'].split(', ')[0] for name in scores}
  ids = {} if old else {'score_ids': score_ids(definition, metric_of)}
  return {
    'step': step,
    'scores': scores,
    **ids,
    'definition_id': definition_id(definition),
    'definition': definition,
  }


def entries(**runs) -> list[Entry]:
  return [
    Entry(run, f'{run}/scores.jsonl', record) for run, records in runs.items() for record in records
  ]


def test_order_follows_the_direction_of_the_metric():
  found = entries(a=[record(2, 7.0), record(4, 3.0)], b=[record(2, 5.0), record(4, 9.0)])
  order = [('a', 4), ('b', 2), ('a', 2), ('b', 4)]
  assert [(row.run, row.step) for row in rank(found, 'fid')] == order
  assert [(row.run, row.step) for row in rank(found, 'fid[mine]')] == order
  assert [(row.run, row.step) for row in rank(found, 'inception_score')] == order[::-1]
  best = rank(found, 'fid', best_of_run=True)
  assert [(row.run, row.step, row.value) for row in best] == [('a', 4, 3.0), ('b', 2, 5.0)]


def test_seeds_make_a_students_interval():
  values = [3.0, 4.0, 8.0]
  found = entries(a=[record(2, value, seed=seed) for seed, value in enumerate(values)])
  found += entries(a=[record(2, 3.0, seed=0)])  # The same once more is no new information.
  (row,) = rank(found, 'fid')
  assert row.value == 5.0 and row.seeds == 3
  half = 4.302652729911275 * np.std(values, ddof=1) / np.sqrt(3)
  assert (row.low, row.high) == pytest.approx((5 - half, 5 + half))


def test_two_seeds_have_the_widest_interval():
  (row,) = rank(entries(a=[record(2, 3.0, seed=0), record(2, 5.0, seed=4)]), 'fid')
  assert (row.value, row.seeds) == (4.0, 2)
  assert (row.low, row.high) == pytest.approx((4 - 12.7062047362, 4 + 12.7062047362))


@pytest.mark.parametrize('order', [1, -1])
def test_of_one_seed_scored_twice_the_record_with_an_interval_counts(order):
  own = {'fid_low[mine]': 4.5, 'fid_high[mine]': 5.75}
  twice = [record(2, 5.0), record(2, 5.0, scores=own)][::order]
  (row,) = rank(entries(a=twice), 'fid')
  assert (row.low, row.high, row.seeds) == (4.5, 5.75, 1)


def test_scores_that_are_not_finite_are_no_rows():
  found = entries(a=[record(2, math.nan), record(4, 3.0)], b=[record(2, math.inf)])
  assert [(row.run, row.step) for row in rank(found, 'fid')] == [('a', 4)]


def test_a_row_is_called_by_the_full_name_of_its_score():
  (row,) = rank(entries(a=[record(2, 5.0, scores={'kid[mine]': 7.0})]), 'kid')
  assert (row.score, row.value) == ('kid[mine]', 7.0)


def test_interval_and_floor_of_the_record_itself():
  own = {'fid_low[mine]': 4.5, 'fid_high[mine]': 5.75, 'fid_floor[mine]': 1.0, 'fid_low[x]': 9.0}
  (row,) = rank(entries(a=[record(2, 5.0, scores=own)]), 'fid')
  assert (row.low, row.high, row.floor, row.seeds) == (4.5, 5.75, 1.0, 1)


@pytest.mark.parametrize(
  'field, value, message',
  [
    ('num_generated', 10000, 'num_generated: 2000 and 10000'),
    ('extractor.fingerprint', 'bb', 'extractor.fingerprint: aa and bb'),
    ('extractor.size', 3, 'extractor.size: absent and 3'),
    ('metrics', 'fid(ddof=0)', 'metrics: fid(ddof=1) and fid(ddof=0)'),
  ],
)
def test_the_incomparable_is_refused_by_field_with_both_values(field, value, message):
  for old in (False, True):
    found = entries(a=[record(2, 5.0, old=old)], b=[record(2, 5.0, changes=[(field, value)])])
    with pytest.raises(UsageError) as raised:
      rank(found, 'fid')
    assert str(raised.value) == f'not comparable: {message} (a/scores.jsonl, b/scores.jsonl)'


def test_other_metrics_beside_it_and_other_seeds_compare():
  one = record(2, 5.0)
  other = record(2, 5.0, seed=3, changes=[('metrics', 'fid(ddof=1), kid')])
  assert differences(one, 'fid[mine]', other, 'fid[mine]') == []
  both = record(2, 5.0, changes=[('metrics', 'fid(ddof=0), kid'), ('num_generated', 3)])
  assert differences(one, 'fid[mine]', both, 'fid[mine]') == ['num_generated: 2000 and 3']


def test_tables_say_the_same_in_three_forms():
  rows = rank(entries(a=[record(2, 1 / 3)], b=[record(4, 2.0)]), 'fid')
  text, markdown, commas = (as_table(rows, form) for form in ('text', 'markdown', 'csv'))
  assert text.splitlines()[0].split() == ['rank', 'run', 'step', 'fid[mine]', 'seeds']
  assert text.splitlines()[1].split() == ['1', 'a', '2', '0.333333', '1']
  assert text.splitlines()[2].split() == ['2', 'b', '4', '2', '1']
  assert set(markdown.splitlines()[1]) <= set('|:-') and markdown.count('\n') == 3
  assert markdown.splitlines()[2].split() == '| 1 | a | 2 | 0.333333 | 1 |'.split()
  found = list(csv.DictReader(commas.splitlines()))
  assert float(found[0]['fid[mine]']) == 1 / 3 and found[1]['run'] == 'b'


def test_no_such_score():
  with pytest.raises(UsageError, match='--metric=kid: in none of these records'):
    rank(entries(a=[record(2, 5.0)]), 'kid')
  with pytest.raises(UsageError, match='fid_floor: no score that ranks'):
    rank(entries(a=[record(2, 5.0)]), 'fid_floor')


def test_records_are_found_in_runs_evaluations_and_files(tmp_path):
  content = json.dumps(record(2, 5.0)) + '\n{"step": 3, "error": "x"}\n[]\n{"step'
  paths = [tmp_path / 'run/eval' / name / 'scores.jsonl' for name in ('one', 'two')]
  for path in paths:
    path.parent.mkdir(parents=True)
    path.write_text(content)
  expected = {str(path): [record(2, 5.0)] for path in paths}
  assert find_records(str(tmp_path / 'run')) == expected
  for path in (paths[0], paths[0].parent):
    assert find_records(str(path)) == {str(paths[0]): [record(2, 5.0)]}
  with pytest.raises(UsageError, match='neither a run with scores nor a file of records'):
    find_records(str(tmp_path))


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
