"""Examinations of tfgan-doctor: of Python, packages and their versions, devices and folders.

Each examination yields findings. None of them imports TensorFlow, which may be what is broken:
another process tries that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import glob
import importlib.metadata
import importlib.util
import itertools
import json
import os
import platform
import re
import shlex
import shutil
import signal
import subprocess
import sys
from typing import Any, NamedTuple

from tfgan_pipeline import __version__
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import first_line
from tfgan_pipeline.runs import files

_PYTHONS = ((3, 10), (3, 13))  # Oldest and newest that some TensorFlow from 2.15 to 2.21 has.
_ROOM = 10**9  # Bytes that a cache of a few data sets takes.
_FOREIGN = 'was compiled to use'  # Where TensorFlow itself sees that the processor is too old.
_IMPORT = """
import json, os, sys
os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
from tfgan_pipeline.compat import tf, tfgan
tfgan.gan_model
print(json.dumps([device.name for device in tf.config.list_physical_devices('GPU')]))
"""


class Finding(NamedTuple):
  """One thing that was looked at.

  Attributes:
    what: Its name.
    state: 'ok'; 'absent', where only some features need it; or 'wrong'.
    found: A few words on what is there.
    mend: A command that mends it; '' where nothing has to be, or no command of its own does.
  """

  what: str
  state: str
  found: str
  mend: str = ''


def all_findings() -> Iterator[Finding]:
  """Yields what each examination finds, the quick ones first."""
  is_well = True
  for finding in itertools.chain(_machine(), _packages()):
    is_well = is_well and finding.state != 'wrong'
    yield finding
  yield from _tensorflow(is_well)
  yield from _cache()


def pip(*requirements: str) -> str:
  """Returns the command that installs requirements into the running environment."""
  return shlex.join([sys.executable, '-m', 'pip', 'install', *requirements])


def _machine() -> Iterator[Finding]:
  version, (oldest, newest) = sys.version_info[:2], _PYTHONS
  fits = oldest <= version <= newest
  mend = '' if fits else 'python3.11 -m venv .venv && . .venv/bin/activate'
  yield Finding('python', 'ok' if fits else 'wrong', platform.python_version(), mend)
  cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()
  gib = ''
  if 'SC_PHYS_PAGES' in getattr(os, 'sysconf_names', ()):
    memory = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    gib = f', {memory / 2**30:.0f} GiB of memory'
  system = f'{platform.system()} {platform.machine()}, {cores} cores{gib}'
  if sys.platform == 'win32':
    yield Finding(
      'system', 'wrong', f'{system}; runs need the file locks of Linux', 'wsl --install'
    )
  else:
    yield Finding('system', 'ok', system)


def _packages() -> Iterator[Finding]:
  """Compares versions of what is installed with those that the package asks for."""
  try:
    asked = importlib.metadata.requires('tfgan-pipeline') or []
  except importlib.metadata.PackageNotFoundError:
    folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    mend = pip('--no-deps', '--editable', folder)
    yield Finding('tfgan-pipeline', 'wrong', f'{__version__}, but not installed', mend)
    return
  yield Finding('tfgan-pipeline', 'ok', __version__)
  if importlib.util.find_spec('packaging') is None:
    yield Finding('packaging', 'wrong', 'missing, so that no version can be told', pip('packaging'))
    return
  from packaging.requirements import Requirement

  for requirement in map(Requirement, asked):
    extras = requirement.marker and 'extra' in str(requirement.marker)
    if not extras and (not requirement.marker or requirement.marker.evaluate()):
      yield _package(requirement)
  yield from _fits_tensorflow()
  yield from _extras([Requirement(text) for text in asked])


def _package(requirement: Any) -> Finding:
  name = requirement.name
  plain = f'{name}{requirement.specifier}'
  builds = _builds_of_tensorflow() if name == 'tensorflow' else [name]
  if len(builds) > 1:  # Each overwrites files of the others.
    return Finding(name, 'wrong', f'{" and ".join(builds)} at once', _replace(builds, plain))
  version = _version(builds[0]) if builds else ''
  if not version:
    return Finding(name, 'wrong', 'missing', pip(plain))
  found = version if builds[0] == name else f'{builds[0]} {version}'
  if requirement.specifier.contains(version, prereleases=True):
    return Finding(name, 'ok', found)
  return Finding(name, 'wrong', f'{found}; {requirement.specifier} is needed', pip(plain))


def _fits_tensorflow() -> Iterator[Finding]:
  """Examines what must match the TensorFlow that is there, whichever build it is."""
  builds = _builds_of_tensorflow()
  if not builds:
    return
  series = '.'.join(_version(builds[0]).split('.')[:2])
  keras = _version('tf-keras')
  if keras and not keras.startswith(f'{series}.'):
    mend = pip('--no-deps', f'tf-keras=={series}.*')
    yield Finding('tf-keras', 'wrong', f'{keras}, and TensorFlow is {series}', mend)
  board = _version('tensorboard')
  if board and tuple(map(int, board.split('.')[:2])) < (2, 21):
    if importlib.util.find_spec('pkg_resources') is None:
      found = f'TensorBoard {board} imports pkg_resources, gone from setuptools 82'
      yield Finding('setuptools', 'wrong', found, pip('setuptools<81'))


def _extras(requirements: list[Any]) -> Iterator[Finding]:
  """Names the packages that only some features need, apart from those of the tests."""
  known = importlib.metadata.metadata('tfgan-pipeline').get_all('Provides-Extra') or []
  for extra in known:
    wanted = [
      one
      for one in requirements
      if extra != 'test' and one.marker and one.marker.evaluate({'extra': extra})
      if not one.marker.evaluate({'extra': ''})
    ]
    missing = [f'{one.name}{one.specifier}' for one in wanted if not _version(one.name)]
    if missing:
      yield Finding(f'extra {extra}', 'absent', f'without {" and ".join(missing)}', pip(*missing))
    elif wanted:
      yield Finding(f'extra {extra}', 'ok', ', '.join(one.name for one in wanted))


def _tensorflow(is_well: bool) -> Iterator[Finding]:
  """Imports TensorFlow, Keras 2 and TF-GAN in another process, which may crash.

  Args:
    is_well: Whether all that was examined before is well, so that an error is TensorFlow's own.
  """
  builds = _builds_of_tensorflow()
  if not builds:
    return
  done = subprocess.run([sys.executable, '-c', _IMPORT], capture_output=True, text=True)
  if done.returncode:
    yield _failed_import(done, builds, is_well)
    return
  yield Finding('import of TensorFlow', 'ok', 'with Keras 2 and TF-GAN')
  gpus = json.loads(done.stdout.splitlines()[-1])
  there = len(glob.glob('/proc/driver/nvidia/gpus/*'))
  hidden = os.environ.get('CUDA_VISIBLE_DEVICES', 'all') in ('', '-1')
  if there and not gpus and not hidden:
    name = 'tf-nightly' if 'nightly' in builds[0] else 'tensorflow'
    with_cuda = f'{name}[and-cuda]=={_version(builds[0])}'
    if builds == [name]:
      found = f'{there} here, which TensorFlow does not see'
      yield Finding('GPUs', 'wrong', found, pip(with_cuda))
    else:  # A build for processors alone, which is all that many want.
      found = f'{there} here, which {" and ".join(builds)} does not use'
      yield Finding('GPUs', 'absent', found, _replace(builds, with_cuda))
  else:
    yield Finding('GPUs', 'ok' if gpus else 'absent', f'{len(gpus)} seen by TensorFlow')


def _failed_import(
  done: subprocess.CompletedProcess[str], builds: Sequence[str], is_well: bool
) -> Finding:
  """Tells why the import of TensorFlow failed, and what would mend that."""
  what, lines = 'import of TensorFlow', done.stderr.strip().splitlines()
  if done.returncode == -signal.SIGILL or _FOREIGN in done.stderr:
    found = f'this processor lacks instructions that {builds[0]} was built with, such as AVX'
    return Finding(what, 'wrong', f'{found}; another build or another machine is needed')
  found = f'cannot be imported: {lines[-1].strip()[:200] if lines else _ending(done.returncode)}'
  if not is_well:
    return Finding(what, 'wrong', f'{found}; try again when the above is mended')
  missing = re.search(r"No module named '(\w+)", found)
  owners = importlib.metadata.packages_distributions().get(missing[1], ()) if missing else ()
  broken = [f'{name}=={_version(name)}' for name in sorted({*owners}) or builds]
  alone = ['--no-deps'] if owners else []  # Else a newer TensorFlow may come along.
  return Finding(what, 'wrong', found, pip('--force-reinstall', *alone, *broken))


def _ending(code: int) -> str:
  """Returns the end of a process in words, as 'ended by SIGABRT'."""
  return f'ended by {signal.Signals(-code).name}' if code < 0 else f'ended with {code}'


def _cache() -> Iterator[Finding]:
  """Looks for the folder that keeps trained extractors, and for room in it."""
  path = EvaluationOptions().cache_path
  if not files.is_local(path):
    yield Finding('cache', 'ok', f'{path}, which is not examined: it is no local folder')
    return
  elsewhere = 'export TFGAN_PIPELINE_CACHE=/a/folder/of/yours'
  try:
    os.makedirs(path, exist_ok=True)
  except OSError as error:
    yield Finding('cache', 'wrong', f'{path}: {first_line(error)}', elsewhere)
    return
  free = shutil.disk_usage(path).free
  is_wrong = free < _ROOM or not os.access(path, os.W_OK)
  found = f'{path}, {free / 1e9:,.1f} GB free'
  yield Finding('cache', 'wrong' if is_wrong else 'ok', found, elsewhere if is_wrong else '')


def _replace(builds: Sequence[str], requirement: str) -> str:
  """Returns the command that removes builds of TensorFlow before it installs another."""
  remove = shlex.join([sys.executable, '-m', 'pip', 'uninstall', '--yes', *builds])
  return f'{remove} && {pip(requirement)}'


def _builds_of_tensorflow() -> list[str]:
  """Returns the names of installed distributions that have the module tensorflow, sorted."""
  return sorted(set(importlib.metadata.packages_distributions().get('tensorflow', ())))


def _version(name: str) -> str:
  """Returns the version of an installed distribution; '' if it is not installed."""
  try:
    return importlib.metadata.version(name)
  except importlib.metadata.PackageNotFoundError:
    return ''
