"""--step=best: the best checkpoint by the scores in the run, wherever a step may be given."""

import json
import shutil

import pytest

from tests.conftest import run_binary
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator
from tfgan_pipeline.runs.best_step import step_of
from tfgan_pipeline.runs.directory import RunDirectory

FID = 'fid[random_projection]'


def add_scores(run, name, scores, **definition):
  """Writes a record for each step in `scores`, which maps steps to scores by name."""
  run_id = json.loads((run / 'experiment.json').read_text())['run_id']
  folder = run / 'eval' / name
  folder.mkdir(parents=True, exist_ok=True)
  with (folder / 'scores.jsonl').open('a') as file:
    for step, values in scores.items():
      record = {
        'step': step,
        'scores': values,
        'score_ids': {score: f'{score}{definition}' for score in values},
        'run_id': run_id,
        'definition': {'sample_seed': 0, **definition},
        'definition_id': str(definition),
      }
      file.write(json.dumps(record) + '\n')


@pytest.fixture
def run(quick_run, tmp_path):
  """A run whose step 2 has the best FID, and whose step 4 has the best KID."""
  run = shutil.copytree(quick_run, tmp_path / 'run')
  scores = {0: (90.0, 0.9), 2: (10.0, 0.5), 4: (20.0, 0.1), 6: (1.0, 0.01)}  # 6 is gone.
  add_scores(run, 'a', {step: {FID: fid, 'kid[x]': kid} for step, (fid, kid) in scores.items()})
  return run


def test_every_binary_takes_the_best(run, tmp_path, cache_dir):
  sampled = run_binary('sample', f'--model_dir={run}', f'--output={tmp_path}/a.png', '--step=best')
  assert json.loads(sampled.stdout)['runs'][0]['step'] == 2
  assert f'--step=best: step 2, {FID} 10, best of 3 scored checkpoints in eval/a' in sampled.stderr
  flags = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')
  flags = (f'--model_dir={run}', f'--cache_dir={cache_dir}', *flags)
  assert json.loads(run_binary('evaluate', *flags, '--step=best:kid').stdout)['step'] == 4
  exported = run_binary('export', f'--model_dir={run}', f'--output={tmp_path}/b')
  assert f'step 4, the newest, is 20; --step=best is step 2, {FID} 10' in exported.stderr
  run_binary('export', f'--model_dir={run}', f'--output={tmp_path}/b', '--step=best')


def test_scores_in_eval_dir_count_where_they_are_asked_for(tiny_run, tmp_path, cache_dir):
  flags = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')
  common = (f'--model_dir={tiny_run}', f'--cache_dir={cache_dir}', *flags)
  elsewhere = f'--eval_dir={tmp_path}/scores'
  found = run_binary('evaluate', *common, elsewhere, '--watch').stdout.splitlines()
  scores = {record['step']: record['scores'][FID] for record in map(json.loads, found)}
  best = min(scores, key=scores.get)
  estimator = GANEstimator.of_run(str(tiny_run))
  place = f'{tmp_path}/scores'
  assert estimator.best_step(eval_dir=place) == best and len(estimator.records(place)) == 3
  again = run_binary('evaluate', *common, elsewhere, '--step=best')
  assert json.loads(again.stdout)['step'] == best
  sample = (f'--model_dir={tiny_run}', f'--output={tmp_path}/a.png')
  told = run_binary('sample', *sample, f'--step=best:fid@{place}')
  assert json.loads(told.stdout)['runs'][0]['step'] == best
  told = run_binary('sample', *sample, '--step=best', code=2).stderr
  assert '--step=best:fid@FOLDER reads those of --eval_dir' in told


def test_python_takes_the_best(run):
  estimator = GANEstimator.of_run(str(run))
  assert estimator.best_step() == 2 and estimator.best_step(metric='kid') == 4
  assert [record['step'] for record in estimator.records()] == [0, 2, 4, 6]
  best = estimator.predict(4, step='best')
  assert (best == estimator.predict(4, step=2)).all()
  assert (best != estimator.predict(4, step='newest')).any()


def test_the_definition_by_which_most_were_scored_decides(run, caplog):
  add_scores(run, 'b', {0: {FID: 1.0}, 2: {FID: 5.0}}, weights='raw')
  estimator = GANEstimator.of_run(str(run))
  with caplog.at_level('INFO', 'tfgan_pipeline'):
    assert estimator.best_step() == 2
    estimator.predict(1, step='best')
  assert 'in eval/a, the definition of most scores among 2 definitions' in caplog.text
  add_scores(run, 'b', {4: {FID: 6.0}}, weights='raw')
  add_scores(run, 'b', {2: {FID: -9.0}}, weights='raw')  # Another seed: -2 on average.
  add_scores(run, 'b', {4: {FID: float('nan')}}, weights='raw')
  assert estimator.best_step() == 2


@pytest.mark.parametrize(
  'step, message',
  [
    ('fast', '--step=fast: should be a step such as 500, newest, best, or best:kid'),
    ('best:', '--step=best:: should be a step such as'),
    ('-1', '--step=-1: should be a step'),
    ('best:kid_std', '--step=best:kid_std: kid_std: no score that ranks; there are'),
    ('best:mind', ' has a score mind; tfgan-evaluate --model_dir='),
    ('9', '--step=9: no such checkpoint; there are 0, 2, 4'),
  ],
)
def test_wrong_choices_are_refused(run, tmp_path, step, message):
  flags = (f'--model_dir={run}', f'--output={tmp_path}/a.png', f'--step={step}')
  lines = run_binary('sample', *flags, code=2).stderr.splitlines()
  assert message in lines[-1] and not (tmp_path / 'a.png').exists()


def test_without_scores_the_line_says_who_makes_them(quick_run, tmp_path):
  run = shutil.copytree(quick_run, tmp_path / 'run')
  shutil.rmtree(run / 'eval', ignore_errors=True)
  estimator = GANEstimator.of_run(str(run))
  assert estimator.records() == []
  with pytest.raises(UsageError, match='has a score; tfgan-evaluate --model_dir=.* --watch scores'):
    estimator.predict(1, step='best')


def test_each_task_has_its_own_best(run):
  shutil.rmtree(run / 'eval')
  for task, scores in (('a_to_b', {0: 1.0, 2: 5.0, 4: 6.0}), ('b_to_a', {2: 5.0, 4: 0.5})):
    add_scores(run, task, {step: {FID: fid} for step, fid in scores.items()}, task={'name': task})
  directory = RunDirectory(str(run))
  assert step_of(directory, 'best', task='a_to_b') == 0
  assert step_of(directory, 'best', task='b_to_a') == 4
  estimator = GANEstimator.of_run(str(run))
  assert estimator.best_step(task='b_to_a') == 4 and estimator.best_step() == 0
