"""A run is its directory: continued by its name, beyond its end, and with settings given anew."""

import shutil
import subprocess

from tests.conftest import QUICK, run_binary, tiny_experiment
from tests.runs.going_on import assert_equal, record_of
from tfgan_pipeline.estimator import GANEstimator


def test_model_dir_alone_continues_a_run_to_the_last_bit(run, tmp_path):
  other = shutil.copytree(run, tmp_path / 'other')
  run_binary('train', f'--model_dir={run}', '--max_steps=6')
  run_binary('train', *QUICK, f'--model_dir={other}', '--max_steps=6')
  assert_equal(run, other, 6)
  record = record_of(run)
  assert record['experiment'] == {**record_of(other)['experiment'], 'model_dir': str(run)}
  assert [session['first_step'] for session in record['sessions']] == [0, 4]
  assert 'already at step 6' in run_binary('train', f'--model_dir={run}').stderr  # Of the run, too.


def test_settings_that_are_given_and_differ_are_refused(run):
  lines = run_binary('train', f'--model_dir={run}', '--batch_size=8', code=2).stderr.splitlines()
  assert len(lines) == 1 and ': --batch_size=8 (was 16)' in lines[0]
  run_binary('train', f'--model_dir={run}', '--batch_size=16', '--noise=normal(8)')


def test_training_beyond_the_recorded_end_is_recorded(run):
  estimator = GANEstimator.of_run(str(run))
  assert estimator.train(max_steps=5) == 5
  assert record_of(run)['experiment']['max_steps'] == 5
  assert [session['first_step'] for session in record_of(run)['sessions']] == [0, 4]
  assert (run / 'TRAIN_DONE').read_text() == '5\n'
  assert estimator.train(max_steps=7) == 7 and GANEstimator.of_run(str(run)).train() == 7
  assert [session['first_step'] for session in record_of(run)['sessions']] == [0, 4, 5]


def test_a_run_that_is_not_there_starts_with_the_defaults(tmp_path):
  flags = (*QUICK, f'--model_dir={tmp_path}/new', '--max_steps=1')
  run_binary('train', *flags)
  assert record_of(tmp_path / 'new')['experiment']['loss'] == tiny_experiment(tmp_path).loss


def test_a_run_that_may_not_be_written_says_how_to_go_on(run):
  """A copy that `cp -r` makes of a read-only folder is read-only, too."""
  subprocess.run(['chmod', '-R', 'a-w', str(run)], check=True)
  go_on = ('train', f'--model_dir={run}', '--max_steps=5')
  (line,) = run_binary(*go_on, code=2, is_root=False).stderr.splitlines()
  assert line == (
    f'--model_dir={run}: {run}/train may not be written; chmod -R u+w {run} if it is yours, or '
    f'continue a copy: cp -r {run} COPY'
  )
  new = f'--model_dir={run}/new'
  (line,) = run_binary('train', *QUICK, new, code=2, is_root=False).stderr.splitlines()
  assert line == f'{new}: {run}/new/train may not be written; name another folder'
  subprocess.run(['chmod', '-R', 'u+w', str(run)], check=True)  # As the message says.
  run_binary(*go_on, is_root=False)
