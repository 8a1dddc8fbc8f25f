"""Notices of a watcher: that it waits, that a trainer has died, that all is scored."""

import json
import os
import shutil
import signal

from tests.conftest import QUICK, run_binary, start_binary
from tfgan_pipeline.runs.training_lock import TrainingLock, trainer_that_left

SMALL = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')


def lines_until(process, text: str) -> list[str]:
  """Reads stderr up to the line that holds `text`."""
  lines = []
  for line in process.stderr:
    lines.append(line)
    if text in line:
      return lines
  raise AssertionError(lines)


def test_all_scored_names_the_best(tiny_run, tmp_path, cache_dir):
  run = shutil.copytree(tiny_run, tmp_path / 'run')
  flags = (f'--model_dir={run}', f'--cache_dir={cache_dir}', *SMALL, '--watch')
  process = start_binary('evaluate', *flags)
  stdout, stderr = process.communicate(timeout=300)
  scores = {}
  for line in stdout.splitlines():
    record = json.loads(line)
    scores[record['step']] = record['scores']['fid[random_projection]']
  best = min(scores, key=scores.get)
  assert f'{run}: all 3 checkpoints are scored; the best is step {best} with fid[' in stderr
  assert stderr.count('are scored') == 1 and 'its trainer' not in stderr


def test_a_trainer_that_died_is_named_with_its_last_step(tmp_path, cache_dir):
  """Kills a trainer while it is watched, and starts it again."""
  long = (*QUICK, '--networks=mlp(units=4)', '--max_steps=1000000', '--save_every=1000000')
  train = (*long, '--log_every=1000', '--sample_every=1000000', f'--model_dir={tmp_path}/run')
  trainer = start_binary('train', *train)
  lines_until(trainer, 'step 1000/')
  flags = (f'--model_dir={tmp_path}/run', f'--cache_dir={cache_dir}', *SMALL, '--watch')
  watcher = start_binary('evaluate', *flags)
  told = lines_until(watcher, 'waiting for the next')
  assert f'{tmp_path}/run: scored up to step 0 of 1000000; waiting for the next' in told[-1]
  trainer.kill()
  trainer.communicate()
  told = lines_until(watcher, 'its trainer has ended')
  assert f'at step 0 of 1000000 (process {trainer.pid} on {os.uname().nodename}, ' in told[-1]
  assert f'tfgan-train --model_dir={tmp_path}/run continues it' in told[-1]
  watcher.send_signal(signal.SIGTERM)
  _, stderr = watcher.communicate(timeout=60)
  assert watcher.returncode == 75 and stderr.count('its trainer has ended') == 1


def test_what_a_watcher_waits_for_is_told(tmp_path):
  (tmp_path / 'runs').mkdir()
  flags = (f'--model_dir={tmp_path}/rusn/*', '--watch', '--timeout_minutes=0.001')
  told = run_binary('evaluate', *flags, code=2).stderr
  assert f'waiting for a run in {tmp_path}/rusn/*: no experiment.json is there yet; did you' in told
  assert f'did you mean {tmp_path}/runs?' in told


def test_who_holds_the_lock(tmp_path):
  assert trainer_that_left(str(tmp_path)) == ''  # Nobody ever trained.
  with TrainingLock(str(tmp_path)):
    assert trainer_that_left(str(tmp_path)) == ''
  assert trainer_that_left(str(tmp_path)).startswith(f'process {os.getpid()} on ')
  with TrainingLock(str(tmp_path)):  # Looking leaves no lock behind.
    pass
  assert trainer_that_left('gs://bucket/run/train') == ''
