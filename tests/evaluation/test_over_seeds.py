"""Means over training seeds: `tfgan-compare --over_seeds` of runs that differ in the seed alone."""

from __future__ import annotations

import csv
import json

import numpy as np
import pytest

from tests.conftest import run_binary, tiny_experiment
from tests.evaluation.records import record
from tfgan_pipeline.config.source_code import Source
from tfgan_pipeline.runs.directory import RunDirectory

STUDENT_OF_3 = 4.302652729911275  # The 0.975 quantile for two degrees of freedom.


@pytest.fixture
def make_run(tmp_path):
  """Returns a function that makes a run with score records, from FID by step, and its path."""

  def make(name, seed, scores, *, data='00', code=(), run_id='', session=(), **values):
    path = tmp_path / name
    (folder := path / 'eval' / 'mine').mkdir(parents=True)
    run = RunDirectory(str(path))
    run_id = run_id or f'id of {name}'
    run.begin_session(
      tiny_experiment(path, seed=seed, **values),
      {'dataset': {'fingerprint': data}},
      {'first_step': 0, **dict(session)},
      {component: Source('', '', hash) for component, hash in code},
      run_id=run_id,
    )
    about = {'run': str(path), 'run_id': run_id}
    records = [score if isinstance(score, dict) else record(step, score) for step, score in scores]
    (folder / 'scores.jsonl').write_text(
      ''.join(json.dumps({**one, **about}) + '\n' for one in records)
    )
    return str(path)

  return make


def compare(*arguments, code=0):
  return run_binary('compare', *arguments, '--over_seeds', code=code)


def rows_of(*arguments) -> list[dict]:
  return json.loads(compare(*arguments, '--format=json').stdout)


def test_runs_that_differ_in_the_seed_alone_are_one_row(make_run):
  values = [3.0, 4.0, 8.0]
  runs = [
    # Places and the cadence of saving are no settings.
    make_run(f's{seed}', seed, [(2, fid), (4, fid - 1)], save_every=1 + seed, max_steps=4 + seed)
    for seed, fid in enumerate(values)
  ]
  later, earlier = rows_of(*runs)
  half = STUDENT_OF_3 * np.std(values, ddof=1) / np.sqrt(3)
  cell = earlier['scores']['fid[mine]']
  assert (earlier['step'], cell['value'], cell['seeds']) == (2, 5.0, 3)
  assert (cell['low'], cell['high']) == pytest.approx((5 - half, 5 + half))
  assert (later['step'], later['scores']['fid[mine]']['value'], later['rank']) == (4, 4.0, 1)
  assert earlier['steps'] == dict.fromkeys(runs, 2)
  assert earlier['run'] == runs[0][:-1] + '*' and earlier['settings'] == {}


def test_rows_are_named_by_what_tells_their_settings_apart(make_run):
  runs = [
    make_run('a0', 0, [(2, 3.0)], loss='wasserstein_hinge', networks='dcgan(filters=8)'),
    make_run('a1', 1, [(2, 5.0)], loss='wasserstein_hinge', networks='dcgan(filters=8)'),
    make_run('b0', 0, [(2, 2.0)], loss='least_squares', networks='dcgan(filters=8)'),
    make_run('c0', 7, [(2, 9.0)], loss='wasserstein_hinge', networks='dcgan(filters=8)', data='11'),
  ]
  first, second, third = rows_of(*runs)
  labels = [
    {'loss': 'least_squares', 'data': '00'},
    *({'loss': 'wasserstein_hinge', 'data': x} for x in ('00', '11')),
  ]
  assert [row['settings'] for row in (first, second, third)] == labels
  assert first['run'] == 'loss: least_squares, data: 00'
  single, several = (row['scores']['fid[mine]'] for row in (first, second))
  assert (single['seeds'], single['low'], single['high']) == (1, None, None)
  assert (several['seeds'], several['value']) == (2, 4.0)


@pytest.mark.parametrize(
  'values, label',
  [
    ({'networks': 'dcgan(filters=8, kernel=5)'}, {'networks': 'dcgan(filters=8, kernel=5)'}),
    ({'batch_size': 8}, {'batch_size': 8}),
    # The data differ with the data set, which says more than their fingerprint.
    ({'dataset': 'digits(size=24)', 'data': '11'}, {'dataset': 'digits(size=24)'}),
    ({'code': [('loss mine', 'aa')]}, {'code.loss mine': 'aa'}),
    ({'data': '11'}, {'data': '11'}),
    ({'session': {'init_from': {'run_id': 'aa', 'step': 4}}}, {'init_from': 'aa:4'}),
    (
      {'session': {'changed_settings': {'batch_size': [8, 16]}}},
      {'change': '[{"batch_size": [8, 16], "first_step": 0}]'},
    ),
  ],
)
def test_whatever_else_differs_is_another_setting(make_run, values, label):
  runs = [make_run('a', 0, [(2, 1.0)], **values), make_run('b', 1, [(2, 2.0)])]
  first, second = rows_of(*runs)
  assert first['settings'] == label and set(second['settings']) == set(label)


