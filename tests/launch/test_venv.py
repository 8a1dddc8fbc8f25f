"""venv.sh: when it makes .venv, when it installs, and that neither is ever left half done."""

import pathlib
import shutil
import subprocess
import sys
import time

import pytest

from tests.launch.scripts import ROOT, environment, program, run

# `-m venv` without pip takes a tenth of a second.
PYTHON = f'''
if [ "${{2:-}}" = venv ]; then set -- "$@" --without-pip; fi
exec "{sys.executable}" "$@"
'''


class Clone:
  """A repository with venv.sh, a setup.cfg, and an install.sh that only writes down its calls."""

  def __init__(self, root: pathlib.Path, programs: pathlib.Path):
    self.root = root
    self.programs = programs
    (root / 'launch').mkdir(parents=True)
    shutil.copy(ROOT / 'launch' / 'venv.sh', root / 'launch')
    (root / 'setup.cfg').write_text('[metadata]\n')
    self.install_does('echo "$PYTHON|${1:-}" >> installs; echo chatter')
    program(programs, 'python3.11', PYTHON)

  def install_does(self, text: str) -> None:
    program(self.root / 'launch', 'install.sh', f'set -e; cd "$(dirname "$0")/.."\n{text}\n')

  def venv(self, *extras: str, **kwargs) -> subprocess.CompletedProcess:
    kwargs.setdefault('env', environment(self.programs))
    return run(self.root / 'launch' / 'venv.sh', *extras, **kwargs)

  @property
  def python(self) -> pathlib.Path:
    return self.root / '.venv' / 'bin' / 'python'

  @property
  def installs(self) -> list[str]:
    """The extras of each call of install.sh so far."""
    calls = [line.split('|') for line in (self.root / 'installs').read_text().splitlines()]
    assert all(python == str(self.python) for python, _ in calls)
    return [extras for _, extras in calls]


@pytest.fixture
def clone(tmp_path) -> Clone:
  return Clone(tmp_path / 'a clone', tmp_path / 'programs')


def test_makes_and_installs_once_and_prints_the_path_alone(clone):
  first = clone.venv()
  assert first.stdout == f'{clone.python}\n'
  assert [line.split()[0] for line in first.stderr.splitlines()] == ['Making', 'Installing']
  again = clone.venv()
  assert (again.stdout, again.stderr) == (first.stdout, '')
  assert clone.installs == ['']
  subprocess.run(
    [clone.python, '-c', 'import sys; assert sys.prefix != sys.base_prefix'], check=True
  )


def test_installs_again_into_the_same_when_setup_cfg_changes(clone):
  clone.venv()
  (clone.root / '.venv' / 'mine').touch()
  (clone.root / 'setup.cfg').write_text('[metadata]\nname = other\n')
  clone.venv()
  clone.venv()
  assert clone.installs == ['', '']
  assert (clone.root / '.venv' / 'mine').exists()


def test_extras_are_added_and_then_serve_without_too(clone):
  clone.venv()
  clone.venv('test')
  clone.venv('test')
  clone.venv()
  assert clone.installs == ['', 'test']


def test_a_failed_installation_is_made_anew(clone):
  clone.install_does('touch .venv/half; echo chatter; echo "no network" >&2; exit 3')
  failed = clone.venv(code=3)
  assert failed.stdout == '' and failed.stderr.endswith('\nchatter\nno network\n')
  clone.install_does('echo "$PYTHON|${1:-}" >> installs')
  clone.venv()
  assert clone.installs == ['']
  assert not (clone.root / '.venv' / 'half').exists()


