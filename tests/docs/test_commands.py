"""Every command block of README and docs/, run as it stands, in a place of its own and small."""

import re
import shutil

import pytest

from tests.conftest import ROOT
from tests.docs import sandbox
from tests.launch.cloud import Cloud

PAGES = (ROOT / 'README.md', ROOT / 'launch/README.md', *sorted((ROOT / 'docs').glob('*.md')))
BLOCKS = {
  f'{page.relative_to(ROOT)}-{number}': block
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


def cloud_of(block: str, folder) -> dict[str, object]:
  """Puts a pretended cloud on PATH, with a TPU unless the block makes one; returns its settings."""
  if 'my-tpu' not in block:
    return {}
  cloud = Cloud(folder)
  if 'tpu_vm.sh create' not in block:
    cloud.with_tpu()
  return {'POLL_SECONDS': 0.05, 'TICK_SECONDS': 0.05, 'BACKOFF_SECONDS': 0, 'ZONE': 'here-a'}


@pytest.mark.parametrize('name', BLOCKS)
def test_it_runs_as_it_stands(name, machine, tmp_path):
  block = BLOCKS[name]
  for trained in re.findall(r'tfgan-train (?:.|\\\n)*?--model_dir=/tmp/(\S+)', block):
    shutil.rmtree(machine.tmp / trained, ignore_errors=True)
  done = machine.run(block, **cloud_of(block, tmp_path))
  assert done.returncode == 0, f'{block}\n{done.stdout}\n{done.stderr}'
  for output in re.findall(r'--(?:output|images_dir)=/tmp/(\S+)', block):
    assert (machine.tmp / output).exists(), output


def test_a_flag_that_is_gone_is_seen(machine):
  done = machine.run(BLOCKS['README.md-2'].replace('--sample_seed', '--sampling_seed'))
  assert done.returncode == 2 and 'sampling_seed' in done.stderr


def test_a_file_that_is_gone_is_seen(machine):
  done = machine.run(BLOCKS['README.md-1'].replace('demo.sh', 'demonstration.sh'))
  assert done.returncode != 0