def test_the_best_step_of_each_run_and_then_the_mean(make_run):
  runs = [
    make_run('s0', 0, [(2, 5.0), (4, 3.0)]),
    make_run('s1', 1, [(2, 1.0), (4, 9.0), (6, 8.0)]),
    make_run('t0', 0, [(2, 4.0)], batch_size=8),
    make_run('t1', 1, [(2, 4.5)], batch_size=8),
  ]
  best, other = rows_of(*runs, '--best_of_run')
  assert best['scores']['fid[mine]']['value'] == 2.0 and best['step'] is None
  assert best['steps'] == {runs[0]: 4, runs[1]: 2} and best['best_of'] == 3
  assert (other['step'], other['best_of'], other['optimism']) == (2, 1, None)
  by_step = rows_of(*runs, '--sort=step')
  # With one seed at step 6 a row has the mean of one run.
  assert [(row['step'], row['scores']['fid[mine]']['seeds']) for row in by_step] == [
    (2, 2), (4, 2), (6, 1), (2, 2)
  ]  # fmt: skip


def test_the_spread_over_sample_sets_is_no_spread_over_trainings(make_run):
  """Each run counts by its mean over sample sets, and its best flatters by its own optimism."""
  sampled = [(step, record(step, step + k, seed=k)) for step in (2, 4) for k in (0, 1)]
  runs = [make_run('s0', 0, sampled), make_run('s1', 1, [(2, 4.5)])]
  both, alone = rows_of(*runs)
  cell = both['scores']['fid[mine]']
  half = 12.7062047362 * np.std([2.5, 4.5], ddof=1) / np.sqrt(2)
  assert (cell['value'], cell['seeds']) == (3.5, 2)
  assert (cell['low'], cell['high']) == pytest.approx((3.5 - half, 3.5 + half))
  assert alone['scores']['fid[mine]']['seeds'] == 1 and alone['scores']['fid[mine]']['low'] is None
  pattern = f'{runs[0][:-1]}?'
  assert run_binary('compare', pattern).stdout == run_binary('compare', *sorted(runs)).stdout
  (picked,) = json.loads(run_binary('compare', runs[0], '--best_of_run', '--format=json').stdout)
  (best,) = rows_of(*runs, '--best_of_run')
  assert best['optimism'] == pytest.approx(picked['optimism'] / 2)


def test_four_forms(make_run):
  runs = [
    make_run('a0', 0, [(2, 3.0)], loss='wasserstein_hinge'),
    make_run('a1', 1, [(2, 5.0)], loss='wasserstein_hinge'),
    make_run('b0', 0, [(2, 9.0)], loss='least_squares'),
  ]
  text = compare(*runs).stdout.splitlines()
  titles = ['rank', 'run', 'step', 'fid[mine]', 'low', 'high', 'seeds']
  assert text[0].split() == titles and 'loss: wasserstein_hinge' in text[1]
  markdown = compare(*runs, '--format=markdown').stdout.splitlines()
  assert [cell.strip() for cell in markdown[0].strip('|').split('|')] == titles
  lines = list(csv.DictReader(compare(*runs, '--format=csv').stdout.splitlines()))
  assert [line['loss'] for line in lines] == ['wasserstein_hinge', 'least_squares']
  assert [line['seeds'] for line in lines] == ['2', '1'] and lines[1]['low'] == ''


def test_a_run_that_is_there_twice_counts_once(make_run):
  runs = [make_run('a', 0, [(2, 3.0)]), make_run('b', 0, [(2, 5.0)]), make_run('c', 1, [(2, 5.0)])]
  process = compare(*runs, '--format=json')
  (row,) = json.loads(process.stdout)
  assert row['scores']['fid[mine]']['value'] == 4.0 and list(row['steps']) == [runs[0], runs[2]]
  assert f'{runs[1]} has the settings and the seed of {runs[0]}; counts once' in process.stderr


def test_records_of_no_run_are_left_out_or_refused_in_a_line(make_run, tmp_path):
  run = make_run('a', 0, [(2, 3.0)])
  file, other = tmp_path / 'record.json', tmp_path / 'of_another.json'
  file.write_text(json.dumps({**record(2, 5.0), 'generated_dir': '/fakes'}))
  # Of a run that was there before.
  other.write_text(json.dumps({**record(2, 5.0), 'run': run, 'run_id': 'former'}))
  process = compare(run, f'{file}', '--format=json')
  (row,) = json.loads(process.stdout)
  assert row['run'] == run
  assert process.stderr.count('/fakes: no experiment.json of this run there') == 1
  for path in (file, other):
    refused = compare(f'{path}', code=2)
    assert refused.stdout == '' and len(refused.stderr.splitlines()) == 1
    assert '--over_seeds: ' in refused.stderr and 'name model_dirs of runs' in refused.stderr


def test_scores_that_lie_elsewhere_are_of_their_run(make_run, tmp_path):
  """The records of --eval_dir say which run they are of."""
  runs = [make_run('a', 0, []), make_run('b', 1, [])]
  for name, run, fid in (('a', runs[0], 2.0), ('b', runs[1], 4.0)):
    folder = tmp_path / 'scores' / name / 'eval' / 'mine'
    folder.mkdir(parents=True)
    line = {**record(2, fid), 'run': run, 'run_id': f'id of {name}'}
    (folder / 'scores.jsonl').write_text(json.dumps(line))
  (row,) = rows_of(f'{tmp_path}/scores')
  assert row['scores']['fid[mine]']['value'] == 3.0
