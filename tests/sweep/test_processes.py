"""Processes side by side: how many at a time, what they see, how they end."""

import os
import signal
import sys

import pytest

from tfgan_pipeline.sweep.processes import last_line, run_all

# Notes when it starts and ends; told to stop it says so.
WORK = """
import os, signal, sys, time
def stop(*_):
  print('saved', flush=True)
  sys.exit(75)
signal.signal(signal.SIGTERM, stop)
print('begin', time.monotonic(), os.environ.get('CUDA_VISIBLE_DEVICES', 'all'), flush=True)
time.sleep(float(sys.argv[1]))
print('end', time.monotonic(), flush=True)
sys.exit(int(sys.argv[2]))
"""


@pytest.fixture
def log_of(tmp_path):
  return lambda name: str(tmp_path / f'{name}.log')


def command(seconds, code=0):
  return [sys.executable, '-SE', '-c', WORK, str(seconds), str(code)]


def lines_of(path):
  with open(path) as file:
    return [line.split() for line in file]


def test_so_many_at_a_time_and_failures_are_told(log_of):
  codes = {'a': 0, 'b': 3, 'c': 0, 'd': 0, 'e': 1}
  commands = {name: command(0.3, code) for name, code in codes.items()}
  assert dict(run_all(commands, 2, log_of)) == codes
  spans = [[float(line[1]) for line in lines_of(log_of(name))] for name in codes]
  at_once = [sum(begin <= point < end for begin, end in spans) for point, _ in spans]
  assert max(at_once) == 2
  assert last_line(log_of('a')).startswith('end ')


def test_each_has_a_gpu_of_its_own(log_of):
  commands = {name: command(0.2) for name in 'abcd'}
  assert len(dict(run_all(commands, 2, log_of, gpus=['4', '7']))) == 4
  seen = [lines_of(log_of(name))[0][2] for name in 'abcd']
  assert sorted(seen[:2]) == ['4', '7'] and set(seen) == {'4', '7'}


def test_logs_go_on(log_of):
  for _ in range(2):
    dict(run_all({'a': command(0)}, 1, log_of))
  assert [line[0] for line in lines_of(log_of('a'))] == ['begin', 'end'] * 2


def test_who_leaves_early_stops_all_and_waits_for_them(log_of):
  commands = {'quick': command(1), 'long': command(60), 'later': command(60)}
  with pytest.raises(KeyError):
    for name, _ in run_all(commands, 2, log_of):
      assert name == 'quick' and last_line(log_of('long')).startswith('begin ')
      raise KeyError
  assert last_line(log_of('long')) == 'saved' and not os.path.exists(log_of('later'))


def test_a_signal_that_ends_one_is_its_code(log_of):
  words = [sys.executable, '-SE', '-c', f'import os; os.kill(os.getpid(), {signal.SIGKILL:d})']
  assert dict(run_all({'a': words}, 1, log_of)) == {'a': -signal.SIGKILL}
  assert last_line(log_of('a')) == ''
