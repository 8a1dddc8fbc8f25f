"""Examinations of tfgan-doctor: of Python, packages and their versions, devices and folders.

Each examination yields findings. None of them imports TensorFlow, which may be what is broken:
another process tries that.
"""

from __future__ import annotations

from collections.abc import Iterator
import glob
import importlib.metadata
import importlib.util
import json
import os
import platform
import shlex
import shutil
import subprocess
import sys
from typing import Any, NamedTuple

from tfgan_pipeline import __version__
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import first_line

_PYTHONS = ((3, 10), (3, 13))  # Oldest and newest that some TensorFlow from 2.15 to 2.21 has.
_ROOM = 10**9  # Bytes that a cache of a few data sets takes.
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
    mend: A command that mends it; '' where nothing has to be.
  """

  what: str
  state: str
  found: str
  mend: str = ''


def all_findings() -> Iterator[Finding]:
  """Yields what each examination finds, the quick ones first."""
  yield from _machine()
  yield from _packages()
  yield from _tensorflow()
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
    mend = (
      f'{shlex.quote(sys.executable)} -m pip uninstall --yes {" ".join(builds)} && {pip(plain)}'
    )
    return Finding(name, 'wrong', f'{" and ".join(builds)} at once', mend)
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


def _tensorflow() -> Iterator[Finding]:
  """Imports TensorFlow, Keras 2 and TF-GAN in another process, which may crash."""
  builds = _builds_of_tensorflow()
  if not builds:
    return
  done = subprocess.run([sys.executable, '-c', _IMPORT], capture_output=True, text=True)
  if done.returncode:
    lines = done.stderr.strip().splitlines() or [f'ended with {done.returncode}']
    found = f'cannot be imported: {lines[-1].strip()[:200]}'
    mend = pip('--force-reinstall', f'{builds[0]}=={_version(builds[0])}')
    # An illegal instruction: official builds need AVX, which old processors lack.
    yield Finding('import of TensorFlow', 'wrong', found, mend)
    return
  yield Finding('import of TensorFlow', 'ok', 'with Keras 2 and TF-GAN')
  gpus = json.loads(done.stdout.splitlines()[-1])
  there = len(glob.glob('/proc/driver/nvidia/gpus/*'))
  hidden = os.environ.get('CUDA_VISIBLE_DEVICES', 'all') in ('', '-1')
  if there > len(gpus) and not gpus and not hidden:
    mend = pip(f'tensorflow[and-cuda]=={_version(builds[0])}')
    yield Finding('GPUs', 'wrong', f'{there} here, which TensorFlow does not see', mend)
  else:
    yield Finding('GPUs', 'ok' if gpus else 'absent', f'{len(gpus)} seen by TensorFlow')


def _cache() -> Iterator[Finding]:
  """Looks for the folder that keeps trained extractors, and for room in it."""
  path = EvaluationOptions().cache_path
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


def _builds_of_tensorflow() -> list[str]:
  """Returns the names of installed distributions that have the module tensorflow, sorted."""
  return sorted(set(importlib.metadata.packages_distributions().get('tensorflow', ())))


def _version(name: str) -> str:
  """Returns the version of an installed distribution; '' if it is not installed."""
  try:
    return importlib.metadata.version(name)
  except importlib.metadata.PackageNotFoundError:
    return ''
