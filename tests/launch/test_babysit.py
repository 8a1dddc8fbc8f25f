"""babysit.sh against a cloud that only pretends: until 0, and when not to try again."""

import shlex
import signal

import pytest

from tests.launch.cloud import Cloud
from tests.launch.scripts import ROOT, program, run

BABYSIT = ROOT / 'launch' / 'babysit.sh'
FLAGS = ROOT / 'flags' / 'mnist_dcgan.flags'
JOB = ('my-tpu', FLAGS, 'gs://b/a run', '--noise=normal(8)', '--precision=bfloat16')
CREATE, SCP, DELETE = 'queued-resources create', 'tpu-vm scp', 'queued-resources delete'


@pytest.fixture
def cloud(tmp_path):
  cloud = Cloud(tmp_path)
  yield cloud
  cloud.clean_up()


def _run(cloud, *arguments, code=0, **variables):
  return run(BABYSIT, *(arguments or JOB), code=code, env=cloud.environment(**variables))


def _lives(cloud) -> list[str]:
  """Returns the calls that create and delete TPUs, without those over ssh."""
  return [call for call in cloud.asked if call != 'tpu-vm ssh']


def test_makes_a_tpu_sets_it_up_and_trains(cloud):
  _run(cloud)
  assert _lives(cloud) == [CREATE, SCP]
  assert len(cloud.trainings) == 1


def test_uses_the_tpu_that_is_there(cloud):
  cloud.with_tpu()
  _run(cloud)
  assert _lives(cloud) == [SCP]


def test_a_preempted_tpu_is_replaced_and_the_same_run_goes_on(cloud):
  cloud.set(plan='preempted\npreempted\n0')
  said = _run(cloud, MAX_FAILURES=1).stderr
  assert said.count('is SUSPENDED: asking for another') == 2
  assert _lives(cloud) == [CREATE, SCP] + [DELETE, CREATE, SCP] * 2
  assert len(cloud.trainings) == 3
  assert len({tuple(training) for training in cloud.trainings}) == 1
  assert cloud.trainings[0][1] == '--model_dir=gs://b/a run'
  assert cloud.trainings[0][-2:] == list(JOB[-2:])


@pytest.mark.parametrize('state', ['SUSPENDED', 'FAILED'])
def test_a_dead_tpu_of_before_is_replaced(cloud, state):
  cloud.set(states=state)
  _run(cloud)
  assert _lives(cloud) == [DELETE, CREATE, SCP]


def test_a_node_that_is_gone_while_its_request_is_active_is_replaced(cloud):
  cloud.with_tpu().set(gone='')
  assert 'my-tpu is PREEMPTED' in _run(cloud).stderr
  assert _lives(cloud) == [DELETE, CREATE, SCP]


def test_a_request_that_fails_is_made_again(cloud):
  cloud.set(requests='WAITING_FOR_RESOURCES FAILED\nPROVISIONING SUSPENDED\nPROVISIONING ACTIVE')
  _run(cloud)
  assert _lives(cloud) == [CREATE, DELETE, CREATE, DELETE, CREATE, SCP]


def test_waits_as_long_as_it_takes(cloud):
  cloud.set(requests=' '.join(['WAITING_FOR_RESOURCES'] * 9 + ['ACTIVE']))
  _run(cloud, WAIT_SECONDS=0)
  assert _lives(cloud) == [CREATE, SCP]


def test_a_training_that_was_stopped_and_saved_starts_again_on_the_same_tpu(cloud):
  cloud.set(plan='saved\nsaved\n0')
  _run(cloud, MAX_FAILURES=1)
  assert _lives(cloud) == [CREATE, SCP]
  assert len(cloud.trainings) == 3


def test_a_training_that_stops_without_a_checkpoint_is_not_started_for_ever(cloud):
  cloud.set(plan='75')
  said = _run(cloud, code=75, MAX_FAILURES=3, BACKOFF_SECONDS=0).stderr
  assert 'failed 3 times without a new checkpoint; giving up' in said
  assert len(cloud.trainings) == 3


def test_a_bucket_that_cannot_be_listed_is_no_end_and_no_progress(cloud):
  cloud.set(no_listing='', plan='1\n0')
  _run(cloud)
  cloud.set(plan='75')
  assert 'failed 2 times without' in _run(cloud, code=75, MAX_FAILURES=2, BACKOFF_SECONDS=0).stderr


def test_wrong_usage_of_the_training_is_not_tried_again(cloud):
  cloud.set(plan='2')
  _run(cloud, code=2)
  assert len(cloud.trainings) == 1


