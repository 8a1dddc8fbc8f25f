"""tfgan-doctor in environments that lack things, and in this one."""

import configparser
import importlib.util
import json
import os
import pathlib
import re
import subprocess
import sys

import pytest

from tests.conftest import ROOT, run_binary
from tfgan_pipeline.bin import examinations

BUILDS = {'tensorflow', 'tensorflow-cpu'}
NO_GAN = "No module named 'tensorflow_gan'"
HAS = ('absl', 'packaging')  # Packages that the poor environments have.


def required() -> list[str]:
  """Returns what the package asks for."""
  config = configparser.ConfigParser()
  config.read(ROOT / 'setup.cfg')
  lines = config['options']['install_requires'].splitlines()
  return [line for line in lines if line and line[0] != '#']


def well() -> dict[str, str]:
  """Returns a version of each required distribution that fits all others."""
  versions = {'tensorflow': '2.21.0', 'tf-keras': '2.21.0', 'tensorflow-gan': '2.1.0'}
  names = [re.split('[<>=]', line)[0] for line in required()]
  return {name: versions.get(name, '999.0') for name in names}


@pytest.fixture
def doctor(tmp_path):
  """A function: distributions by name -> exit code, findings by name, last line of stderr."""
  site = tmp_path / 'site'
  site.mkdir()
  for name in HAS:
    folder = pathlib.Path(importlib.util.find_spec(name).origin).parent
    (site / name).symlink_to(folder)
  (site / 'tfgan_pipeline').symlink_to(ROOT / 'tfgan_pipeline')

  def metadata(name, version, more=()):
    info = site / f'{name.replace("-", "_")}-{version}.dist-info'
    info.mkdir()
    head = ['Metadata-Version: 2.1', f'Name: {name}', f'Version: {version}', *more]
    (info / 'METADATA').write_text('\n'.join(head) + '\n')
    return info

  def run(distributions, tensorflow='raise ImportError("no AVX here")', **variables):
    requires = [f'Requires-Dist: {line}' for line in required()]
    extra = ['Provides-Extra: parquet', 'Requires-Dist: pyarrow>=14; extra == "parquet"']
    metadata('tfgan-pipeline', '0.1.0', [*requires, *extra])
    for name, version in distributions.items():
      module = 'tensorflow' if name in BUILDS else name.replace('-', '_')
      (metadata(name, version) / 'top_level.txt').write_text(f'{module}\n')
    if BUILDS & distributions.keys():
      (site / 'tensorflow').mkdir()
      (site / 'tensorflow/__init__.py').write_text(tensorflow)
    done = subprocess.run(
      [sys.executable, '-S', '-m', 'tfgan_pipeline.bin.doctor'],
      env={**os.environ, 'PYTHONPATH': str(site), 'HOME': str(tmp_path), **variables},
      capture_output=True,
      text=True,
      cwd=tmp_path,
    )
    found = {one['what']: one for one in map(json.loads, done.stdout.splitlines())}
    return done.returncode, found, done.stderr.strip()

  return run


def test_without_anything_each_package_is_named_with_a_command(doctor):
  code, found, last = doctor({'absl-py': '2.0'})
  assert code == 1 and last.startswith('1') and 'tensorflow' in last and last.count('\n') == 0
  assert found['absl-py']['state'] == found['python']['state'] == found['cache']['state'] == 'ok'
  assert found['tensorflow']['found'] == 'missing'
  assert found['tensorflow']['mend'] == f"{sys.executable} -m pip install 'tensorflow<2.22,>=2.15'"
  assert found['extra parquet']['state'] == 'absent'
  assert found['extra parquet']['mend'].endswith("'pyarrow>=14'")
  assert 'extra parquet' not in last


def test_versions_that_do_not_go_together(doctor):
  old = {'tensorflow-cpu': '2.16.1', 'tf-keras': '2.17.0', 'tensorboard': '2.16.2', 'numpy': '1.2'}
  code, found, _ = doctor(old)
  assert code == 1
  assert found['tensorflow']['state'] == 'ok' and 'tensorflow-cpu' in found['tensorflow']['found']
  assert found['tf-keras']['mend'].endswith("install --no-deps 'tf-keras==2.16.*'")
  assert found['setuptools']['mend'].endswith("install 'setuptools<81'")
  assert found['numpy']['found'] == '1.2; >=1.23 is needed'
  assert found['import of TensorFlow']['found'].endswith(
    'no AVX here; try again when the above is mended'
  )
  assert not found['import of TensorFlow']['mend']


