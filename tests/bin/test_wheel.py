"""The package as it is published: built, installed elsewhere, and used without a clone."""

import json
import os
import subprocess
import sys
import sysconfig

import pytest

from tests.conftest import ROOT
from tests.launch.scripts import copy_repository

pytestmark = pytest.mark.heavy

# Gone from newer Pythons and setuptools; hidden from this one.
WITHOUT_VERSION_MODULES = """
import sys
class Hidden:
  def find_spec(self, name, path=None, target=None):
    if name.partition('.')[0] in ('distutils', 'pkg_resources', '_distutils_hack'):
      raise ModuleNotFoundError(f'No module named {name!r}', name=name)
import importlib.util
known = importlib.util.find_spec
importlib.util.find_spec = lambda name, *more: (
  None if name in ('distutils', 'pkg_resources') else known(name, *more))
sys.meta_path.insert(0, Hidden())
for name in [name for name in sys.modules if name.partition('.')[0] == 'distutils']:
  del sys.modules[name]
"""


def succeeds(command, cwd) -> str:
  environment = {name: value for name, value in os.environ.items() if name != 'PYTHONPATH'}
  done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True)
  assert done.returncode == 0, done.stdout + done.stderr
  return done.stdout


@pytest.fixture(scope='module')
def source(tmp_path_factory):
  """A copy of the repository, as building leaves its traces beside the package."""
  return copy_repository(tmp_path_factory.mktemp('source') / 'repository')


@pytest.fixture(scope='module')
def wheel(source):
  """The wheel, built from the archive of sources, as publishing does."""
  build = 'from setuptools import build_meta; print(build_meta.build_sdist("dist"))'
  archive = succeeds([sys.executable, '-c', build], source).splitlines()[-1]
  pip = [sys.executable, '-m', 'pip', 'wheel', '-q', '--no-deps', '--no-build-isolation']
  succeeds([*pip, '-w', 'wheels', f'dist/{archive}'], source)
  (wheel,) = (source / 'wheels').glob('*.whl')
  return wheel


def environment_of(folder, *requirement) -> str:
  """Makes an environment with this one's packages and the requirement; returns its bin/."""
  subprocess.run([sys.executable, '-m', 'venv', folder], check=True)
  (site,) = folder.glob('lib/python*/site-packages')
  (site / 'others.pth').write_text(sysconfig.get_path('purelib') + '\n')
  pip = [folder / 'bin/python', '-m', 'pip', 'install', '-q', '--no-deps', '--no-build-isolation']
  succeeds([*pip, *requirement], folder)
  return folder / 'bin'


def test_it_trains_scores_and_samples_without_a_clone(wheel, tmp_path):
  bin_dir = environment_of(tmp_path / 'venv', wheel)
  listed = succeeds([bin_dir / 'tfgan-train', '--list=preset'], tmp_path)
  assert str(tmp_path / 'venv') in listed.splitlines()[0] and 'fid floor 2.7' in listed
  small = ('--max_steps=2', '--save_every=2', '--sample_every=2')
  train = [bin_dir / 'tfgan-train', '--preset=digits_dcgan', *small]
  succeeds([*train, '--model_dir=run'], tmp_path)
  record = json.loads((tmp_path / 'run/experiment.json').read_text())
  assert 'filters=24' in record['experiment']['networks']
  scores = ('--extractor=random_projection', '--metrics=fid', '--num_samples=64')
  evaluate = [bin_dir / 'tfgan-evaluate', '--model_dir=run', *scores, '--cache_dir=cache']
  assert json.loads(succeeds(evaluate, tmp_path).splitlines()[-1])['step'] == 2
  succeeds([bin_dir / 'tfgan-sample', '--model_dir=run', '--output=samples.png'], tmp_path)
  succeeds([bin_dir / 'tfgan-report', '--model_dir=run', '--output=report.html'], tmp_path)
  assert 'digits_dcgan' in (tmp_path / 'report.html').read_text()
  assert '| 1 ' in succeeds([bin_dir / 'tfgan-compare', 'run', '--format=markdown'], tmp_path)
  succeeds([bin_dir / 'tfgan-export', '--model_dir=run', '--step=best', '--output=gan'], tmp_path)
  card = (tmp_path / 'gan/README.md').read_text()
  assert '| fid[random_projection] |' in card and 'saved-model' in card
  states = [
    json.loads(line) for line in succeeds([bin_dir / 'tfgan-doctor'], tmp_path).splitlines()
  ]
  assert {one['state'] for one in states} <= {'ok', 'absent'}


def test_an_editable_installation_has_presets(source, tmp_path):
  bin_dir = environment_of(tmp_path / 'venv', '--editable', source)
  listed = succeeds([bin_dir / 'tfgan-train', '--list=preset'], tmp_path)
  assert str(source) in listed.splitlines()[0] and 'digits_dcgan' in listed


def test_tfgan_is_imported_where_distutils_and_pkg_resources_are_gone(tmp_path):
  use = (
    'from tfgan_pipeline.compat import tf, tfgan\n'
    'import tensorflow_probability as tfp; tfp.distributions.Normal(0.0, 1.0)\n'
    'print(callable(tfgan.gan_model), sys.modules.get("pkg_resources"))'
  )
  script = tmp_path / 'script.py'
  script.write_text(f'{WITHOUT_VERSION_MODULES}\nsys.path.insert(0, {str(ROOT)!r})\n{use}\n')
  assert succeeds([sys.executable, script], tmp_path).split() == ['True', 'None']