def test_a_killed_installation_is_made_anew(clone):
  clone.install_does('touch .venv/half; sleep 60')
  process = subprocess.Popen(
    ['bash', clone.root / 'launch' / 'venv.sh'],
    stderr=subprocess.DEVNULL,
    env=environment(clone.programs),
    start_new_session=True,
  )
  while not (clone.root / '.venv' / 'half').exists():
    assert process.poll() is None
    time.sleep(0.05)
  subprocess.run(['kill', '-KILL', '--', f'-{process.pid}'], check=True)
  process.wait()
  clone.install_does('echo "$PYTHON|${1:-}" >> installs')
  clone.venv()
  assert clone.installs == ['']
  assert not (clone.root / '.venv' / 'half').exists()


def test_an_environment_that_was_moved_is_made_anew(clone):
  clone.venv()
  elsewhere = clone.root.with_name('else where')
  clone.root.rename(elsewhere)
  clone.root = elsewhere
  (elsewhere / 'installs').unlink()
  assert clone.venv().stdout == f'{elsewhere}/.venv/bin/python\n'
  assert clone.installs == ['']


def test_an_environment_that_lost_its_python_is_made_anew(clone):
  clone.venv()
  clone.python.unlink()
  clone.python.symlink_to(clone.root / 'gone')
  clone.venv()
  assert clone.installs == ['', '']


def test_an_environment_of_the_users_own_is_kept(clone):
  subprocess.run([sys.executable, '-m', 'venv', '--without-pip', clone.root / '.venv'], check=True)
  (clone.root / '.venv' / 'mine').touch()
  clone.install_does('exit 3')
  clone.venv(code=3)
  clone.install_does('echo "$PYTHON|${1:-}" >> installs')
  clone.venv()
  clone.venv()
  assert clone.installs == ['']
  assert (clone.root / '.venv' / 'mine').exists()


def test_one_that_has_no_python_at_all_is_left_to_the_user(clone):
  (clone.root / '.venv').mkdir()
  refused = clone.venv(code=2)
  assert refused.stderr == f'{clone.root}/.venv: has no Python 3.10 to 3.13; please remove it\n'
  assert (clone.root / '.venv').exists()


def test_takes_the_next_python_where_311_is_none(clone):
  program(clone.programs, 'python3.11', 'echo "pyenv: command not found" >&2; exit 127\n')
  program(clone.programs, 'python3.12', 'touch "$(dirname "$0")/taken"\n' + PYTHON)
  assert 'command not found' not in clone.venv().stderr
  assert (clone.programs / 'taken').exists()


def test_says_what_is_missing_where_no_python_fits(clone):
  refused = clone.venv(env=environment(clone.programs, PYTHON='/bin/false'), code=2)
  assert refused.stderr == (
    '/bin/false: no Python 3.10 to 3.13 with its venv module; please install Python 3.11\n'
  )
  assert not (clone.root / '.venv').exists()


def test_two_at_once_install_once(clone):
  if not shutil.which('flock'):
    pytest.skip('no flock here, so no lock')
  clone.install_does('sleep 0.5; echo "$PYTHON|${1:-}" >> installs')
  command = ['bash', str(clone.root / 'launch' / 'venv.sh')]
  both = [
    subprocess.Popen(
      command,
      env=environment(clone.programs),
      text=True,
      stdout=subprocess.PIPE,
      stderr=subprocess.DEVNULL,
    )
    for _ in range(2)
  ]
  assert [process.communicate(timeout=60)[0] for process in both] == [f'{clone.python}\n'] * 2
  assert clone.installs == ['']


def test_a_python_that_is_given_is_used_as_it_is(clone):
  given = clone.venv(env=environment(clone.programs, TFGAN_PIPELINE_PYTHON=sys.executable))
  assert (given.stdout, given.stderr) == (f'{sys.executable}\n', '')
  assert not (clone.root / '.venv').exists()
  assert not (clone.root / 'installs').exists()


def test_a_python_that_is_given_and_does_not_exist_is_an_error(clone):
  given = environment(clone.programs, TFGAN_PIPELINE_PYTHON='/no/python')
  missing = clone.venv(env=given, code=127)
  assert '/no/python' in missing.stderr and not missing.stdout
