"""tests/run.sh and .ci/run: what they hand to linters and pytest, and which exit code they give."""

import shutil

import pytest

from tests.launch.scripts import ROOT, environment, program, run

RUN = ROOT / 'tests' / 'run.sh'
CI = ROOT / '.ci' / 'run'


@pytest.fixture
def python(tmp_path):
  """A Python that writes down its calls: its linters end with $RUFF and $PYREFLY."""
  return program(
    tmp_path,
    'python',
    f'''
    if [ "$1" = -c ]; then echo "$0"; exit; fi
    printf '<%s>' "$@" >> "{tmp_path}/calls"; echo >> "{tmp_path}/calls"
    case "$2" in
      ruff) exit "${{RUFF:-0}}" ;;
      pyrefly) exit "${{PYREFLY:-0}}" ;;
      pytest) pwd; cat; exit "${{PYTEST:-0}}" ;;
    esac
  ''',
  )


def _calls(python) -> list[str]:
  return (python.parent / 'calls').read_text().splitlines()


@pytest.mark.parametrize(
  'arguments, passed',
  [
    ([], ''),
    (['tests/metrics', '-k', 'a or b'], '<tests/metrics><-k><a or b>'),
    (['--all'], '<-m><>'),
    (['--all', '-x'], '<-m><><-x>'),
  ],
)
def test_linters_then_pytest_in_the_repository_and_nothing_else(
  python, tmp_path, arguments, passed
):
  program(tmp_path / 'bin', 'chromium', '')
  variables = environment(tmp_path / 'bin', TFGAN_PIPELINE_PYTHON=python)
  done = run(RUN, *arguments, cwd=tmp_path, env=variables)
  pytest_call = f'<-m><pytest><-n><4><--dist=loadfile><--no-loadscope-reorder>{passed}'
  record = ['<tests/launch/unchanged.py><--record>'] * (arguments == ['--all'])
  types = f'<-m><pyrefly><check><--summary=none><--python-interpreter-path><{python}>'
  assert _calls(python) == ['<-m><ruff><check><--quiet><.>', types, pytest_call, *record]
  assert (done.stdout, done.stderr) == (f'{ROOT}\n', '')


@pytest.mark.parametrize('script', [RUN, CI])
@pytest.mark.parametrize('code', [1, 5])
def test_exit_code_of_pytest_is_passed_on(python, script, code):
  run(script, code=code, env=environment(TFGAN_PIPELINE_PYTHON=python, PYTEST=code))


@pytest.mark.parametrize('script', [RUN, CI])
@pytest.mark.parametrize('calls, linter', [(1, 'RUFF'), (2, 'PYREFLY')])
def test_no_test_runs_on_code_that_a_linter_refuses(python, script, calls, linter):
  run(script, code=1, env=environment(TFGAN_PIPELINE_PYTHON=python, **{linter: 1}))
  assert len(_calls(python)) == calls


@pytest.mark.parametrize(
  'user, code, expected', [(0, 0, ['update', 'install']), (0, 1, ['update']), (1000, 0, [])]
)
def test_a_browser_is_installed_where_that_may_be(python, tmp_path, user, code, expected):
  """Runs --all on a machine that has no Chromium."""
  folder = tmp_path / 'bin'
  program(folder, 'id', f'echo {user}\n')
  program(folder, 'apt-get', f'echo "$1" >> "{tmp_path}/installed"; exit {code}\n')
  for name in ('bash', 'cat', 'dirname', 'env', 'getconf'):
    (folder / name).symlink_to(shutil.which(name))
  done = run(RUN, '--all', env=environment(PATH=folder, TFGAN_PIPELINE_PYTHON=python))
  installed = tmp_path / 'installed'
  assert (installed.read_text().split() if installed.exists() else []) == expected
  assert ('chromium cannot be installed' in done.stderr) == bool(code)
