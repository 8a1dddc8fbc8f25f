"""Tables of scores: order, intervals, definitions apart, and what picking the best flatters by."""

from __future__ import annotations

import csv
import json
import math

import numpy as np
import pytest

from tests.evaluation.records import record
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.compare import Entry, tables
from tfgan_pipeline.evaluation.table_forms import FORMS


def entries(**runs) -> list[Entry]:
  return [Entry(run, record) for run, records in runs.items() for record in records]


def rank(found: list[Entry], metric: str, **values) -> list[tuple]:
  """Returns run, step and cell of each row of the only table."""
  (table,) = tables(found, [metric], **values)
  assert table.definition == {} and [row.rank for row in table.rows] == [
    *range(1, len(table.rows) + 1)
  ]
  return [(row.run, row.step, row.cells[metric]) for row in table.rows]


def test_order_follows_the_direction_of_the_metric():
  found = entries(a=[record(2, 7.0), record(4, 3.0)], b=[record(2, 5.0), record(4, 9.0)])
  order = [('a', 4), ('b', 2), ('a', 2), ('b', 4)]
  assert [row[:2] for row in rank(found, 'fid')] == order
  assert [row[:2] for row in rank(found, 'fid[mine]')] == order
  assert [row[:2] for row in rank(found, 'inception_score')] == order[::-1]
  best = rank(found, 'fid', best_of_run=True)
  assert [(run, step, cell.value) for run, step, cell in best] == [('a', 4, 3.0), ('b', 2, 5.0)]
  (table,) = tables(found, ['fid'], sort='step')
  by_step = [('a', 2, 3), ('a', 4, 1), ('b', 2, 2), ('b', 4, 4)]
  assert [(row.run, row.step, row.rank) for row in table.rows] == by_step


def test_seeds_make_a_students_interval():
  values = [3.0, 4.0, 8.0]
  found = entries(a=[record(2, value, seed=seed) for seed, value in enumerate(values)])
  found += entries(a=[record(2, 3.0, seed=0)])  # The same once more is no new information.
  ((_, _, cell),) = rank(found, 'fid')
  assert cell.value == 5.0 and cell.seeds == 3
  half = 4.302652729911275 * np.std(values, ddof=1) / np.sqrt(3)
  assert (cell.low, cell.high) == pytest.approx((5 - half, 5 + half))


def test_two_seeds_have_the_widest_interval():
  ((_, _, cell),) = rank(entries(a=[record(2, 3.0, seed=0), record(2, 5.0, seed=4)]), 'fid')
  assert (cell.value, cell.seeds) == (4.0, 2)
  assert (cell.low, cell.high) == pytest.approx((4 - 12.7062047362, 4 + 12.7062047362))


@pytest.mark.parametrize('order', [1, -1])
def test_of_one_seed_scored_twice_the_record_with_an_interval_counts(order):
  own = {'fid_low[mine]': 4.5, 'fid_high[mine]': 5.75}
  twice = [record(2, 5.0), record(2, 5.0, scores=own)][::order]
  ((_, _, cell),) = rank(entries(a=twice), 'fid')
  assert (cell.low, cell.high, cell.seeds) == (4.5, 5.75, 1)


def test_scores_that_are_not_finite_are_no_rows():
  found = entries(a=[record(2, math.nan), record(4, 3.0)], b=[record(2, math.inf)])
  assert [row[:2] for row in rank(found, 'fid')] == [('a', 4)]


def test_a_column_is_called_by_the_full_name_of_its_score():
  found = entries(a=[record(2, 5.0, scores={'kid[mine]': 7.0})])
  (table,) = tables(found, ['kid'])
  assert table.names == {'kid': 'kid[mine]'} and table.rows[0].cells['kid'].value == 7.0


def test_interval_and_floor_of_the_record_itself():
  own = {'fid_low[mine]': 4.5, 'fid_high[mine]': 5.75, 'fid_floor[mine]': 1.0, 'fid_low[x]': 9.0}
  ((_, _, cell),) = rank(entries(a=[record(2, 5.0, scores=own)]), 'fid')
  assert (cell.low, cell.high, cell.floor, cell.seeds) == (4.5, 5.75, 1.0, 1)


@pytest.mark.parametrize(
  'field, value, definitions',
  [
    ('num_generated', 10000, [{'num_generated': 2000}, {'num_generated': 10000}]),
    ('extractor.fingerprint', 'bb', [{'extractor.fingerprint': x} for x in ('aa', 'bb')]),
    ('extractor.size', 3, [{'extractor.size': 'absent'}, {'extractor.size': 3}]),
    ('metrics', 'fid(ddof=0)', [{'metrics': 'fid(ddof=1)'}, {'metrics': 'fid(ddof=0)'}]),
  ],
)
def test_the_incomparable_is_apart_below_the_field_that_differs(field, value, definitions):
  for old in (False, True):
    found = entries(
      a=[record(2, 5.0, old=old)], b=[record(2, 5.0, old=old, changes=[(field, value)])]
    )
    both = tables(found, ['fid'])
    assert [table.definition for table in both] == definitions
    assert [[row.run for row in table.rows] for table in both] == [['a'], ['b']]


def test_other_metrics_beside_it_and_other_seeds_compare():
  found = entries(
    a=[record(2, 5.0)], b=[record(2, 4.0, seed=3, changes=[('metrics', 'fid(ddof=1), kid')])]
  )
  assert [row[0] for row in rank(found, 'fid')] == ['b', 'a']
  found += entries(c=[record(2, 5.0, changes=[('metrics', 'fid(ddof=0)'), ('num_generated', 3)])])
  assert [table.definition for table in tables(found, ['fid'])] == [
    {'num_generated': 2000},
    {'num_generated': 3},
  ]


