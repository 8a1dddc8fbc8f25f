"""Every command that a script, a preset, a binary, README or docs/ shows has flags that exist."""

import dataclasses
import functools
import re
import shlex

from absl import flags
import pytest

from tests.conftest import ROOT, run_binary
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.config.settings import canonical_value

FILES = sorted(
  path
  for pattern in (
    *('launch/*', 'flags/**/*.flags', 'tfgan_pipeline/bin/*.py'),
    *('README.md', 'docs/*.md'),
  )
  for path in ROOT.glob(pattern)
  if path.is_file() and path.name not in ('__init__.py', 'command_line.py')
)
PROGRAM = re.compile(
  r'tfgan-(?P<name>[a-z][a-z-]*)'
  r'|tfgan_pipeline\.bin\.(?P<module>\w+)'
  r'|launch/tpu_vm\.sh (?P<verb>train|evaluate)'
  r'|(?P<script>launch/(local|babysit|multi_worker_local)\.sh|launch/slurm\.sbatch)'
)


def commands(text: str):
  """The binary and the flags of each command in a text."""
  lines = [re.sub(r'^\s*#', '', line) for line in text.splitlines()]
  for line in re.sub(r'\\+\n', ' ', '\n'.join(lines)).splitlines():
    for part in re.split(r'(?=tfgan-[a-z])', line):
      found = PROGRAM.search(part)
      if not found:
        continue
      binary = found['name'] or found['module'] or found['verb'] or 'train'
      rest = re.split(r'\s#|[`|<>&;)]\s|[`|<>&;]$', part[found.end() :])[0]
      try:
        words = shlex.split(rest)
      except ValueError:  # It ends within what stands in quotes, of another shell.
        words = rest.replace('"', ' ').replace("'", ' ').split()
      yield binary.replace('-', '_'), [word for word in words if re.match('--[a-z]', word)]


@functools.cache
def flags_of(binary: str) -> set[str]:
  listed = re.findall(r'^  --(\w+)$', run_binary(binary, '--helpfull').stdout, re.MULTILINE)
  return {*listed, 'list', 'help'}


def check_value(word: str) -> None:
  """Raises what the binary would say of the value, unless a shell has yet to make it."""
  name, equals, value = word[2:].partition('=')
  fields = {
    field.name: field
    for settings in (Experiment, EvaluationOptions)
    for field in dataclasses.fields(settings)
  }
  if name not in fields or not equals or re.search(r'[$*{]|\.\.\.|^[A-Z_]+$', value):
    return
  values = flags.FlagValues()
  for settings in (Experiment, EvaluationOptions):
    settings.define_flags(flag_values=values)
  values(['program', word])
  canonical_value(fields[name], values[name].value)


@pytest.mark.parametrize('path', FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_flags_that_are_shown_exist_and_take_these_values(path):
  text = path.read_text()
  for preset in re.findall(r'(?<![\w/])flags/[\w/]+\.flags', text):
    assert (ROOT / preset).exists(), preset
  for binary, words in commands(text):
    for word in words:
      name = word[2:].partition('=')[0]
      assert {name, name.removeprefix('no')} & flags_of(binary), f'tfgan-{binary} has no {word}'
      if '--import=' not in text:  # Own components are known to nobody here.
        check_value(word)


def test_enough_is_seen():
  seen = [command for path in FILES for command in commands(path.read_text())]
  assert ('train', ['--seed=1']) in [(binary, words[-1:]) for binary, words in seen]
  assert len(seen) > 100 and len({binary for binary, _ in seen}) >= 8
  assert sum(len(words) for _, words in seen) > 250
