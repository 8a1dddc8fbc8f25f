"""Scores of runs that may not be written, in a folder elsewhere."""

from __future__ import annotations

import json
import shutil

from tests.conftest import files_under, run_binary

SMALL = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')


def test_a_run_that_may_not_be_written_is_scored_elsewhere(tiny_run, tmp_path, cache_dir):
  """Scores two runs of one name with both kinds of weights; a record that a run has counts."""
  runs = [shutil.copytree(tiny_run, tmp_path / name / 'run') for name in 'ab']
  (runs[1] / 'experiment.json').write_text(
    json.dumps({**json.loads((runs[1] / 'experiment.json').read_text()), 'run_id': 'b' * 16})
  )
  for path in (runs[1] / 'checkpoints').glob('ckpt-*.json'):
    path.unlink()  # They say whose checkpoint it is.
  flags = (*SMALL, f'--cache_dir={cache_dir}')
  own = run_binary('evaluate', f'--model_dir={runs[0]}', *flags).stdout
  before = [files_under(run) for run in runs]
  elsewhere = (f'--model_dir={tmp_path}/*/run', f'--eval_dir={tmp_path}/scores', '--also=raw')
  lines = run_binary('evaluate', *elsewhere, *flags).stdout.splitlines(keepends=True)
  assert len(lines) == 4 and lines[0] == own
  assert [files_under(run) for run in runs] == before
  again = run_binary('evaluate', *elsewhere, *flags)
  assert again.stdout == ''.join(lines) and again.stderr.count('has these scores already') == 4
  folders = sorted(path.name for path in (tmp_path / 'scores').iterdir())
  assert len(folders) == 2 and 'run-bbbbbbbb' in folders
  table = run_binary('compare', f'{tmp_path}/scores', '--where=weights=raw', '--format=json')
  assert sorted(row['run'] for row in json.loads(table.stdout)) == sorted(map(str, runs))


def test_what_cannot_be_written_is_refused_before_the_expensive_part(tiny_run, tmp_path):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  (run / 'eval').write_text('')  # Even for root, who may write anything, no folder can be made.
  flags = (f'--model_dir={run}', f'--cache_dir={tmp_path}/cache')  # Would train a classifier.
  for more, message in (
    ((), f'--model_dir={run}: {run}/eval is no folder; --eval_dir=FOLDER keeps scores elsewhere'),
    ((f'--eval_dir={run}/eval',), f'--eval_dir={run}/eval: {run}/eval is no folder; name another'),
  ):
    process = run_binary('evaluate', *flags, *more, code=2)
    assert message in process.stderr.splitlines()[-1]
    assert 'training the classifier' not in process.stderr
  assert not (tmp_path / 'cache').exists()


def test_permissions_are_asked_for(tiny_run, tmp_path):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  run.chmod(0o555)
  process = run_binary('evaluate', f'--model_dir={run}', *SMALL, code=2, is_root=False)
  assert f'{run} may not be written; --eval_dir=FOLDER' in process.stderr.splitlines()[-1]
