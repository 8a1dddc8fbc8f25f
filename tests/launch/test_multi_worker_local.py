"""multi_worker_local.sh: several workers that only pretend, and every way in which they end."""

import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

from tests.launch.scripts import ROOT, Job, environment, program, run, slow_kill

SCRIPT = ROOT / 'launch' / 'multi_worker_local.sh'

# Like the trainer: asked to stop it saves, and a second signal of a kind ends it. $PLAN has a word
# for each worker: an exit code, or `stays`, or `deaf` for one that cannot be asked.
TRAIN = r"""
here="$(dirname "$0")"
index="${TF_CONFIG##*\"index\": }"; index="${index%%\}*}"
printf '<%s>' "$@" > "$here/call-$index"
echo "$TF_CONFIG" > "$here/config-$index"
asked() { echo "$index got $1" >> "$here/events"; stopping=1; trap - "$1"; }
read -r -a plan <<< "$PLAN"
what="${plan[index]}"
if [ "$what" = deaf ]; then trap '' TERM INT; else trap 'asked TERM' TERM; trap 'asked INT' INT; fi
sleep 300 < /dev/null > /dev/null 2>&1 & echo $$ $! >> "$here/pids"
echo "worker $index trains"
case "$what" in
  stays | deaf) for _ in $(seq 300); do
      if [ -n "${stopping:-}" ]; then sleep "${SAVE_SECONDS:-0.3}"; exit 75; fi
      sleep 0.1
    done ;;
  *) sleep 0.4; echo "worker $index ends"; exit "$what" ;;
esac
"""


class Workers(Job):
  """multi_worker_local.sh with its workers, each of which does its word of a plan."""

  def __init__(self, folder: pathlib.Path):
    super().__init__(folder)
    self.model_dir = folder / 'a run'
    program(self.folder, 'tfgan-train', TRAIN)

  def start(self, plan: str, *flags: str, **variables) -> 'Workers':
    self.count = len(plan.split())
    self.process = subprocess.Popen(
      ['bash', SCRIPT, str(self.count), 'some.flags', self.model_dir, *flags],
      text=True,
      stdin=subprocess.DEVNULL,
      stdout=subprocess.PIPE,
      stderr=subprocess.PIPE,
      start_new_session=True,
      preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
      env=environment(self.folder, PLAN=plan, **variables),
    )
    return self

  def wait_until_all_run(self) -> None:
    self.wait_for(lambda: len(self.pids) == 2 * self.count)

  def wait_for_event(self, event: str) -> None:
    self.wait_for(lambda: event in self.read('events'))


@pytest.fixture
def job(tmp_path):
  job = Workers(tmp_path)
  yield job
  job.clean_up()


def test_workers_know_each_other_and_get_the_same_command(job):
  said = job.start('0 0 0', '--noise=normal(8)', '--title=a b').end(0)
  assert said == 'worker 0 trains\nworker 0 ends\n'
  configs = [json.loads(job.read(f'config-{index}')) for index in range(3)]
  workers = configs[0]['cluster']['worker']
  assert len(set(workers)) == 3 and all(worker.startswith('127.0.0.1:') for worker in workers)
  for index, config in enumerate(configs):
    assert config == {
      'cluster': {'worker': workers},
      'task': {'type': 'worker', 'index': index},
    }
    assert job.read(f'call-{index}') == (
      f'<--flagfile=some.flags><--model_dir={job.model_dir}><--accelerator=multi_worker>'
      '<--noise=normal(8)><--title=a b>'
    )
    log = (job.model_dir / f'worker-{index}.log').read_text()
    assert log == f'worker {index} trains\nworker {index} ends\n'


def test_a_second_start_keeps_the_logs_of_the_first(job):
  for _ in range(2):
    job.start('0 0').end(0)
  for index in range(2):
    assert (job.model_dir / f'worker-{index}.log').read_text().count('trains') == 2


@pytest.mark.parametrize(
  'number, passed_on', [(signal.SIGINT, 'TERM'), (signal.SIGTERM, 'INT'), (signal.SIGHUP, 'TERM')]
)
def test_a_signal_lets_all_save(job, number, passed_on):
  job.start('stays stays').wait_until_all_run()
  job.process.send_signal(number)
  job.end(75)
  assert sorted(job.read('events').splitlines()) == [f'{i} got {passed_on}' for i in range(2)]


def test_sigterm_to_every_process_at_once_lets_all_save(job):
  job.start('stays stays', SAVE_SECONDS=1).wait_until_all_run()
  for pid in [job.process.pid, *job.pids]:
    os.kill(pid, signal.SIGTERM)
  job.end(75)


@pytest.mark.parametrize('at_once', [False, True])
def test_a_second_signal_does_not_wait(job, tmp_path, at_once):
  """Checks that a second signal ends all at once, even while the first is still being passed on."""
  variables = slow_kill(tmp_path) if at_once else {}
  job.start('stays stays', SAVE_SECONDS=300, **variables).wait_until_all_run()
  job.process.send_signal(signal.SIGINT)
  job.wait_for_event('got TERM')
  time.sleep(0.2)
  job.process.send_signal(signal.SIGINT)
  job.end(128 + signal.SIGTERM)


@pytest.mark.parametrize('plan, failed', [('3 stays stays', 0), ('stays 3 stays', 1)])
def test_a_worker_that_fails_ends_the_others_with_its_code(job, plan, failed):
  said = job.start(plan).end(3)
  assert f'worker {failed} failed; the end of {job.model_dir}/worker-{failed}.log:\n' in said
  assert job.read('events').count('got TERM') == 2


def test_the_first_failure_is_not_hidden_by_those_that_follow_from_it(job):
  job.start('75 2 75').end(2)


def test_workers_that_cannot_be_asked_are_ended(job):
  said = job.start('1 deaf deaf', GRACE_SECONDS=1).end(1)
  assert '2 left after 1 s; ended' in said


def test_a_worker_that_was_stopped_alone_waits_for_the_others_to_follow(job):
  job.start('75 stays', GRACE_SECONDS=1).end(75)
  assert job.read('events') == ''


def test_a_worker_killed_from_outside(job):
  job.start('stays stays').wait_until_all_run()
  os.kill(job.pids[0], signal.SIGKILL)
  job.end(128 + signal.SIGKILL)


def test_programs_that_are_not_on_path_come_from_the_environment_of_venv(job):
  python = program(job.folder, 'python', 'echo "$0"\n')
  job.start('0', PATH='/usr/bin:/bin', TFGAN_PIPELINE_PYTHON=python).end(0)


@pytest.mark.parametrize(
  'arguments',
  [
    ('2', 'some.flags'),
    ('0', 'some.flags', 'x'),
    ('two', 'some.flags', 'x'),
    ('2', 'some.flags', '--model_dir=x'),
    ('2', '--flagfile=some.flags', 'x'),
  ],
)
def test_wrong_usage_is_one_line(tmp_path, arguments):
  refused = run(SCRIPT, *arguments, code=2, cwd=tmp_path)
  assert refused.stderr.startswith('usage: ') and refused.stderr.count('\n') == 1
  assert not list(tmp_path.iterdir())
