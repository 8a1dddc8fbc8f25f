"""Runs of a sweep: names of their folders, their flags, and what is refused before they start."""

import re

import pytest

from tests.conftest import tiny_experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sweep import halving, plan
from tfgan_pipeline.sweep.grammar import values_by_setting


def runs_of(text, folder='/nowhere', **given):
  return plan.plan(given, values_by_setting(text), str(folder))


def names_of(text):
  return [run.name for run in runs_of(text)]


def test_names_are_short_and_say_what_a_run_is():
  text = 'generator_optimizer=adam(1e-4)|adam(2e-4, beta_1=0.5); seed=0..1'
  assert names_of(text) == [
    'adam_1e-4-seed0',
    'adam_1e-4-seed1',
    'adam_2e-4_beta_1=0.5-seed0',
    'adam_2e-4_beta_1=0.5-seed1',
  ]
  both = 'generator_optimizer=adam(1e-4); discriminator_optimizer=adam(2e-4); deterministic=true'
  (name,) = names_of(both)
  assert re.fullmatch(r'generator_optimizer_adam_1e-4-discriminator_optimiz-[0-9a-f]{8}', name)
  assert names_of("penalties=''|r1(10); ema_decay=0") == [
    'penalties-ema_decay0',
    'r1_10-ema_decay0',
  ]


def test_names_are_all_different_and_stay_when_a_sweep_grows():
  many = names_of("dataset=arrays('a b')|arrays('a_b'); seed=0..3")
  assert len(set(many)) == 8
  long = names_of('networks=dcgan(filters=32)|sngan; loss=wasserstein_hinge; batch_size=8..30')
  assert len(set(long)) == len(long) and max(map(len, long)) <= 60
  for names in (many, long):
    assert all(re.fullmatch(r'[\w.+=-]+', name) for name in names)
  assert set(names_of('loss=hinge|modified; seed=0'.replace('hinge', 'minimax'))) < set(
    names_of('loss=minimax|modified|least_squares; seed=0..2')
  )


def test_flags_of_a_run():
  (run,) = runs_of('max_kimg=3; deterministic=False', batch_size=8, max_steps=9, metrics='fid')
  given = {'batch_size': 8, 'max_steps': 9, 'metrics': 'fid', 'per_sample': True}
  assert run.words(given) == [
    '--batch_size=8',
    '--metrics=fid',
    '--per_sample=true',
    '--max_kimg=3',
    '--deterministic=False',
    f'--model_dir=/nowhere/{run.name}',
  ]
  assert run.experiment.max_kimg == 3 and not run.experiment.deterministic
  assert plan.in_steps(run).experiment.max_steps == 375


@pytest.mark.parametrize(
  'text, problem',
  [
    ('sed=1', 'sed is no setting; did you mean seed?'),
    ('metrics=fid|kid', 'metrics is of scores, not of trainings; give --metrics for all runs'),
    ('model_dir=/a', 'model_dir is what --sweep_dir is for'),
    ('seed=a', 'seed=a: --seed=a: should be int'),
    ('seed=0|1; ema_decay=0.9|2', 'seed=0, ema_decay=2: --ema_decay=2.0: should be less than 1'),
    ('loss=hnge; seed=3', 'loss=hnge, seed=3: --loss=hnge: unknown loss'),
    ('deterministic=maybe', '--deterministic=maybe: should be true or false'),
    ('seed=1|1', 'seed=1 is given twice; leave out one of both'),
    (
      'generator_optimizer=adam(1e-4)|adam(0.0001)',
      'adam(1e-4) is given twice, which is generator_optimizer=adam(0.0001); leave',
    ),
    ('max_kimg=3; max_steps=9', '--max_kimg=3.0: --max_steps=9 is given, too'),
    ('seed=0..999; batch_size=1..99', '99,000 combinations; 10,000 are the most'),
  ],
)
def test_what_is_refused(text, problem):
  with pytest.raises(UsageError) as caught:
    runs_of(text)
  assert str(caught.value).startswith('--sweep: ') and problem in str(caught.value)


def test_a_folder_of_another_run_is_refused(tmp_path):
  (tmp_path / 'seed1').mkdir()
  run = RunDirectory(str(tmp_path / 'seed1'))
  facts = {'dataset': {'fingerprint': '0'}}
  run.begin_session(tiny_experiment(run.path, seed=1), facts, {}, {}, run_id='a')
  with pytest.raises(UsageError, match=r'--sweep: seed=1: .*--batch_size=8 \(was 16\)'):
    tiny = dict(networks='dcgan(filters=4)', dataset='digits(size=16)', noise='normal(8)')
    runs_of('seed=0..1', tmp_path, batch_size=8, **tiny)


def test_rounds_of_halving():
  def rounds(text, factor, **given):
    return halving.rounds(runs_of(text, **{'max_steps': 2000, 'save_every': 100, **given}), factor)

  assert rounds('batch_size=1..4; seed=0..2', 2) == [500, 1000, 2000]
  assert rounds('batch_size=1..9', 3) == [300, 700, 2000]  # Whole checkpoints.
  assert rounds('batch_size=1..100', 2) == [100, 200, 300, 500, 1000, 2000]
  assert rounds('batch_size=1..2', 2, save_every=1000) == [1000, 2000]
  assert rounds('batch_size=1..2', 0) == [2000]
  with pytest.raises(UsageError, match='--halving=2: there is one setting'):
    rounds('seed=0..7', 2)
  with pytest.raises(UsageError, match='no checkpoint lies before the end at step 2,000'):
    rounds('batch_size=1..2', 2, save_every=2000)


def test_the_better_settings_survive_with_all_their_seeds():
  runs = runs_of('batch_size=1..5; seed=0..1')
  keys = list(dict.fromkeys(map(halving.key_of, runs)))
  means = dict(zip(keys, [5.0, 1.0, 4.0, 2.0]))  # The fifth has failed.
  for lower, expected in ((True, {1, 3, 2}), (False, {0, 2, 3})):
    kept = halving.survivors(runs, means, 2, lower_is_better=lower)
    assert [halving.key_of(run) for run in kept] == [
      key for key in keys for _ in range(2) if keys.index(key) in expected
    ]
  assert len(halving.survivors(runs, {keys[4]: 1.0}, 9, lower_is_better=True)) == 2
