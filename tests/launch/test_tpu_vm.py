"""tpu_vm.sh against a cloud that only pretends: each verb, and all that the cloud does to it."""

import shlex
import shutil
import signal

import pytest

from tests.launch.cloud import Cloud
from tests.launch.scripts import ROOT, environment, run

TPU_VM = ROOT / 'launch' / 'tpu_vm.sh'
FLAGS = ROOT / 'flags' / 'mnist_dcgan.flags'


@pytest.fixture
def cloud(tmp_path):
  cloud = Cloud(tmp_path)
  yield cloud
  cloud.clean_up()


def _run(cloud, *arguments, code=0, cwd=None, **variables):
  return run(TPU_VM, *arguments, code=code, cwd=cwd, env=cloud.environment(**variables))


def test_create_waits_and_shows_each_state_once(cloud):
  cloud.set(requests='ACCEPTED WAITING_FOR_RESOURCES WAITING_FOR_RESOURCES PROVISIONING ACTIVE')
  created = _run(
    cloud, 'create', 'my-tpu', PROJECT='mine', CREATE_FLAGS='--network=a  --labels=b=c'
  )
  assert created.stderr.splitlines() == [
    f'my-tpu: {state}' for state in ('ACCEPTED', 'WAITING_FOR_RESOURCES', 'PROVISIONING', 'ACTIVE')
  ]
  (call,) = [line for line in cloud.read('calls').splitlines() if '<create>' in line]
  assert call == (
    '<compute><tpus><queued-resources><create><my-tpu><--node-id=my-tpu><--zone=here-a>'
    '<--project=mine><--quiet><--accelerator-type=v5litepod-8>'
    '<--runtime-version=tpu-vm-tf-2.16.1-pjrt><--spot><--network=a><--labels=b=c>'
  )


def test_create_without_spot(cloud):
  _run(cloud, 'create', 'my-tpu', SPOT=0, ACCELERATOR_TYPE='v4-8', RUNTIME_VERSION='tpu-vm-tf-9')
  assert '<--accelerator-type=v4-8><--runtime-version=tpu-vm-tf-9>\n' in cloud.read('calls')


def test_create_takes_the_one_that_is_there(cloud):
  cloud.with_tpu()
  _run(cloud, 'create', 'my-tpu')
  assert cloud.asked == []


@pytest.mark.parametrize('state', ['SUSPENDING', 'SUSPENDED', 'FAILED'])
def test_create_says_what_became_of_the_request(cloud, state):
  cloud.set(requests=f'WAITING_FOR_RESOURCES {state}')
  failed = _run(cloud, 'create', 'my-tpu', code=1)
  assert f'my-tpu is {state}; to ask anew' in failed.stderr.splitlines()[-1]


def test_create_does_not_wait_for_ever_and_waits_on_when_called_again(cloud):
  cloud.set(requests='WAITING_FOR_RESOURCES')
  late = _run(cloud, 'create', 'my-tpu', code=75, WAIT_SECONDS=0)
  assert 'still WAITING_FOR_RESOURCES; the same command waits on' in late.stderr
  cloud.set(states='ACTIVE')
  _run(cloud, 'create', 'my-tpu')
  assert cloud.asked == ['queued-resources create']


def test_create_passes_on_what_gcloud_refuses(cloud):
  cloud.set(refuse='')
  assert 'PERMISSION_DENIED' in _run(cloud, 'create', 'my-tpu', code=1).stderr


@pytest.mark.parametrize(
  'files, state',
  [
    ({}, 'MISSING'),
    ({'states': 'WAITING_FOR_RESOURCES'}, 'WAITING_FOR_RESOURCES'),
    ({'states': 'ACTIVE'}, 'ACTIVE'),
    ({'states': 'ACTIVE', 'gone': ''}, 'PREEMPTED'),
    ({'states': 'ACTIVE', 'gone': 'TERMINATED'}, 'PREEMPTED'),
    ({'states': 'ACTIVE', 'gone': 'REPAIRING'}, 'REPAIRING'),
  ],
)
def test_state(cloud, files, state):
  cloud.set(**files)
  assert _run(cloud, 'state', 'my-tpu').stdout == f'{state}\n'


def test_state_that_cannot_be_known_is_not_a_missing_tpu(cloud):
  cloud.set(broken='')
  assert 'UNAVAILABLE' in _run(cloud, 'state', 'my-tpu', code=1).stderr


def test_setup_copies_what_git_knows_and_installs(cloud):
  cloud.set(states='ACTIVE')
  (cloud.folder / 'vm' / 'tfgan_pipeline').mkdir(parents=True)
  (cloud.folder / 'vm' / 'tfgan_pipeline' / 'old').touch()
  _run(cloud, 'setup', 'my-tpu')
  there = cloud.folder / 'vm' / 'tfgan_pipeline'
  assert not (there / 'old').exists()
  assert (there / 'setup.cfg').read_text() == (ROOT / 'setup.cfg').read_text()
  pip = '<-m><pip><install><--quiet><--disable-pip-version-check><--editable><.>'
  assert pip in cloud.read('ran')
  assert cloud.asked == ['tpu-vm scp', 'tpu-vm ssh']
  assert cloud.read('calls').count('<--worker=all>') == 2


