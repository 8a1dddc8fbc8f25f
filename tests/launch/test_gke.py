"""gke_jobset.yaml: that its fields exist, and what it says about each way in which a job ends."""

import pytest

from tests.launch.scripts import ROOT

yaml = pytest.importorskip('yaml', reason='no PyYAML; pip install pyyaml')

# The fields that Kubernetes 1.31 (batch/v1, v1) and JobSet 0.6 (v1alpha2) have in these places, as
# far as they are of use here, with the kind of what is in them; [] is a list of a kind.
FIELDS = {
  'JobSet': {'apiVersion': '', 'kind': '', 'metadata': 'Metadata', 'spec': 'JobSetSpec'},
  'Metadata': {'name': '', 'namespace': '', 'labels': '', 'annotations': ''},
  'JobSetSpec': {
    'replicatedJobs': '[]ReplicatedJob',
    'failurePolicy': 'FailurePolicy',
    'successPolicy': 'SuccessPolicy',
    'startupPolicy': '',
    'network': '',
    'suspend': '',
    'ttlSecondsAfterFinished': '',
  },
  'FailurePolicy': {'maxRestarts': '', 'rules': '[]FailurePolicyRule'},
  'FailurePolicyRule': {
    'name': '',
    'action': '',
    'onJobFailureReasons': '',
    'targetReplicatedJobs': '',
  },
  'SuccessPolicy': {'operator': '', 'targetReplicatedJobs': ''},
  'ReplicatedJob': {'name': '', 'replicas': '', 'template': 'JobTemplate'},
  'JobTemplate': {'metadata': 'Metadata', 'spec': 'JobSpec'},
  'JobSpec': {
    'parallelism': '',
    'completions': '',
    'completionMode': '',
    'backoffLimit': '',
    'activeDeadlineSeconds': '',
    'podReplacementPolicy': '',
    'podFailurePolicy': 'PodFailurePolicy',
    'template': 'PodTemplate',
  },
  'PodFailurePolicy': {'rules': '[]PodFailurePolicyRule'},
  'PodFailurePolicyRule': {
    'action': '',
    'onExitCodes': 'OnExitCodes',
    'onPodConditions': '[]OnPodConditions',
  },
  'OnExitCodes': {'containerName': '', 'operator': '', 'values': ''},
  'OnPodConditions': {'type': '', 'status': ''},
  'PodTemplate': {'metadata': 'Metadata', 'spec': 'PodSpec'},
  'PodSpec': {
    'restartPolicy': '',
    'serviceAccountName': '',
    'terminationGracePeriodSeconds': '',
    'nodeSelector': '',
    'tolerations': '',
    'volumes': '',
    'containers': '[]Container',
  },
  'Container': {
    'name': '',
    'image': '',
    'command': '',
    'args': '',
    'env': '',
    'resources': 'Resources',
    'volumeMounts': '',
  },
  'Resources': {'requests': '', 'limits': ''},
}


@pytest.fixture(scope='module')
def jobset():
  return yaml.safe_load((ROOT / 'launch' / 'gke_jobset.yaml').read_text())


@pytest.fixture(params=['train', 'evaluate'])
def job(jobset, request):
  (found,) = [job for job in jobset['spec']['replicatedJobs'] if job['name'] == request.param]
  return {'name': request.param, **found['template']['spec']}


def _unknown(value, kind: str, path: str) -> list[str]:
  if kind.startswith('[]'):
    assert isinstance(value, list), path
    return [
      name
      for index, item in enumerate(value)
      for name in _unknown(item, kind[2:], f'{path}[{index}]')
    ]
  if not kind:
    return []
  return [f'{path}.{name}' for name in value if name not in FIELDS[kind]] + [
    unknown
    for name, item in value.items()
    if name in FIELDS[kind]
    for unknown in _unknown(item, FIELDS[kind][name], f'{path}.{name}')
  ]


