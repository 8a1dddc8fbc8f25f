"""tfgan-sweep: refusals before anything starts, runs that fail, sweeps that go on."""

import json
import os
import signal
import time

import pytest

from tests.conftest import QUICK, run_binary, start_binary
from tfgan_pipeline.runs.training_lock import TrainingLock

SCORING = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')


def sweep(folder, text, *arguments, code=0):
  words = (f'--sweep_dir={folder}', f'--sweep={text}', *QUICK, *SCORING, *arguments)
  return run_binary('sweep', *words, code=code)


@pytest.mark.parametrize(
  'text, arguments, message',
  [
    ('', [], '--sweep: say what varies'),
    ('sed=1', [], '--sweep: sed is no setting; did you mean seed?'),
    ('loss=hnge; seed=3', [], '--sweep: loss=hnge, seed=3: --loss=hnge: unknown loss'),
    ('seed=1|1', [], '--sweep: seed=1 is given twice'),
    ('seed=0..1', ['--seed=3'], '--seed: --sweep has it, too'),
    ('seed=0..1', ['--model_dir=x'], '--model_dir: --sweep_dir is the folder'),
    ('seed=0..1', ['--best_by='], '--best_by: name the score'),
    ('seed=0..1', ['--best_by=fd'], 'fd: no score that ranks'),
    ('seed=0..1', ['--halving=1'], '--halving=1: should be 2 at least'),
    ('seed=0..1', ['--halving=2'], '--halving=2: there is one setting'),
    ('seed=0..1', ['--commands=-', '--jobs=2'], '--jobs: not with --commands or --slurm'),
    ('seed=0..1', ['--gpus=0', '--jobs=2'], '--jobs=2: there are 1 in --gpus'),
    ('seed=0..1', ['--stop_when=now'], '--stop_when=now: should be as in'),
    ('seed=0..1', ['--sweep_dir='], '--sweep_dir: say where'),
    ('seed=0..1', ['--sweep_dir=gs://bucket/a'], '--sweep_dir=gs://bucket/a: should be on a disk'),
    # What only networks and data tell, of one run of several.
    ('loss=modified|minimax; model=gan|vae', [], '--sweep: loss=minimax, model=vae: --loss='),
  ],
)
def test_refused_before_anything_starts(tmp_path, text, arguments, message):
  done = sweep(tmp_path / 'all', text, *arguments, code=2)
  (line,) = done.stderr.splitlines()
  assert message in line and not (tmp_path / 'all').exists()


def test_a_run_is_no_folder_for_runs(tiny_run):
  line = sweep(tiny_run, 'seed=0..1', code=2).stderr
  assert f'--sweep_dir={tiny_run}: is a run' in line


def test_commands_and_an_array(tmp_path):
  text = 'generator_optimizer=adam(1e-4)|adam(2e-4); seed=0..1'
  lines = sweep(tmp_path / 'all', text, '--commands=-').stdout.splitlines()
  assert len(lines) == 4 and all(line.startswith('tfgan-train --evaluate --') for line in lines)
  assert lines[3].endswith(
    f"--generator_optimizer='adam(2e-4)' --seed=1 --model_dir={tmp_path}/all/adam_2e-4-seed1"
  )
  files = (f'--commands={tmp_path}/list', f'--slurm={tmp_path}/array')
  sweep(tmp_path / 'all', text, *files)
  assert (tmp_path / 'list').read_text().splitlines() == lines
  assert '#SBATCH --array=0-3\n' in (tmp_path / 'array').read_text()


def test_one_fails_the_others_go_on_and_so_does_the_sweep(tmp_path):
  """Trains two runs, of which one cannot start at first."""
  folder = tmp_path / 'all'
  with TrainingLock(str(folder / 'seed1/train')):
    done = sweep(folder, 'seed=0..1', '--jobs=2', code=1)
  assert '2 runs to train, 0 done' in done.stderr and 'seed0: done' in done.stderr
  assert 'warning: seed1: exit code 2: --model_dir: process ' in done.stderr
  assert done.stderr.splitlines()[-1] == '1 of 2 runs failed: seed1'
  assert json.loads(done.stdout)['seeds'] == 1
  done = run_binary('sweep', f'--flagfile={folder}/sweep.flags')
  assert '1 runs to train, 1 done' in done.stderr and 'seed0: done' not in done.stderr
  result = json.loads(done.stdout)
  assert result['seeds'] == 2 and result['low'] < result['value'] < result['high']
  assert f'tfgan-sample --model_dir={result["best_run"]} --output=samples.png' in done.stderr
  assert (
    '| rank' in (folder / 'table.md').read_text() and 'rank,' in (folder / 'table.csv').read_text()
  )
  assert (folder / 'picture.svg').read_text().startswith('<svg')
  again = sweep(folder, 'seed=0..1', '--jobs=0')
  assert json.loads(again.stdout) == result and 'to train' not in again.stderr
  lists = sweep(folder, 'seed=0..2', '--commands=-').stdout.splitlines()
  assert len(lists) == 1 and lists[0].endswith(
    '/seed2'
  )  # A sweep that grows leaves out what is done.


@pytest.mark.heavy
def test_halving_trains_the_better_half_on(tmp_path):
  text = 'generator_optimizer=adam(1e-3)|sgd(10.0); seed=0..1'
  done = sweep(tmp_path, text, '--jobs=2', '--halving=2', '--max_steps=8', '--ema_decay=0')
  assert '4 runs to train, to step 4, 0 done' in done.stderr
  assert '2 runs to train, 0 done' in done.stderr and 'left at step 4: mean fid ' in done.stderr
  steps = {}
  for path in tmp_path.glob('*/checkpoints'):
    steps[path.parent.name] = max(int(p.stem[5:]) for p in path.glob('ckpt-*.index'))
  assert sorted(steps.values()) == [4, 4, 8, 8]
  again = sweep(tmp_path, text, '--jobs=2', '--halving=2', '--max_steps=8', '--ema_decay=0')
  assert '0 runs to train, to step 4, 4 done' in again.stderr and again.stdout == done.stdout


@pytest.mark.heavy
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_and_the_sweep_goes_on(tmp_path, number):
  words = (f'--sweep_dir={tmp_path}', '--sweep=seed=0..1', *QUICK, *SCORING, '--max_steps=100000')
  process = start_binary('sweep', *words, '--jobs=2', '--save_every=100000', '--num_samples=32')
  begun = [tmp_path / f'seed{seed}/train/train.jsonl' for seed in (0, 1)]
  while not all(path.exists() and path.stat().st_size for path in begun):
    assert process.poll() is None
    time.sleep(0.2)
  os.kill(process.pid, number)
  _, stderr = process.communicate(120)
  assert process.returncode == 75 and f'stopped by {number.name}' in stderr
  for path in begun:  # They have saved, and are gone.
    assert '"checksum"' in path.read_text().splitlines()[-1]
    with TrainingLock(str(path.parent)):
      pass