def test_setup_leaves_a_running_training_alone(cloud):
  cloud.with_tpu().set(plan='long')
  cloud.start(TPU_VM, 'train', 'my-tpu', FLAGS, 'gs://b/run')
  cloud.wait_for('ran', 'bin.train')
  assert 'train is running there; nothing is changed' in _run(cloud, 'setup', 'my-tpu').stderr
  assert '<pip>' not in cloud.read('ran')


def test_train_shows_the_log_and_passes_on_arguments_as_they_are(cloud, tmp_path):
  odd = ['--noise=normal(8)', "--title=it's $HOME; `ls` *", '--a=b c']
  trained = _run(cloud.with_tpu(), 'train', 'my-tpu', FLAGS, 'gs://b/a run', *odd)
  assert 'training: 0' in trained.stdout
  assert cloud.trainings == [
    [
      '--flagfile=flags/mnist_dcgan.flags',
      '--model_dir=gs://b/a run',
      '--accelerator=tpu',
      '--tpu=local',
      *odd,
    ]
  ]


def test_a_slice_of_several_hosts_is_driven_by_name(cloud):
  several = dict(RUNTIME_VERSION='tpu-vm-tf-2.16.1-pod-pjrt', PROJECT='mine')
  _run(cloud.with_tpu(), 'train', 'my-tpu', FLAGS, 'gs://b/run', **several)
  assert cloud.trainings[0][3:] == ['--tpu=my-tpu', '--tpu_zone=here-a', '--tpu_project=mine']
  assert 'TPU_LOAD_LIBRARY=0' in cloud.read('calls')


@pytest.mark.parametrize('code', [1, 2, 75, 137])
def test_train_ends_with_the_exit_code_of_the_training(cloud, code):
  cloud.with_tpu().set(plan=str(code))
  _run(cloud, 'train', 'my-tpu', FLAGS, 'gs://b/run', code=code)


def test_a_dropped_connection_is_made_again_and_the_training_goes_on(cloud):
  cloud.with_tpu().set(plan='long')
  cloud.start(TPU_VM, 'train', 'my-tpu', FLAGS, 'gs://b/run')
  cloud.wait_for('calls', ' follow ')
  cloud.set(drop='')
  cloud.wait_for('calls', ' follow ', times=2)
  cloud.process.terminate()
  cloud.end(75)
  assert len(cloud.trainings) == 1


def test_a_second_call_finds_the_training_and_a_different_one_is_refused(cloud):
  cloud.with_tpu().set(plan='long')
  cloud.start(TPU_VM, 'train', 'my-tpu', FLAGS, 'gs://b/run')
  cloud.wait_for('calls', ' follow ')
  refused = _run(cloud, 'train', 'my-tpu', FLAGS, 'gs://b/other', code=2)
  assert 'another train is running there' in refused.stderr
  cloud.process.kill()
  cloud.process.wait()
  cloud.start(TPU_VM, 'train', 'my-tpu', FLAGS, 'gs://b/run')
  cloud.wait_for('calls', ' start train ', times=3)
  cloud.process.send_signal(signal.SIGINT)
  assert 'running already' in cloud.end(75)[1]
  assert len(cloud.trainings) == 1


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_training_save(cloud, number):
  cloud.with_tpu().set(plan='long')
  cloud.start(TPU_VM, 'train', 'my-tpu', FLAGS, 'gs://b/run')
  cloud.wait_for('calls', ' follow ')
  cloud.process.send_signal(number)
  assert 'stopping train' in cloud.end(75)[1]
  assert (cloud.folder / 'bucket' / 'stopped').exists()


def test_a_preempted_tpu_is_a_lost_connection(cloud):
  cloud.with_tpu().set(plan='preempted')
  assert (
    'the TPU was taken away' in _run(cloud, 'train', 'my-tpu', FLAGS, 'gs://b/run', code=255).stderr
  )


def test_a_connection_that_stays_lost_is_given_up(cloud):
  cloud.with_tpu().set(plan='long')
  cloud.start(TPU_VM, 'train', 'my-tpu', FLAGS, 'gs://b/run', RECONNECTS=2)
  cloud.wait_for('calls', ' follow ')
  cloud.set(unreachable='')
  assert 'connection lost' in cloud.end(255)[1]
  assert cloud.read('calls').count(' follow ') == 2


def test_a_restarted_machine_has_lost_its_training(cloud):
  cloud.with_tpu().set(plan='lost')
  assert 'was restarted' in _run(cloud, 'train', 'my-tpu', FLAGS, 'gs://b/run', code=255).stderr


