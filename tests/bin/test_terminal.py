"""Results as a person reads them at a terminal, a real pty, and a program through a pipe."""

import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from tests.conftest import ROOT, TINY, run_binary, start_binary
from tfgan_pipeline.bin.results import ScoreTable, line

SMALL = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')


def at_terminal(binary: str, *arguments: str) -> str:
  """Returns what a binary prints on stdout, where that is a terminal of its own."""
  here, there = os.openpty()
  process = subprocess.Popen(
    [sys.executable, '-m', f'tfgan_pipeline.bin.{binary}', *arguments],
    cwd=ROOT,
    stdin=subprocess.DEVNULL,
    stdout=there,
    stderr=subprocess.DEVNULL,
  )
  os.close(there)
  read = b''
  try:
    while part := os.read(here, 4096):
      read += part
  except OSError:  # How Linux tells that the other end is closed.
    pass
  os.close(here)
  assert process.wait(60) == 0
  return read.decode().replace('\r\n', '\n')


def test_watching_shows_a_table_and_other_verbs_a_line(tiny_run, tmp_path, cache_dir):
  common = (f'--model_dir={tiny_run}', f'--cache_dir={cache_dir}', *SMALL)
  places = (f'--eval_dir={tmp_path}/eval',)
  table = at_terminal('evaluate', *common, *places, '--watch').splitlines()
  assert table[0].split() == ['step', 'fid', 'floor', 'seconds']
  assert [row.split()[0] for row in table[1:]] == ['0', '2', '4'] and len(table) == 4
  piped = run_binary('evaluate', *common, *places, '--watch').stdout.splitlines()
  for row, text in zip(table[1:], piped):
    record = json.loads(text)
    scores = {name.split('[')[0]: value for name, value in record['scores'].items()}
    assert row.split()[1:3] == [f'{scores["fid"]:.4g}', f'{scores["fid_floor"]:.4g}']
  assert table[1].endswith('* best so far')
  flags = (f'--model_dir={tiny_run}', f'--output={tmp_path}/x.png')
  (one,) = at_terminal('sample', *flags).splitlines()
  assert len(one) < 200 and one.startswith(f'output {tmp_path}/x.png') and 'count 64' in one


def record_of(step: int, fid: float, **more):
  scores = {'inception_score[x]': 8.0, 'fid[x]': fid, 'fid_floor[x]': 0.5, 'kid[x]': 0.1}
  scores |= {'fid_above_floor[x]': 1.0, 'kid_std[x]': 0.2, 'inception_score_std[x]': 0.1}
  return {'step': step, 'run': '/tmp/a', 'scores': scores, 'seconds': 1.2, **more}


def test_a_table_marks_the_best_so_far_of_each_run_and_definition():
  table = ScoreTable('fid', many=True)
  rows = [table.line(record_of(step, fid)) for step, fid in ((0, 9.0), (2, 10.0), (4, 3.25))]
  header, first = rows[0].splitlines()
  assert header.split() == ['step', 'fid', 'floor', 'IS', 'kid', 'seconds']
  assert first.split() == ['0', '9', '0.5', '8', '0.1', '1', 'a', '*', 'best', 'so', 'far']
  assert 'best' not in rows[1] and 'best so far' in rows[2] and '3.25' in rows[2]
  other = record_of(0, 50.0, definition_id='other', definition={'weights': 'raw'})
  assert re.search(r'raw  a  \* best so far$', table.line(other))
  assert table.line({'step': 6, 'run': '/tmp/a', 'error': 'damaged'}).split(maxsplit=1) == [
    '6',
    'not scored: damaged',
  ]
  assert max(map(len, '\n'.join(rows).splitlines())) <= 100


@pytest.mark.parametrize('best_by', ['inception_score', 'inception_score[x]', 'kid', ''])
def test_what_best_means(best_by):
  table = ScoreTable(best_by)
  marks = ['best' in table.line(record_of(step, fid)) for step, fid in ((0, 9.0), (2, 1.0))]
  assert marks == ([True, False] if best_by else [False, False])


