"""Every command block of README and docs/, run as it stands, in a place of its own and small."""

import re
import shutil

import pytest

from tests.conftest import ROOT
from tests.docs import sandbox

PAGES = (ROOT / 'README.md', *sorted((ROOT / 'docs').glob('*.md')))
BLOCKS = {
  f'{page.name}-{number}': block
  for page in PAGES
  for number, block in enumerate(sandbox.blocks(page), 1)
}


@pytest.fixture(scope='module')
def furniture(tmp_path_factory):
  folder = tmp_path_factory.mktemp('furniture')
  sandbox.furnish(folder)
  return folder


@pytest.fixture
def machine(tmp_path, furniture):
  machine = sandbox.Sandbox(tmp_path)
  for place in ('tmp', 'home'):
    shutil.copytree(furniture / place, tmp_path / place, dirs_exist_ok=True)
  yield machine
  machine.close()


@pytest.mark.parametrize('name', BLOCKS)
def test_it_runs_as_it_stands(name, machine):
  block = BLOCKS[name]
  for trained in re.findall(r'tfgan-train (?:.|\\\n)*?--model_dir=/tmp/(\S+)', block):
    shutil.rmtree(machine.tmp / trained, ignore_errors=True)
  done = machine.run(block)
  assert done.returncode == 0, f'{block}\n{done.stdout}\n{done.stderr}'
  for output in re.findall(r'--(?:output|images_dir)=/tmp/(\S+)', block):
    assert (machine.tmp / output).exists(), output


def test_a_flag_that_is_gone_is_seen(machine):
  done = machine.run(BLOCKS['README.md-2'].replace('--sample_seed', '--sampling_seed'))
  assert done.returncode == 2 and 'sampling_seed' in done.stderr


def test_a_file_that_is_gone_is_seen(machine):
  done = machine.run(BLOCKS['README.md-1'].replace('demo.sh', 'demonstration.sh'))
  assert done.returncode != 0