def test_a_crash_loop_ends(cloud):
  cloud.set(plan='1')
  assert 'failed 3 times without a new checkpoint; giving up' in _run(cloud, code=1).stderr
  assert len(cloud.trainings) == 3


def test_failures_with_progress_in_between_do_not_add_up(cloud):
  cloud.set(plan='1\nprogress\n1\n0')
  _run(cloud, MAX_FAILURES=3)
  assert len(cloud.trainings) == 4


def test_a_cloud_that_refuses_is_not_asked_for_ever(cloud):
  cloud.set(refuse='')
  assert _run(cloud, code=1, MAX_FAILURES=2).stderr.count('PERMISSION_DENIED') == 2


def test_waits_longer_after_each_failure(cloud):
  cloud.with_tpu().set(plan='1')
  program(cloud.folder / 'bin', 'sleep', 'echo "$1" >> "$(dirname "$0")/../sleeps"\n')
  said = _run(cloud, code=1, BACKOFF_SECONDS=1).stderr
  assert [line.split()[-2] for line in said.splitlines() if 'trying again in' in line] == ['1', '2']
  assert cloud.read('sleeps').split().count('0.2') == 5 * (1 + 2)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_training_save_and_leaves_the_tpu(cloud, number):
  cloud.with_tpu().set(plan='long')
  cloud.start(BABYSIT, *JOB, DELETE_AT_END=1)
  cloud.wait_for('calls', ' follow ')
  cloud.process.send_signal(number)
  assert 'stopped; the same command continues' in cloud.end(75)[1]
  assert (cloud.folder / 'bucket' / 'stopped').exists()
  assert _lives(cloud) == [SCP]


def test_a_signal_while_it_waits_for_a_tpu(cloud):
  cloud.set(requests='WAITING_FOR_RESOURCES')
  cloud.start(BABYSIT, *JOB)
  cloud.wait_for('calls', '<describe>', times=4)
  cloud.process.terminate()
  cloud.end(75)
  assert cloud.trainings == []


def test_a_signal_while_it_backs_off(cloud):
  cloud.with_tpu().set(plan='1')
  cloud.start(BABYSIT, *JOB, BACKOFF_SECONDS=100)
  cloud.wait_for('calls', '<storage>', times=2)
  cloud.process.terminate()
  cloud.end(75)


def test_started_again_it_finds_the_training_that_runs(cloud):
  cloud.with_tpu().set(plan='long')
  cloud.start(BABYSIT, *JOB)
  cloud.wait_for('calls', ' follow ')
  cloud.process.kill()
  cloud.process.wait()
  cloud.start(BABYSIT, *JOB)
  cloud.wait_for('calls', ' start train ', times=2)
  cloud.process.terminate()
  assert 'running already' in cloud.end(75)[1]
  assert len(cloud.trainings) == 1


@pytest.mark.parametrize('plan, code', [('0', 0), ('2', 2), ('1', 1)])
def test_deletes_the_tpu_at_the_end_if_asked_to(cloud, plan, code):
  cloud.with_tpu().set(plan=plan)
  _run(cloud, code=code, DELETE_AT_END=1)
  assert _lives(cloud)[-1] == DELETE


def test_dry_run_prints_one_round(cloud):
  shown = _run(cloud, DRY_RUN=1).stdout
  commands = [shlex.split(line) for line in shown.splitlines()]
  assert [command[3:5] for command in commands if command[0] == 'gcloud'] == [
    ['queued-resources', 'create'],
    ['queued-resources', 'describe'],
    ['tpu-vm', 'scp'],
    *[['tpu-vm', 'ssh']] * 4,
  ]
  assert cloud.read('calls') == ''


@pytest.mark.parametrize(
  'arguments',
  [
    ('my-tpu', FLAGS),
    ('--tpu=my-tpu', FLAGS, 'gs://b/run'),
    ('my-tpu', '--flagfile=x', 'gs://b/run'),
    ('my-tpu', FLAGS, '/tmp/run'),
  ],
)
def test_wrong_usage_is_one_line(cloud, arguments):
  assert _run(cloud, *arguments, code=2).stderr.count('\n') == 1
  assert cloud.read('calls') == ''


def test_wrong_usage_of_tpu_vm_is_wrong_usage(cloud):
  _run(cloud, 'my-tpu', '/no/such.flags', 'gs://b/run', code=2)
  _run(cloud, code=2, ZONE='')
