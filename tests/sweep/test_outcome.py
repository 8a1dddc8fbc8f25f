"""Outcome of a sweep, from records: who is done, means over seeds, the picture, the best run."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from tests.evaluation.records import record
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs import stop_request
from tfgan_pipeline.sweep import halving, outcome, plan
from tfgan_pipeline.sweep.grammar import values_by_setting


@pytest.fixture
def sweep(tmp_path):
  """Returns a function that makes the runs of a sweep with FIDs by name and step."""

  def make(text, scores, **given):
    given = {'max_steps': 4, **given}
    runs = plan.plan(given, values_by_setting(text), str(tmp_path))
    for run, values in zip(runs, scores):
      if not values:
        continue
      path = tmp_path / run.name
      (path / 'eval/mine').mkdir(parents=True)
      (path / 'train').mkdir()
      facts = {'dataset': {'fingerprint': '00'}}
      run.directory.begin_session(run.experiment, facts, {}, {}, run_id=f'id of {run.name}')
      about = {'run': str(path), 'run_id': f'id of {run.name}'}
      lines = [
        {**record(step, fid, scores=[('fid_floor[mine]', 1.5)]), **about}
        for step, fid in values.items()
      ]
      texts = [json.dumps(line) + '\n' for line in lines]
      (path / 'eval/mine/scores.jsonl').write_text(''.join(texts))
      saved = [json.dumps({'step': step, 'checksum': '0'}) + '\n' for step in values]
      (path / 'train/train.jsonl').write_text(''.join(saved))
    return runs

  return make


TEXT = 'batch_size=8|16; seed=0..1'


def test_means_over_seeds_and_the_best_run(sweep):
  runs = sweep(TEXT, [{2: 9.0, 4: 3.0}, {2: 5.0, 4: 7.0}, {2: 8.0, 4: 2.0}, {2: 9.0, 4: 9.0}])
  found = outcome.outcome_of(runs, 'fid')
  (table,) = found.tables
  assert [(dict(row.settings), row.cells['fid'].value) for row in table.rows] == [
    ({'batch_size': 8}, 4.0),  # Each run by its best checkpoint.
    ({'batch_size': 16}, 5.5),
  ]
  assert table.rows[0].cells['fid'].seeds == 2 and table.rows[0].cells['fid'].low < 4.0
  assert found.best_run.name == 'batch_size16-seed0' and found.best.step == 4


def test_a_setting_that_defines_no_run_tells_runs_apart(sweep):
  runs = sweep('max_steps=2|4', [{2: 9.0}, {4: 3.0}], max_steps=2000)
  assert [row.settings for row in outcome.outcome_of(runs, 'fid').tables[0].rows] == [
    {'max_steps': 4},
    {'max_steps': 2},
  ]


def test_the_picture_is_svg_with_each_setting(sweep):
  runs = sweep(TEXT, [{2: 9.0, 4: 3.0}, {2: 5.0, 4: 7.0}, {2: 8.0, 4: 2.0}])
  text = outcome.outcome_of(runs, 'fid').picture
  root = ElementTree.fromstring(text)
  assert root.tag == '{http://www.w3.org/2000/svg}svg'
  for words in ('batch_size=8', 'batch_size=16', 'fid[mine]', 'floor 1.5', 'Lower is better.'):
    assert f'>{words}' in text, words
  assert 'Means over seeds; bars are 95 %' in text.replace('\n', ' ')
  assert 'from 7 at step 2 to 5 at step 4' in root.attrib['aria-label']


def test_only_the_best_settings_are_drawn(sweep):
  runs = sweep('batch_size=1..14', [{4: float(fid)} for fid in range(1, 15)])
  text = outcome.outcome_of(runs, 'fid').picture
  assert '>batch_size=12<' in text and '>batch_size=13<' not in text
  assert 'The best 12 of 14 settings.' in text


def test_who_is_done(sweep):
  runs = sweep(TEXT, [{2: 9.0, 4: 3.0}, {2: 5.0}, {2: 5.0}, {}])
  assert [outcome.is_done(run, 4, 'fid') for run in runs] == [True, False, False, False]
  assert [outcome.is_done(run, 2, 'fid') for run in runs] == [True, True, True, False]
  assert not outcome.is_done(runs[0], 4, 'kid')
  stop_request.request_stop(runs[2].directory, 'fid has not improved')
  assert outcome.is_done(runs[2], 4, 'fid') and not outcome.is_done(runs[2], 5, 'fid')


def test_settings_are_held_against_each_other_at_a_step(sweep):
  runs = sweep(TEXT, [{2: 9.0, 4: 3.0}, {2: 5.0}, {1: 5.0}, {}])
  means = outcome.means_at(runs, 2, 'fid')
  assert means == {halving.key_of(runs[0]): 7.0, halving.key_of(runs[2]): 5.0}
  assert outcome.means_at(runs, 0, 'fid') == {} and outcome.outcome_of(runs[3:], 'fid') is None


@pytest.mark.parametrize('score', ['', 'fd', 'kid_std'])
def test_a_score_that_does_not_rank(score):
  with pytest.raises(UsageError):
    outcome.check_score(score)
