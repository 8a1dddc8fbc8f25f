"""install.sh keeps the TensorFlow that is there: its choices, for metadata of many."""

import configparser
import re
import sys

from packaging.requirements import Requirement
import pytest

from tests.launch.scripts import ROOT, environment, program, run

INSTALL = ROOT / 'launch' / 'install.sh'
ASK_FOR_TENSORFLOW = {'tf-keras', 'tf-keras-nightly', 'tensorflow-hub', 'tensorflow-gan'}


@pytest.fixture
def commands(tmp_path):
  """A function: distributions by name -> the pip commands of install.sh, split in words."""

  def install(distributions, *arguments, code=0):
    site = tmp_path / 'site'
    for name, version in distributions.items():
      info = site / f'{name.replace("-", "_")}-{version}.dist-info'
      info.mkdir(parents=True)
      (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')
      (info / 'top_level.txt').write_text('tensorflow\n')
    (site / 'tensorflow').mkdir(parents=True, exist_ok=True)
    (site / 'tensorflow' / '__init__.py').write_text('raise SystemExit("imported")')
    # -S leaves out the site-packages of this test's own Python.
    python = program(tmp_path, 'python', f'PYTHONPATH="{site}" exec "{sys.executable}" -S "$@"\n')
    done = run(INSTALL, *arguments, code=code, env=environment(PYTHON=python, DRY_RUN=1))
    if code:
      return done.stderr
    lines = [line.split() for line in done.stdout.splitlines()]
    assert all(line[:4] == [str(python), '-m', 'pip', 'install'] for line in lines)
    assert '>=' in lines[0][-1] and lines[0][-1].startswith('pip')
    return [
      [word for word in line[4:] if word not in ('--quiet', '--disable-pip-version-check')]
      for line in lines[1:]
    ]

  return install


def _name(requirement: str) -> str:
  return re.match(r'[\w.-]+', requirement).group()


def _setup_cfg() -> configparser.ConfigParser:
  config = configparser.ConfigParser()
  config.read(ROOT / 'setup.cfg')
  return config


def _asked_for(section: str, key: str) -> list[str]:
  return [
    line for line in _setup_cfg()[section][key].split('\n') if line and not line.startswith('#')
  ]


def test_without_tensorflow_pip_chooses(commands):
  assert commands({}) == [['--editable', '.']]


def test_without_tensorflow_extras_are_passed_on(commands):
  assert commands({}, 'test') == [['--editable', '.[test]']]


@pytest.mark.parametrize(
  'build, version, probability, keras',
  [
    ('tensorflow', '2.15.1', '==0.23.*', 'tf-keras==2.15.*'),
    ('tensorflow', '2.16.2', '==0.24.*', 'tf-keras==2.16.*'),
    ('tensorflow', '2.17.0', '==0.24.*', 'tf-keras==2.17.*'),
    ('tensorflow', '2.18.0', '>=0.25', 'tf-keras==2.18.*'),
    ('tensorflow', '2.21.0', '>=0.25', 'tf-keras==2.21.*'),
    ('tensorflow', '2.15.0+nv23.12', '==0.23.*', 'tf-keras==2.15.*'),
    ('tensorflow-cpu', '2.15.1', '==0.23.*', 'tf-keras==2.15.*'),
    ('tensorflow-gpu', '2.17.1', '==0.24.*', 'tf-keras==2.17.*'),
    ('tensorflow-tpu', '2.20.0', '>=0.25', 'tf-keras==2.20.*'),
    ('tensorflow-rocm', '2.16.1', '==0.24.*', 'tf-keras==2.16.*'),
    ('tf-nightly', '2.22.0.dev20260101', '>=0.25', 'tf-keras-nightly'),
  ],
)
def test_what_matches_the_tensorflow_there(commands, build, version, probability, keras):
  resolve, alone = commands({build: version})
  assert resolve[0] == f'{build}=={version}'
  assert f'tensorflow-probability{probability}' in resolve
  assert alone[0] == '--no-deps' and alone[-2:] == ['--editable', '.']
  assert keras in alone


@pytest.mark.parametrize('build', ['tensorflow', 'tensorflow-cpu'])
def test_every_requirement_is_installed_once_and_none_brings_tensorflow(commands, build):
  resolve, alone = commands({build: '2.21.0'}, 'test')
  asked = [
    *_asked_for('options', 'install_requires'),
    *_asked_for('options.extras_require', 'test'),
  ]
  with_others, by_itself = map(_name, resolve[1:]), {_name(word) for word in alone[1:-2]}
  expected = {_name(line) for line in asked} - {'tensorflow'}
  assert by_itself == expected & ASK_FOR_TENSORFLOW
  assert sorted(with_others) == sorted(expected - ASK_FOR_TENSORFLOW)
  # As setup.cfg has them, but for the two that follow TensorFlow.
  assert 'tensorflow-gan==2.1.0' in alone


@pytest.mark.parametrize('version, needs_it', [('2.20.0', True), ('2.21.0', False)])
def test_older_tensorboards_get_a_setuptools_that_has_pkg_resources(commands, version, needs_it):
  resolve, _ = commands({'tensorflow': version})
  assert ('setuptools<81' in resolve) == needs_it


def test_two_builds_at_once_both_stay(commands):
  resolve, _ = commands({'tensorflow-cpu': '2.21.0', 'tensorflow': '2.21.0'})
  assert resolve[:2] == ['tensorflow==2.21.0', 'tensorflow-cpu==2.21.0']


def test_too_old_a_tensorflow_is_refused_in_one_line(commands):
  message = commands({'tensorflow-cpu': '2.14.1'}, code=2)
  assert message == (
    'tensorflow-cpu 2.14.1 is installed here; 2.15 is the oldest TensorFlow that works\n'
  )


@pytest.mark.parametrize('distributions', [{}, {'tensorflow': '2.21.0'}])
def test_an_unknown_extra_is_refused_in_one_line(commands, distributions):
  message = commands(distributions, 'tets', code=2)
  assert message.startswith('tets: no such extra in setup.cfg; there are ')
  assert message.count('\n') == 1


@pytest.mark.parametrize('path', sorted((ROOT / 'launch/constraints').iterdir()), ids=str)
def test_constraints_hold_a_version_that_fits_of_everything_that_is_asked_for(path):
  lines = [line for line in path.read_text().splitlines() if not line.startswith('#')]
  pinned = {_key(name): version for name, version in (line.split('==') for line in lines)}
  series = re.fullmatch(r'tensorflow-(\d+\.\d+)\.txt', path.name)[1]
  build = pinned.get('tensorflow') or pinned['tensorflow-cpu']
  assert build.startswith(f'{series}.') and pinned['tf-keras'].startswith(f'{series}.')
  for line in _asked_for('options', 'install_requires'):
    requirement = Requirement(line)
    if requirement.name != 'tensorflow':
      assert requirement.specifier.contains(pinned[_key(requirement.name)]), line


def _key(name: str) -> str:
  return re.sub(r'[-_.]+', '-', name).lower()