def test_several_metrics_are_columns_from_whichever_records_have_them():
  kid = {'scores': {'kid[mine]': 7.0}, 'changes': [('metrics', 'fid(ddof=1), kid')]}
  found = entries(
    a=[record(2, 5.0), record(2, 5.0, **kid), record(4, 4.0)], b=[record(2, 3.0, **kid)]
  )
  (table,) = tables(found, ['fid', 'kid'])
  assert table.names == {'fid': 'fid[mine]', 'kid': 'kid[mine]'}
  rows = [{name: cell.value for name, cell in row.cells.items()} for row in table.rows]
  assert rows == [{'fid': 3.0, 'kid': 7.0}, {'fid': 4.0}, {'fid': 5.0, 'kid': 7.0}]
  lines = list(csv.DictReader(FORMS['csv']([table]).splitlines()))
  assert [line['kid[mine]'] for line in lines] == ['7.0', '', '7.0']
  assert lines[0]['fid_seeds[mine]'] == '1'


@pytest.mark.parametrize(
  'where, steps',
  [
    (['weights=raw'], [4]),
    (['extractor.name=mine', 'weights=average'], [2]),
    (['extractor.name=mine,weights=average'], [2]),
    (['metrics=fid(ddof=1), kid'], [6]),
    (['num_generated=2000'], [2, 4, 6]),
    (['weights=absent'], [6]),
  ],
)
def test_conditions_on_the_definition(where, steps):
  found = entries(
    a=[
      record(2, 5.0, changes=[('weights', 'average')]),
      record(4, 4.0, changes=[('weights', 'raw')]),
      record(6, 4.0, changes=[('metrics', 'fid(ddof=1), kid')]),
    ]
  )
  selected = [row.step for table in tables(found, ['fid'], where=where) for row in table.rows]
  assert sorted(selected) == steps


@pytest.mark.parametrize(
  'where, message',
  [
    ('weights', '--where=weights: should be field=value, of the fields extractor.name, '),
    ('wieghts=raw', '--where=wieghts=raw: should be field=value, of the fields extractor.name, '),
    ('num_generated=3', '--where=num_generated=3: no such record; there are 2000'),
  ],
)
def test_conditions_that_say_nothing_are_refused(where, message):
  with pytest.raises(UsageError) as raised:
    tables(entries(a=[record(2, 5.0)]), ['fid'], where=[where])
  assert str(raised.value).startswith(message)


def test_the_optimism_of_picking_the_best_is_that_of_scores_that_are_equal_but_for_chance():
  random, checkpoints, seeds, deviation = np.random.RandomState(0), 8, 4, 0.3
  errors = []
  for _ in range(300):
    scores = 5 + deviation * random.standard_normal((checkpoints, seeds))
    found = entries(
      a=[record(step, x, seed=n) for step, row in enumerate(scores) for n, x in enumerate(row)]
    )
    (table,) = tables(found, ['fid'], best_of_run=True)
    (row,) = table.rows
    assert row.best_of == checkpoints
    errors.append((5 - row.cells['fid'].value, row.optimism))
  true, told = np.mean(errors, axis=0)
  assert told == pytest.approx(true, rel=0.1)


def test_optimism_is_told_only_where_the_spread_over_seeds_is_known():
  single = entries(a=[record(2, 5.0), record(4, 6.0)])
  (row,) = tables(single, ['fid'], best_of_run=True)[0].rows
  assert (row.best_of, row.optimism) == (2, None)
  found = single + entries(b=[record(2, 7.0), record(2, 9.0, seed=1)])
  a, b = tables(found, ['fid'], best_of_run=True)[0].rows
  assert a.optimism == pytest.approx(2**0.5 * math.pi**-0.5) and b.optimism is None


def test_tables_say_the_same_in_four_forms():
  found = tables(entries(a=[record(2, 1 / 3)], b=[record(4, 2.0)]), ['fid'])
  text, markdown, commas, objects = (FORMS[form](found) for form in FORMS)
  assert text.splitlines()[0].split() == ['rank', 'run', 'step', 'fid[mine]', 'seeds']
  assert text.splitlines()[1].split() == ['1', 'a', '2', '0.333333', '1']
  assert text.splitlines()[2].split() == ['2', 'b', '4', '2', '1']
  assert set(markdown.splitlines()[1]) <= set('|:-') and markdown.count('\n') == 3
  assert markdown.splitlines()[2].split() == '| 1 | a | 2 | 0.333333 | 1 |'.split()
  lines = list(csv.DictReader(commas.splitlines()))
  assert float(lines[0]['fid[mine]']) == 1 / 3 and lines[1]['run'] == 'b'
  first, second = json.loads(objects)
  assert first['scores']['fid[mine]']['value'] == 1 / 3 and second['rank'] == 2


def test_two_definitions_in_four_forms():
  changes = [[('weights', name)] for name in ('average', 'raw')]
  found = tables(entries(a=[record(2, 5.0, changes=change) for change in changes]), ['fid'])
  text, markdown, commas, objects = (FORMS[form](found) for form in FORMS)
  assert [line for line in text.splitlines() if ':' in line] == ['weights: average', 'weights: raw']
  assert '**weights: raw**\n\n|' in markdown
  assert [line['weights'] for line in csv.DictReader(commas.splitlines())] == ['average', 'raw']
  assert json.loads(objects)[1]['definition'] == {'weights': 'raw'}


def test_no_such_score():
  with pytest.raises(UsageError, match='--metric=kid: in none of these records'):
    tables(entries(a=[record(2, 5.0)]), ['fid', 'kid'])
  with pytest.raises(UsageError, match='--metric=fid_floor: no score that ranks'):
    tables(entries(a=[record(2, 5.0)]), ['fid_floor'])
