"""--change: settings of an existing run that are meant to change from here on."""

import json
import shutil

import pytest
from tensorflow.python.summary.summary_iterator import summary_iterator

from tests.conftest import QUICK, files_under, run_binary
from tests.runs.going_on import assert_equal, record_of
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.estimator import GANEstimator

CHANGES = (
  '--batch_size=8',
  '--augment=flip',
  '--generator_optimizer=adam(1e-5, beta_1=0.9)',
  '--discriminator_optimizer=adam(1e-3, schedule=linear(steps=100))',
  '--penalties=r1(0.1)',
  '--loss=minimax',
)
NAMES = ','.join(flag[2:].partition('=')[0] for flag in CHANGES)


def test_a_change_is_recorded_and_resumes_to_the_last_bit(run, tmp_path, options):
  other = shutil.copytree(run, tmp_path / 'other')
  changed = (*CHANGES, f'--change={NAMES}', '--save_every=1')
  told = run_binary('train', f'--model_dir={run}', *changed, '--max_steps=7').stderr
  assert 'changed from step 4 on: --batch_size=8 (was 16)' in told
  # Elsewhere stopped in between, and continued by a plain restart and by the same command.
  run_binary('train', f'--model_dir={other}', *changed, '--max_steps=5')
  run_binary('train', f'--model_dir={other}', '--max_steps=6')
  run_binary('train', f'--model_dir={other}', *changed, '--max_steps=7')
  assert_equal(other, run, 7)
  sessions = record_of(other)['sessions']
  settings = sessions[1]['changed_settings']
  assert [session['first_step'] for session in sessions] == [0, 4, 5, 6]
  assert set(settings) == set(NAMES.split(','))
  assert settings['batch_size'] == [16, 8] and settings['penalties'][0] == ''
  assert not any('changed_settings' in session for session in (sessions[0], *sessions[2:]))
  lines = (run / 'train/train.jsonl').read_text().splitlines()
  rates = [json.loads(line).get('learning_rate/generator') for line in lines]
  assert pytest.approx(1e-5) == rates[-1] and pytest.approx(2e-4) == rates[1]
  texts = [
    value.tensor.string_val[0].decode()
    for path in (run / 'train').glob('events*')
    for event in summary_iterator(str(path))
    for value in event.summary.value
    if value.tag.startswith('changes')
  ]
  assert len(texts) == 1 and '| batch_size | `16` | `8` |' in texts[0]
  estimator = GANEstimator.of_run(str(run))
  before, after = (estimator.evaluate(step=step, options=options) for step in (4, 5))
  assert 'changes' not in before and before['score_ids'] == after['score_ids']
  assert after['changes'] == [{'first_step': 4, **settings}]


def test_the_rate_is_the_new_one_after_a_kill_before_the_first_save(run, tmp_path):
  other = shutil.copytree(run, tmp_path / 'other')
  flags = ('--generator_optimizer=adam(1e-5)', '--change=generator_optimizer')
  for path in (run, other):
    run_binary('train', f'--model_dir={path}', *flags, '--max_steps=6')
  for path in (other / 'checkpoints').glob('ckpt-000006*'):
    path.unlink()
  run_binary('train', f'--model_dir={other}')
  assert_equal(other, run, 6)


@pytest.mark.parametrize(
  'arguments, message',
  [
    (['--batch_size=8'], '--batch_size=8 (was 16); --change=batch_size goes on with the new'),
    (['--batch_size=8', '--change=augment'], '; --change=augment,batch_size goes on'),
    (['--change=init_from'], '--change=init_from: init_from cannot change in a run'),
    (['--noise=normal(9)'], '; noise cannot change in a run; start a new run'),
    (['--noise=normal(9)', '--change=noise'], '--change=noise: noise cannot change in a run'),
    (['--networks=mlp', '--change=networks'], '--change=networks: networks cannot change'),
    (
      ['--change=batchsize'],
      '--change=batchsize: batchsize is no setting; what can change',
    ),
    (
      ['--generator_optimizer=sgd', '--change=generator_optimizer', '--max_steps=9'],
      '--change=generator_optimizer: needs other variables than the run has (generator_optimizer',
    ),
    (['--penalties=lecam(1)', '--change=penalties', '--max_steps=9'], 'needs other variables'),
    (['--ema_decay=0', '--change=ema_decay', '--max_steps=9'], 'needs other variables'),
    (
      ['--batch_size=8', '--change=batch_size'],
      'is at its last step, 4; give --max_steps above 4, too',
    ),
  ],
)
def test_what_cannot_change_is_refused(run, arguments, message):
  before = files_under(run)
  process = run_binary('train', f'--model_dir={run}', *arguments, code=2)
  assert message in process.stderr.splitlines()[-1]
  after = files_under(run)
  before.pop('train/lock'), after.pop('train/lock')
  assert after == before


def test_in_python(run):
  with pytest.raises(UsageError, match='--change=batch_size'):
    GANEstimator.of_run(str(run), batch_size=8)
  changed = GANEstimator.of_run(str(run), batch_size=8, max_steps=5, change='batch_size')
  assert changed.train() == 5 and GANEstimator.of_run(str(run)).experiment.batch_size == 8
  run_binary('train', *QUICK, f'--model_dir={run}', '--batch_size=8', '--max_steps=6')