def test_every_field_exists(jobset):
  assert _unknown(jobset, 'JobSet', 'jobset') == []
  assert (jobset['apiVersion'], jobset['kind']) == ('jobset.x-k8s.io/v1alpha2', 'JobSet')


def test_a_wrong_field_would_be_seen(jobset):
  broken = {**jobset, 'spec': {'replicatedJobs': [{'name': 'a', 'templates': {}}]}}
  assert _unknown(broken, 'JobSet', 'jobset') == ['jobset.spec.replicatedJobs[0].templates']


def _becomes(job, *, code: int = 0, condition: str = '') -> str:
  """Returns Kubernetes' action for a pod that ended so: the first rule's that fits, or Count."""
  for rule in job['podFailurePolicy']['rules']:
    assert ('onExitCodes' in rule) != ('onPodConditions' in rule)
    codes = rule.get('onExitCodes')
    if codes:
      assert codes['containerName'] == job['template']['spec']['containers'][0]['name']
      assert codes['operator'] == 'In' and 0 not in codes['values']
      if code in codes['values']:
        return rule['action']
    elif {'type': condition, 'status': 'True'} in rule['onPodConditions']:
      return rule['action']
  return 'Count'


def test_what_becomes_of_each_exit_code(job):
  assert _becomes(job, code=75) == 'Ignore'  # A new pod, without limit.
  assert _becomes(job, code=75, condition='DisruptionTarget') == 'Ignore'
  assert _becomes(job, code=143) == 'Ignore'
  assert _becomes(job, code=137, condition='DisruptionTarget') == 'Ignore'
  assert _becomes(job, code=1) == 'Count'
  assert _becomes(job, code=137) == 'Count'
  assert _becomes(job, code=2) == 'FailJob'
  assert job['backoffLimit'] > 0


def test_wrong_usage_ends_the_whole_at_once(jobset):
  assert jobset['spec']['failurePolicy']['rules'] == [
    {'name': 'wrongUsage', 'action': 'FailJobSet', 'onJobFailureReasons': ['PodFailurePolicy']}
  ]


def test_one_pod_at_a_time_and_a_new_one_after_it(job):
  assert (job['parallelism'], job['completions']) == (1, 1)
  # Kubernetes refuses a podFailurePolicy with any other.
  assert job['template']['spec']['restartPolicy'] == 'Never'
  assert job['podReplacementPolicy'] == 'Failed'


def test_sigterm_reaches_the_program_and_leaves_it_time(job):
  pod = job['template']['spec']
  (container,) = pod['containers']
  assert 'command' not in container  # It would replace the image's tini.
  assert container['args'][0] == f'tfgan-{job["name"]}'
  assert pod['terminationGracePeriodSeconds'] >= 30


def test_both_are_of_one_run(jobset):
  for job in jobset['spec']['replicatedJobs']:
    (container,) = job['template']['spec']['template']['spec']['containers']
    assert '--model_dir=MODEL_DIR' in container['args']
    assert container['image'] == 'IMAGE'


def test_training_has_the_tpu_and_evaluation_has_none(jobset):
  train, evaluate = [
    job['template']['spec']['template']['spec'] for job in jobset['spec']['replicatedJobs']
  ]
  chips = train['containers'][0]['resources']
  selector = train['nodeSelector']
  rows, columns = map(int, selector['cloud.google.com/gke-tpu-topology'].split('x'))
  assert chips['requests'] == chips['limits'] == {'google.com/tpu': str(rows * columns)}
  assert 'cloud.google.com/gke-tpu-accelerator' in selector
  assert all(isinstance(value, str) for value in selector.values())
  assert 'google.com/tpu' not in evaluate['containers'][0]['resources']['limits']
  assert 'nodeSelector' not in evaluate


def test_files_that_it_names_are_in_the_image(jobset):
  for job in jobset['spec']['replicatedJobs']:
    for argument in job['template']['spec']['template']['spec']['containers'][0]['args']:
      if argument.startswith('--flagfile='):
        assert (ROOT / argument.partition('=')[2]).is_file()
