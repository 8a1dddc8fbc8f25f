"""install.sh in an environment that has an older TensorFlow, and the digits preset on that."""

import json
import math
import shutil
import subprocess
import sys

import pytest

from tests.launch.scripts import copy_repository, environment, run

pytestmark = [pytest.mark.heavy, pytest.mark.usefixtures('package_index')]


@pytest.fixture(scope='module')
def package_index(tmp_path_factory):
  """Skips where pip reaches no package index, which it is asked for one small package."""
  folder = tmp_path_factory.mktemp('wheel')
  asked = [sys.executable, '-m', 'pip', 'download', '-q', '--no-deps', '--no-cache-dir', 'absl-py']
  got = subprocess.run([*asked, '-d', folder], capture_output=True, text=True)
  if got.returncode:
    pytest.skip(f'no package index can be reached: {got.stderr.strip()[-200:]}')


def _python_311() -> str:
  asks = 'import sys, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))'
  for name in ('python3.11', 'python3', 'python'):
    path = shutil.which(name)
    if path and not subprocess.run([path, '-c', asks], capture_output=True).returncode:
      return path
  pytest.skip('no python3.11 with venv here, the newest that TensorFlow 2.15 runs on')


@pytest.mark.parametrize('build', ['tensorflow', 'tensorflow-cpu'])
def test_tensorflow_2_15_stays_and_trains_and_scores(tmp_path, build):
  clone, bin_dir = tmp_path / 'a clone', tmp_path / 'venv' / 'bin'
  copy_repository(clone)
  subprocess.run([_python_311(), '-m', 'venv', tmp_path / 'venv'], check=True)
  _succeeds([bin_dir / 'python', '-m', 'pip', 'install', '-q', f'{build}==2.15.1'], tmp_path)

  installed = subprocess.run(
    ['bash', clone / 'launch' / 'install.sh'],
    capture_output=True,
    text=True,
    env=environment(PYTHON=bin_dir / 'python'),
  )
  assert installed.returncode == 0, installed.stderr

  listed = subprocess.run(
    [bin_dir / 'python', '-m', 'pip', 'list', '--format=json'],
    check=True,
    capture_output=True,
    text=True,
  )
  versions = {item['name'].replace('_', '-'): item['version'] for item in json.loads(listed.stdout)}
  assert versions[build] == '2.15.1'
  assert len({'tensorflow', 'tensorflow-cpu'} & set(versions)) == 1
  assert versions['tf-keras'].startswith('2.15.')
  assert versions['tensorflow-probability'].startswith('0.23.')

  model_dir = f'--model_dir={tmp_path / "run"}'
  _succeeds(
    [
      bin_dir / 'tfgan-train',
      '--flagfile=flags/digits_dcgan.flags',
      model_dir,
      '--max_steps=4',
      '--save_every=2',
      '--sample_every=4',
    ],
    clone,
  )
  recorded = json.loads((tmp_path / 'run' / 'experiment.json').read_text())
  assert recorded['sessions'][0]['versions']['tensorflow'] == '2.15.1'
  scored = _succeeds(
    [
      bin_dir / 'tfgan-evaluate',
      model_dir,
      '--extractor=random_projection',
      '--metrics=fid',
      '--num_samples=256',
      f'--cache_dir={tmp_path / "cache"}',
    ],
    clone,
  )
  record = json.loads(scored)
  assert record['step'] == 4
  assert all(math.isfinite(value) for value in record['scores'].values())


def _succeeds(command, cwd) -> str:
  done = subprocess.run(command, cwd=cwd, env=environment(), capture_output=True, text=True)
  assert done.returncode == 0, done.stdout + done.stderr
  return done.stdout


def test_the_stamp_of_venv_follows_a_real_installation(tmp_path):
  clone = copy_repository(tmp_path / 'a clone')
  run_venv = clone / 'launch' / 'venv.sh'
  process = subprocess.run(['bash', run_venv], capture_output=True, text=True, env=environment())
  assert process.returncode == 0, process.stderr
  python = process.stdout.strip()
  _succeeds([python, '-m', 'pip', 'check'], tmp_path)
  _succeeds([python, '-c', 'from tfgan_pipeline.compat import tfgan; tfgan.gan_model'], tmp_path)
  again = run(run_venv)
  assert (again.stdout, again.stderr) == (process.stdout, '')
