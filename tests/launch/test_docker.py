"""Dockerfile, as far as it can be looked at without Docker."""

import configparser
import json
import shlex
import subprocess

import pytest

from tests.launch.scripts import ROOT

INSTRUCTIONS = {
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'FROM',
  'RUN',
  'USER',
  'WORKDIR',
}


@pytest.fixture(scope='module')
def instructions() -> list[tuple[str, str]]:
  text = (ROOT / 'launch' / 'Dockerfile').read_text().replace('\\\n', ' ')
  lines = [line for line in text.splitlines() if line and not line.startswith('#')]
  found = [tuple(line.split(None, 1)) for line in lines]
  assert {name for name, _ in found} <= INSTRUCTIONS
  return found


def _of(instructions, name) -> list[str]:
  return [rest for found, rest in instructions if found == name]


def test_begins_with_a_base_that_can_be_chosen(instructions):
  assert instructions[:2] == [('ARG', 'BASE=python:3.11-slim'), ('FROM', '$BASE')]


def test_signals_reach_the_program_which_is_not_root(instructions):
  assert json.loads(_of(instructions, 'ENTRYPOINT')[0]) == ['tini', '--']
  assert any(' tini' in run for run in _of(instructions, 'RUN'))
  assert _of(instructions, 'USER') == ['tfgan']
  names = [name for name, _ in instructions]
  assert names.index('USER') > max(i for i, name in enumerate(names) if name == 'RUN')
  assert json.loads(_of(instructions, 'CMD')[0])[0] in _console_scripts()


def test_commands_are_shell_and_name_what_exists(instructions):
  for run in _of(instructions, 'RUN'):
    subprocess.run(['sh', '-n', '-c', run], check=True)
    for word in shlex.split(run):
      if word.startswith('launch/'):
        assert (ROOT / word).is_file()


def test_what_is_copied_exists_and_is_all_that_installing_needs(instructions):
  for copy in _of(instructions, 'COPY'):
    *sources, _ = copy.split()
    assert all((ROOT / source).exists() for source in sources)
  ignored = (ROOT / '.dockerignore').read_text().split()
  needed = ['setup.cfg', 'pyproject.toml', 'README.md', 'LICENSE', 'launch', 'flags']
  assert not {*needed, 'tfgan_pipeline'} & set(ignored)
  assert {'.git', '.venv', 'runs'} <= set(ignored)


def test_the_tensorflow_that_it_installs_is_one_that_is_supported(instructions):
  (chosen,) = [arg for arg in _of(instructions, 'ARG') if arg.startswith('TENSORFLOW=')]
  config = configparser.ConfigParser()
  config.read(ROOT / 'setup.cfg')
  assert 'tensorflow>=2.15,<2.22' in config['options']['install_requires']
  assert chosen == 'TENSORFLOW="tensorflow-cpu<2.22"'


def test_examples_in_its_head_name_files_and_programs_that_exist():
  head = (ROOT / 'launch' / 'Dockerfile').read_text().partition('ARG')[0]
  words = shlex.split(head.replace('#', ''))
  assert words.count('launch/Dockerfile') == 3
  flagfiles = [word.partition('=')[2] for word in words if word.startswith('--flagfile=')]
  assert flagfiles and all((ROOT / name).is_file() for name in flagfiles)
  assert {word for word in words if word.startswith('tfgan-')} <= _console_scripts()


def _console_scripts() -> set[str]:
  config = configparser.ConfigParser()
  config.read(ROOT / 'setup.cfg')
  lines = config['options.entry_points']['console_scripts'].split('\n')
  return {line.split('=')[0].strip() for line in lines if line}
