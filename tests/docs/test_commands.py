"""Every command block of README and docs/, run as it stands, in a place of its own and small."""

import re
import shutil
import subprocess

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


def remove_outputs(block: str, machine: sandbox.Sandbox) -> None:
  """Removes runs that a block trains, and folders that it fills."""
  outputs = r'(?:tfgan-train (?:.|\\\n)*?--model_dir|--images_dir)=/tmp/(\S+)'
  for name in re.findall(outputs, block):
    shutil.rmtree(machine.tmp / name, ignore_errors=True)


def check_out(work) -> None:
  """Replaces a folder by a git repository of the package: scripts copy the files that git knows."""
  shutil.rmtree(work)
  work.mkdir()
  for name in ('launch', 'flags', 'tfgan_pipeline'):
    shutil.copytree(ROOT / name, work / name)
  shutil.copy(ROOT / 'setup.cfg', work)
  for command in ('init -q', 'add -A', '-c user.name=a -c user.email=a@b commit -qm files'):
    subprocess.run(['git', *command.split()], cwd=work, check=True)


def cloud_of(block: str, folder) -> dict[str, object]:
  """Puts a pretended cloud on PATH, with a TPU unless the block makes one; returns its settings."""
  if 'my-tpu' not in block:
    return {}
  check_out(folder / 'work')
  cloud = Cloud(folder)
  if 'tpu_vm.sh create' not in block:
    cloud.with_tpu()
  return {'POLL_SECONDS': 0.05, 'TICK_SECONDS': 0.05, 'BACKOFF_SECONDS': 0, 'ZONE': 'here-a'}


# Those that train, score and translate run by default, all others with --all.
DEFAULT = ('README.md-2', 'README.md-3')


@pytest.mark.parametrize(
  'name',
  [pytest.param(name, marks=() if name in DEFAULT else pytest.mark.heavy) for name in BLOCKS],
)
def test_it_runs_as_it_stands(name, machine, tmp_path):
  block = BLOCKS[name]
  remove_outputs(block, machine)
  done = machine.run(block, **cloud_of(block, tmp_path))
  assert done.returncode == 0, f'{block}\n{done.stdout}\n{done.stderr}'
  for output in re.findall(r'--(?:output|images_dir)=/tmp/(\S+)', block):
    assert (machine.tmp / output).exists(), output


def test_a_flag_that_is_gone_is_seen(machine):
  done = machine.run(
    'tfgan-sample --model_dir=/tmp/run --output=/tmp/samples.png --sampling_seed=7'
  )
  assert done.returncode == 2 and 'sampling_seed' in done.stderr


def test_a_file_that_is_gone_is_seen(machine):
  done = machine.run(BLOCKS['README.md-1'].replace('demo.sh', 'demonstration.sh'))
  assert done.returncode != 0