@pytest.mark.parametrize(
  'tensorflow, found, mend',
  [
    ('raise ImportError("no symbol")', 'cannot be imported: .*no symbol', 'tensorflow==2.21.0'),
    ('import os; os.abort()', 'cannot be imported: ended by SIGABRT', 'tensorflow==2.21.0'),
    (f'raise ModuleNotFoundError("{NO_GAN}")', NO_GAN, '--no-deps tensorflow-gan==2.1.0'),
    ('import os; os.kill(os.getpid(), 4)', 'lacks instructions .* another build', ''),
    ('raise ImportError("was compiled to use AVX")', 'lacks instructions .* another build', ''),
  ],
)
def test_only_what_can_help_an_import_is_advised(doctor, tensorflow, found, mend):
  code, findings, last = doctor(well(), tensorflow)
  finding = findings['import of TensorFlow']
  assert code == 1 and last.startswith('1 to mend: import of TensorFlow; ')
  assert re.search(found, finding['found']), finding
  assert finding['mend'] == (mend and f'{sys.executable} -m pip install --force-reinstall {mend}')


@pytest.mark.parametrize(
  'build, state, mend',
  [
    ('tensorflow', 'wrong', ''),
    ('tensorflow-cpu', 'absent', '{} uninstall --yes tensorflow-cpu && '),
  ],
)
def test_gpus_that_tensorflow_does_not_see(monkeypatch, build, state, mend):
  monkeypatch.setattr('glob.glob', lambda path: ['0'] if 'nvidia' in path else [])
  builds = {'tensorflow': [build]}
  monkeypatch.setattr('importlib.metadata.packages_distributions', lambda: builds)
  monkeypatch.setattr('importlib.metadata.version', lambda name: '2.18.0')
  done = subprocess.CompletedProcess([], 0, '[]\n', '')
  monkeypatch.setattr('subprocess.run', lambda *_, **__: done)
  monkeypatch.delenv('CUDA_VISIBLE_DEVICES', raising=False)
  (found,) = [one for one in examinations.all_findings() if one.what == 'GPUs']
  pip = f'{sys.executable} -m pip'
  assert found.state == state
  assert found.mend == f"{mend.format(pip)}{pip} install 'tensorflow[and-cuda]==2.18.0'"


def test_two_builds_at_once_and_a_tensorflow_that_crashes(doctor):
  builds = {'tensorflow': '2.21.0', 'tensorflow-cpu': '2.21.0'}
  code, found, _ = doctor(builds, 'import os; os.abort()')
  assert code == 1 and found['tensorflow']['found'] == 'tensorflow and tensorflow-cpu at once'
  assert 'uninstall --yes tensorflow tensorflow-cpu && ' in found['tensorflow']['mend']
  assert 'cannot be imported' in found['import of TensorFlow']['found']


def test_a_cache_that_cannot_be_made(doctor, tmp_path):
  (tmp_path / 'file').touch()
  _, found, _ = doctor({}, TFGAN_PIPELINE_CACHE=f'{tmp_path}/file/cache')
  assert found['cache']['state'] == 'wrong' and 'TFGAN_PIPELINE_CACHE=' in found['cache']['mend']


def test_a_cache_in_a_bucket_is_no_folder_here(doctor, tmp_path):
  _, found, _ = doctor({}, TFGAN_PIPELINE_CACHE='gs://bucket/cache')
  assert found['cache']['found'].startswith('gs://bucket/cache, ')
  assert found['cache']['state'] == 'ok' and not list(tmp_path.glob('gs:*'))


def test_without_absl_it_is_one_line(doctor, tmp_path):
  (tmp_path / 'site/absl').unlink()
  assert doctor({}) == (1, {}, 'absl: is missing; python -m pip install absl-py')


@pytest.mark.heavy  # Another process imports TensorFlow.
def test_this_environment_is_well():
  found = [json.loads(line) for line in run_binary('doctor').stdout.splitlines()]
  assert {'ok'} <= {one['state'] for one in found} <= {'ok', 'absent'}