def test_a_record_and_a_result_in_one_line():
  assert line(record_of(3, 9.123456)) == ('step 3: fid 9.123 (floor 0.5), IS 8, kid 0.1, in 1 s')
  assert line({'step': 3, 'error': 'gone'}) == 'step 3: not scored: gone'
  runs = [{'run': f'/{n}', 'step': n} for n in range(5)]
  assert line({'output': 'x.png', 'runs': runs, 'sample_seed': 7}) == (
    'output x.png, run /0 step 0; run /1 step 1; run /2 step 2 and 2 more, sample seed 7'
  )


def test_a_direction_is_named_and_its_scores_stand_beside_those_of_doing_nothing():
  scores = {'l1': 7.0, 'l1_identity': 30.0, 'l1_constant': 50.0, 'kid[x]': 0.1}
  scores |= {'psnr': 20.0, 'psnr_identity': 9.0, 'psnr_constant': 12.0}
  definition = {'task': {'name': 'a_to_b'}, 'checkpoint': 'best of 3 by kid'}
  record = {'step': 4, 'scores': scores, 'definition': definition}
  assert line(record) == (
    'step 4 a_to_b (best of 3 by kid): l1 7 (identity 30), kid 0.1, psnr 20 (constant 12), in 0 s'
  )
  assert ScoreTable('kid').line(record).endswith('a_to_b  (best of 3 by kid)  * best so far')


def test_training_tells_what_it_understood_and_what_comes_next(tmp_path):
  told = run_binary('train', *TINY, f'--model_dir={tmp_path}/a run').stderr.splitlines()
  (settings,) = [text for text in told if text.startswith('settings: ')]
  assert '--noise="normal(size=8)"' in settings and '--max_steps=4' in settings
  assert '--loss' not in settings  # At its default.
  last = told[-1]
  assert re.match(r'done: 4 steps, in \d+:\d\d; ', last)
  assert f'{tmp_path}/a run/samples' in last
  assert f"tfgan-evaluate --model_dir='{tmp_path}/a run'" in last


@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_one_signal_ends_a_watcher_with_75_and_a_line(tiny_run, tmp_path, number):
  """Checks a watcher that waits, as for a run that is not there yet."""
  process = start_binary('evaluate', f'--model_dir={tmp_path}/run', '--watch')
  assert any('waiting' in text for text in process.stderr)
  process.send_signal(number)
  _, stderr = process.communicate(timeout=30)
  assert process.returncode == 75
  name = signal.Signals(number).name
  assert stderr.splitlines()[-1] == f'stopped by {name}; the same command starts again'
  assert 'Traceback' not in stderr


@pytest.mark.parametrize('second', ['swallowed', 'heard'])
@pytest.mark.parametrize('number', [signal.SIGTERM, signal.SIGINT])
def test_two_signals_end_a_verb_that_does_not_listen(tmp_path, number, second):
  """Checks a process in which a first signal's exception is swallowed, as by a library."""
  (tmp_path / 'deaf.py').write_text(
    'import time\n'
    'from tfgan_pipeline.bin import command_line\n'
    'def main():\n'
    '  for _ in range(2):\n'
    '    try:\n'
    '      print("here", flush=True)\n'
    '      time.sleep(60)\n'
    '    except Exception:\n'
    '      print("swallowed", flush=True)\n'
    f'      {"pass" if second == "swallowed" else "time.sleep(60)"}\n'
    'command_line.run(main, "About.")\n'
  )
  process = subprocess.Popen(
    [sys.executable, str(tmp_path / 'deaf.py')],
    env={**os.environ, 'PYTHONPATH': str(ROOT)},
    stdout=subprocess.PIPE,
    stderr=subprocess.PIPE,
    text=True,
    preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
  )
  assert process.stdout.readline() == 'here\n'
  process.send_signal(number)
  assert process.stdout.readline() == 'swallowed\n'
  start = time.monotonic()
  process.send_signal(number)
  assert process.wait(30) == 128 + number and time.monotonic() - start < 5
  name = signal.Signals(number).name
  assert process.stderr.read() == (
    f'ended at once by a second {name}; the same command starts again\n'
  )