def test_train_on_a_tpu_that_is_not_there_is_a_lost_connection(cloud):
  assert 'no connection' in _run(cloud, 'train', 'my-tpu', FLAGS, 'gs://b/run', code=255).stderr


def test_evaluate_leaves_the_tpu_to_training(cloud):
  cloud.with_tpu().set(evaluated='3')
  scored = _run(cloud, 'evaluate', 'my-tpu', 'gs://b/run', '--metrics=fid, kid(subsets=20)', code=3)
  assert scored.stdout == '{"step": 0}\n'
  assert cloud.read('ran') == (
    '<-m><tfgan_pipeline.bin.evaluate><--model_dir=gs://b/run><--watch>'
    '<--metrics=fid, kid(subsets=20)>\n'
  )
  assert 'TPU_LOAD_LIBRARY=0' in cloud.read('calls')


def test_logs_show_what_a_job_has_printed(cloud):
  _run(cloud.with_tpu(), 'train', 'my-tpu', FLAGS, 'gs://b/run')
  assert _run(cloud, 'logs', 'my-tpu').stdout == 'training: 0\n'
  assert _run(cloud, 'logs', 'my-tpu', 'evaluate').stdout == ''


def test_tensorboard_comes_to_this_machine(cloud):
  shown = _run(cloud.with_tpu(), 'tensorboard', 'my-tpu', 'gs://b/a run', PORT=6123)
  assert shown.stderr == 'TensorBoard: http://localhost:6123\n'
  assert cloud.read('ran') == '<-m><tensorboard.main><--logdir=gs://b/a run><--port=6123>\n'
  assert '<--ssh-flag=-L 6123:localhost:6123>' in cloud.read('calls')


def test_delete_twice(cloud):
  cloud.with_tpu()
  _run(cloud, 'delete', 'my-tpu')
  assert not (cloud.folder / 'vm').exists()
  _run(cloud, 'delete', 'my-tpu')
  assert '<delete><my-tpu><--zone=here-a><--quiet><--force>' in cloud.read('calls')


@pytest.mark.parametrize(
  'arguments',
  [
    ('create', 'my tpu'),
    ('setup', 'my tpu'),
    ('train', 'my tpu', FLAGS, 'gs://b/a run', '--noise=normal(8)'),
    ('evaluate', 'my tpu', 'gs://b/a run'),
    ('logs', 'my tpu'),
    ('tensorboard', 'my tpu', 'gs://b/a run'),
    ('state', 'my tpu'),
    ('delete', 'my tpu'),
  ],
  ids=lambda arguments: arguments[0],
)
def test_dry_run_prints_commands_that_a_shell_understands(cloud, arguments):
  shown = _run(cloud, *arguments, DRY_RUN=1)
  commands = [shlex.split(line) for line in shown.stdout.splitlines()]
  assert cloud.read('calls') == ''
  assert all(command[0] in ('gcloud', 'git') for command in commands)
  assert any('my tpu' in command or 'my tpu:' in command for command in commands)
  if arguments[0] == 'train':
    start = next(word for word in commands[0] if word.startswith('--command='))
    assert shlex.split(start)[-1] == '--noise=normal(8)'
    assert '--model_dir=gs://b/a run' in shlex.split(start)


@pytest.mark.parametrize(
  'arguments',
  [
    (),
    ('train',),
    ('train', 'my-tpu', FLAGS),
    ('evaluate', 'my-tpu'),
    ('dance', 'my-tpu'),
    ('create', '--spot'),
    ('delete', 'my-tpu', 'other'),
    ('train', 'my-tpu', '/no/such.flags', 'gs://b/run'),
    ('train', 'my-tpu', '/etc/hostname', 'gs://b/run'),
  ],
)
def test_wrong_usage_is_one_line(cloud, arguments):
  refused = _run(cloud.with_tpu(), *arguments, code=2)
  assert refused.stderr.startswith('launch/tpu_vm.sh: ') and refused.stderr.count('\n') == 1
  assert cloud.read('calls') == ''


def test_a_zone_and_gcloud_are_needed(cloud):
  assert 'ZONE: not set' in _run(cloud, 'state', 'my-tpu', code=2, ZONE='').stderr
  (cloud.folder / 'none').mkdir()
  (cloud.folder / 'none' / 'bash').symlink_to(shutil.which('bash'))
  alone = environment(ZONE='a', PATH=cloud.folder / 'none')
  missing = run(TPU_VM, 'state', 'my-tpu', code=2, env=alone)
  assert 'gcloud: not found' in missing.stderr


def test_flagfile_from_another_directory(cloud, tmp_path):
  _run(cloud.with_tpu(), 'train', 'my-tpu', 'mnist_mlp.flags', 'gs://b/run', cwd=ROOT / 'flags')
  assert cloud.trainings[0][0] == '--flagfile=flags/mnist_mlp.flags'
