"""Shell scripts as subprocesses, with programs on PATH that only pretend."""

from __future__ import annotations

from collections.abc import Callable
import os
import pathlib
import shutil
import signal
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]


def program(folder: pathlib.Path, name: str, text: str) -> pathlib.Path:
  """Writes an executable bash script."""
  folder.mkdir(parents=True, exist_ok=True)
  path = folder / name
  path.write_text('#!/usr/bin/env bash\n' + text)
  path.chmod(0o755)
  return path


def environment(first: pathlib.Path | None = None, **variables: object) -> dict[str, str]:
  """Returns the environment of a script: `first` leads PATH, and no choice of ours leaks in."""
  inherited = {
    name: value
    for name, value in os.environ.items()
    if name
    not in (
      'TFGAN_PIPELINE_PYTHON',
      'PYTHON',
      'PYTHONPATH',
      'DRY_RUN',
      'MODEL_DIR',
      'EVALUATE_FLAGS',
      'PORT',
      'KEEP_TENSORBOARD',
      'TF_CONFIG',
      'ZONE',
      'PROJECT',
      'API',
      'MACHINE_TYPE',
      'IMAGE_FAMILY',
      'TENSORFLOW',
      'ACCELERATOR_TYPE',
      'RUNTIME_VERSION',
      'SPOT',
      'CREATE_FLAGS',
      'MAX_FAILURES',
      'DELETE_AT_END',
    )
  }
  if first:
    inherited['PATH'] = f'{first}{os.pathsep}{inherited["PATH"]}'
  return {**inherited, **{name: str(value) for name, value in variables.items()}}


def run(
  script: pathlib.Path,
  *arguments: object,
  code: int = 0,
  cwd=None,
  env: dict[str, str] | None = None,
) -> subprocess.CompletedProcess:
  """Runs a script to its end and checks its exit code."""
  done = subprocess.run(
    ['bash', str(script), *map(str, arguments)],
    cwd=cwd,
    timeout=120,
    env=env or environment(),
    capture_output=True,
    text=True,
    stdin=subprocess.DEVNULL,
  )
  assert done.returncode == code, f'exit code {done.returncode}\n{done.stdout}\n{done.stderr}'
  return done


def copy_repository(folder: pathlib.Path) -> pathlib.Path:
  """Copies what git would know of the repository, as installing leaves its traces beside it."""

  def left_out(path: str, names: list[str]) -> list[str]:
    outputs = ('runs', 'build', 'dist') if pathlib.Path(path) == ROOT else ()
    return [name for name in names if name[0] == '.' or name in outputs or 'egg-info' in name]

  return shutil.copytree(ROOT, folder, symlinks=True, ignore=left_out)


def slow_kill(folder: pathlib.Path) -> dict[str, str]:
  """Variables that make a script's `kill` linger, so that the next signal comes while it does."""
  path = folder / 'slow_kill'
  path.write_text(
    'kill() { builtin kill "$@"; local code=$?; [ "$1" != -s ] || sleep 1; return $code; }'
  )
  return {'BASH_ENV': str(path)}


class Job:
  """A script that starts programs which only pretend, and the folder where these leave notes.

  Attributes:
    folder: Folder of the programs.
    process: The script, once a subclass has started it.
  """

  def __init__(self, folder: pathlib.Path):
    self.folder = folder / 'pro grams'
    self.process: subprocess.Popen | None = None

  @property
  def pids(self) -> list[int]:
    """Process ids that the programs wrote into the file `pids`, and those of their children."""
    return [int(pid) for pid in self.read('pids').split()]

  def read(self, name: str) -> str:
    path = self.folder / name
    return path.read_text() if path.exists() else ''

  def wait_for(self, condition: Callable[[], bool], *, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
      assert time.monotonic() < deadline and self.process.poll() is None
      time.sleep(0.02)

  def end(self, code: int, *, seconds: float = 30) -> str:
    """Waits for the end; returns what was printed. Nothing may be running then."""
    stdout, stderr = self.process.communicate(timeout=seconds)
    assert self.process.returncode == code, stderr
    assert stdout == ''
    deadline = time.monotonic() + 2  # A grandchild has no one to wait for its end.
    while any(map(_is_running, self.pids)):
      assert time.monotonic() < deadline, 'a process was left behind'
    return stderr

  def clean_up(self) -> None:
    for pid in [*self.pids, *([self.process.pid] if self.process else [])]:
      if _is_running(pid):
        os.kill(pid, signal.SIGKILL)


def _is_running(pid: int) -> bool:
  ps = subprocess.run(['ps', '-o', 'stat=', '-p', str(pid)], capture_output=True, text=True)
  return bool(ps.stdout.strip()) and not ps.stdout.startswith('Z')
