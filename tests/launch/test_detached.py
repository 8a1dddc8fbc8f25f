"""detached.sh: a job that outlives what started it."""

import os
import signal
import subprocess
import time

import pytest

from tests.launch.scripts import ROOT, environment, run

DETACHED = ROOT / 'launch' / 'detached.sh'


@pytest.fixture
def call(tmp_path):
  def call(*arguments, code=0):
    return run(DETACHED, *arguments, code=code, env=environment(HOME=tmp_path)).stdout

  yield call
  for pid in tmp_path.glob('tfgan_jobs/*/pid'):
    try:
      os.kill(int(pid.read_text()), signal.SIGKILL)
    except ProcessLookupError:
      pass


def _until(call, job, status) -> None:
  deadline = time.monotonic() + 10
  while call('status', job) != f'{status}\n':
    assert time.monotonic() < deadline, call('status', job)


def test_from_start_to_end(call):
  assert call('status', 'train') == 'none\n'
  assert call('start', 'train', 'bash', '-c', 'echo "$1"; sleep 0.5; exit 7', '-', 'a  b*') == (
    'started\n'
  )
  assert call('status', 'train') == 'running\n'
  assert call('follow', 'train') == 'a  b*\n'
  _until(call, 'train', 7)
  assert call('follow', 'train') == 'a  b*\n'


def test_one_at_a_time_of_a_name(call):
  assert call('start', 'train', 'sleep', '300') == 'started\n'
  assert call('start', 'train', 'sleep', '300') == 'running\n'
  assert call('start', 'train', 'sleep', '301') == 'busy\n'
  assert call('start', 'evaluate', 'sleep', '300') == 'started\n'
  call('stop', 'train')
  _until(call, 'train', 128 + signal.SIGTERM)
  assert call('status', 'evaluate') == 'running\n'
  assert call('start', 'train', 'true') == 'started\n'
  _until(call, 'train', 0)


def test_stop_without_a_job(call):
  call('stop', 'train')
  call('follow', 'train')


def test_the_log_of_the_run_before_is_kept(call, tmp_path):
  for word in ('one', 'two'):
    call('start', 'train', 'echo', word)
    _until(call, 'train', 0)
  logs = tmp_path / 'tfgan_jobs' / 'train'
  assert (logs / 'log').read_text() == 'two\n'
  assert (logs / 'log.previous').read_text() == 'one\n'


def test_a_job_that_went_with_the_machine_is_lost(call, tmp_path):
  call('start', 'train', 'sleep', '300')
  pid = int((tmp_path / 'tfgan_jobs' / 'train' / 'pid').read_text())
  session = os.getsid(pid)
  assert session != os.getsid(0)  # Or all that runs here would be killed.
  os.killpg(session, signal.SIGKILL)
  _until(call, 'train', 'lost')
  assert call('start', 'train', 'true') == 'started\n'


def test_it_does_not_need_the_terminal_or_what_started_it(call, tmp_path):
  starter = subprocess.Popen(
    ['bash', '-c', f'bash {DETACHED} start train sleep 300; sleep 300'],
    env=environment(HOME=tmp_path),
    stdout=subprocess.DEVNULL,
    start_new_session=True,
  )
  _until(call, 'train', 'running')
  os.killpg(starter.pid, signal.SIGHUP)
  starter.wait()
  assert call('status', 'train') == 'running\n'


@pytest.mark.parametrize('arguments', [(), ('start', 'train'), ('status',), ('dance', 'train')])
def test_wrong_usage_is_one_line(call, tmp_path, arguments):
  refused = run(DETACHED, *arguments, code=2, env=environment(HOME=tmp_path))
  assert refused.stderr.count('\n') == 1
