"""tpu_vm.sh with API=compute, and babysit.sh on it, against a cloud that only pretends."""

import shlex

import pytest

from tests.launch.cloud import Cloud
from tests.launch.scripts import ROOT, run

TPU_VM = ROOT / 'launch' / 'tpu_vm.sh'
BABYSIT = ROOT / 'launch' / 'babysit.sh'
FLAGS = ROOT / 'flags' / 'mnist_dcgan.flags'


@pytest.fixture
def cloud(tmp_path):
  cloud = Cloud(tmp_path)
  cloud.set(requests='PROVISIONING STAGING RUNNING')
  yield cloud
  cloud.clean_up()


def _run(cloud, *arguments, script=TPU_VM, code=0, **variables):
  environment = cloud.environment(**{'API': 'compute', **variables})
  return run(script, *arguments, code=code, env=environment)


def _asked(cloud) -> list[str]:
  """Requests to gcloud that change something, two words each."""
  calls = [line.strip('<>').split('><')[1:3] for line in cloud.read('calls').splitlines()]
  return [' '.join(call) for call in calls if call[1] not in ('describe', 'ls')]


def test_create_makes_a_spot_instance_and_waits(cloud):
  created = _run(cloud, 'create', 'my-tpu', PROJECT='mine', CREATE_FLAGS='--network=a')
  assert created.stderr.splitlines() == [
    f'my-tpu: {state}' for state in ('PROVISIONING', 'STAGING', 'ACTIVE')
  ]
  (call,) = [line for line in cloud.read('calls').splitlines() if '<create>' in line]
  assert call == (
    '<compute><instances><create><my-tpu><--zone=here-a><--project=mine><--quiet>'
    '<--machine-type=ct6e-standard-8t><--maintenance-policy=TERMINATE>'
    '<--image-family=ubuntu-accel-2204-amd64-tpu-v5e-v5p-v6e>'
    '<--image-project=ubuntu-os-accelerator-images><--boot-disk-size=200GB>'
    '<--scopes=cloud-platform><--provisioning-model=SPOT><--instance-termination-action=DELETE>'
    '<--network=a>'
  )


def test_create_without_spot_and_of_another_kind(cloud):
  _run(cloud, 'create', 'my-tpu', SPOT=0, MACHINE_TYPE='ct5p-hightpu-4t', IMAGE_FAMILY='mine')
  calls = cloud.read('calls')
  assert '<--machine-type=ct5p-hightpu-4t>' in calls and '<--image-family=mine>' in calls
  assert 'SPOT' not in calls and 'DELETE' not in calls


@pytest.mark.parametrize(
  'status, state',
  [('', 'MISSING'), ('PENDING', 'PENDING'), ('RUNNING', 'ACTIVE')]
  + [(gone, 'PREEMPTED') for gone in ('STOPPING', 'TERMINATED', 'SUSPENDED')],
)
def test_state_is_told_in_words_that_babysit_knows(cloud, status, state):
  if status:
    cloud.set(states=status)
  assert _run(cloud, 'state', 'my-tpu').stdout == f'{state}\n'


def test_setup_installs_tensorflow_as_the_image_has_none(cloud):
  cloud.set(states='RUNNING')
  (cloud.folder / 'vm').mkdir()
  _run(cloud, 'setup', 'my-tpu')
  assert (cloud.folder / 'vm/tfgan_pipeline/setup.cfg').exists()
  installed = [line for line in cloud.read('ran').splitlines() if '<install>' in line]
  assert '<tensorflow-tpu==2.18.0><-f><https://storage.googleapis.com/' in installed[0]
  assert '<--editable><.>' in installed[-1]
  assert [call.split()[0] for call in _asked(cloud)] == ['scp', 'ssh']
  assert '--worker' not in cloud.read('calls')


def test_a_requirement_reaches_pip_word_by_word(cloud):
  cloud.set(states='RUNNING')
  (cloud.folder / 'vm').mkdir()
  asked = "tensorflow-tpu>=2.18,<3 -f https://a.b/c?d&e --config-settings=k=$HOME;'x'"
  _run(cloud, 'setup', 'my-tpu', TENSORFLOW=asked)
  (installed, *_) = [line for line in cloud.read('ran').splitlines() if '<install>' in line]
  assert installed.endswith(f'<--quiet>{"".join(f"<{word}>" for word in asked.split())}')
  assert not list((cloud.folder / 'vm').glob('=*')), 'a redirection'


def test_train_evaluate_logs_and_delete(cloud):
  cloud.with_tpu().set(states='RUNNING')
  trained = _run(cloud, 'train', 'my-tpu', FLAGS, 'gs://b/a run', '--noise=normal(8)', code=0)
  assert 'training: 0' in trained.stdout
  assert cloud.trainings == [
    [
      '--flagfile=flags/mnist_dcgan.flags',
      '--model_dir=gs://b/a run',
      '--accelerator=tpu',
      '--tpu=local',
      '--noise=normal(8)',
    ]
  ]
  assert _run(cloud, 'evaluate', 'my-tpu', 'gs://b/run').stdout == '{"step": 0}\n'
  assert _run(cloud, 'logs', 'my-tpu').stdout == 'training: 0\n'
  _run(cloud, 'delete', 'my-tpu')
  assert '<compute><instances><delete><my-tpu><--zone=here-a><--quiet>' in cloud.read('calls')
  assert '<tpus>' not in cloud.read('calls')


def test_an_instance_that_is_taken_away_is_replaced_and_the_training_goes_on(cloud):
  cloud.set(requests='STAGING RUNNING', plan='preempted\n0')
  done = _run(cloud, 'my-tpu', FLAGS, 'gs://b/run', script=BABYSIT)
  assert len(cloud.trainings) == 2
  created = [call for call in _asked(cloud) if call == 'instances create']
  assert len(created) == 2, done.stderr


@pytest.mark.parametrize('verb', ['create', 'setup', 'state', 'delete'])
def test_dry_run_prints_commands_that_a_shell_understands(cloud, verb):
  shown = _run(cloud, verb, 'my tpu', DRY_RUN=1)
  commands = [shlex.split(line) for line in shown.stdout.splitlines()]
  assert cloud.read('calls') == '' and commands
  assert all(command[0] in ('gcloud', 'git') for command in commands)
  assert all('tpus' not in command for command in commands)


def test_another_api_is_refused(cloud):
  refused = _run(cloud, 'state', 'my-tpu', API='gke', code=2)
  assert refused.stderr == (
    'launch/tpu_vm.sh: API=gke: should be compute, for Compute Engine, or tpu, for the Cloud TPU '
    'API\n'
  )
