"""Binaries in processes that need not import TensorFlow, which takes longer than most tests.

A server imports it once and is forked for every run. What runs is the binary's own `__main__`, in a
process of its own with its own flags, streams and exit code. What it shares with all others are the
server's imports, environment and hash seed, and it ends without Python's own shutdown.
"""

from collections.abc import Callable, Iterator
import ctypes
import functools
import multiprocessing
import os
import pathlib
import runpy
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[1]

_context = multiprocessing.get_context('forkserver')
_context.set_forkserver_preload(['tests.forked', 'tests.imported_once'])


class Forked:
  """A running binary, with those methods of subprocess.Popen that tests need.

  It does what `python -m tfgan_pipeline.bin.<name>` does; stdout and stderr are text.

  Args:
    name: Of the binary, or the path of a script, which ends in '.py'.
    arguments: Of the binary or script.
    before: Called in its process before it starts; must be importable from a module.
  """

  def __init__(
    self, name: str, arguments: tuple[str, ...], before: Callable[[], None] | None = None
  ):
    self.args = [name, *arguments]
    self.folder = tempfile.TemporaryDirectory()
    self.streams = [pathlib.Path(self.folder.name, stream) for stream in ('stdout', 'stderr')]
    for path in self.streams:
      path.touch()
    self.process = _context.Process(
      target=_main, args=(name, arguments, *map(str, self.streams), before)
    )
    self.process.start()

  @property
  def pid(self) -> int:
    return self.process.pid

  @property
  def returncode(self) -> int | None:
    return self.process.exitcode

  def poll(self) -> int | None:
    return self.process.exitcode

  def communicate(self, timeout: float | None = None) -> tuple[str, str]:
    """Waits for its end; returns all that it wrote.

    Raises:
      subprocess.TimeoutExpired: It still runs.
    """
    self.process.join(timeout)
    stdout, stderr = (path.read_text() for path in self.streams)
    if self.process.is_alive():
      raise subprocess.TimeoutExpired(self.args, timeout, stdout, stderr)
    return stdout, stderr

  @property
  def stderr(self) -> Iterator[str]:
    """Yields the lines of stderr, as they come, until the end of the process."""
    with self.streams[1].open() as file:
      line = ''
      while True:
        ended = self.poll() is not None
        line += file.readline()
        if line.endswith('\n'):
          yield line
          line = ''
        elif ended:
          return
        else:
          time.sleep(0.02)

  def send_signal(self, number: int) -> None:
    if self.poll() is None:
      os.kill(self.pid, number)

  def kill(self) -> None:
    self.process.kill()


def with_environment(**variables: str) -> Callable[[], None]:
  """Returns a function for `before` that sets these environment variables."""
  return functools.partial(_set_environment, variables)


def obey_permissions() -> None:
  """Makes this process obey permissions of files though it is root's, for `before`."""
  header, nothing = (ctypes.c_uint32 * 2)(0x20080522, 0), (ctypes.c_uint32 * 6)()
  if ctypes.CDLL(None, use_errno=True).capset(header, nothing):
    raise OSError(ctypes.get_errno(), 'capset')


def _set_environment(variables: dict[str, str]) -> None:
  os.environ.update(variables)


def run(
  name: str,
  arguments: tuple[str, ...],
  timeout: float,
  before: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess:
  """Runs a binary to its end, at most `timeout` seconds; takes the arguments of Forked."""
  process = Forked(name, arguments, before)
  try:
    stdout, stderr = process.communicate(timeout)
  finally:
    process.kill()
  return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def _main(name: str, arguments: tuple[str, ...], stdout: str, stderr: str, before) -> None:
  from tfgan_pipeline.compat import tf

  tf.config.list_physical_devices()  # As a binary's import does, hiding what it complains of.
  os.chdir(ROOT)
  for number, path in ((1, stdout), (2, stderr)):
    os.dup2(os.open(path, os.O_WRONLY | os.O_APPEND), number)
  sys.stdout = os.fdopen(1, 'w', 1, closefd=False)
  sys.stderr = os.fdopen(2, 'w', 1, errors='backslashreplace', closefd=False)
  if before:
    before()
  sys.argv = [name, *arguments]
  if name.endswith('.py'):
    runpy.run_path(name, run_name='__main__')
  else:
    runpy.run_module(f'tfgan_pipeline.bin.{name}', run_name='__main__', alter_sys=True)
