"""Binaries in processes that need not import TensorFlow, which takes longer than most tests.

A server imports it once and is forked for every run. What runs is the binary's own `__main__`, in a
process of its own with its own flags, streams and exit code. What it shares with all others are the
server's imports, environment and hash seed, and it ends without Python's own shutdown.
"""

from collections.abc import Callable
import multiprocessing
import os
import pathlib
import runpy
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]

_context = multiprocessing.get_context('forkserver')
_context.set_forkserver_preload(['tests.forked', 'tests.imported_once'])


def run(
  name: str,
  arguments: tuple[str, ...],
  timeout: float,
  before: Callable[[], None] | None = None,
) -> subprocess.CompletedProcess:
  """Does what `python -m tfgan_pipeline.bin.<name>` does; stdout and stderr are text.

  Args:
    name: Of the binary.
    arguments: Of the binary.
    timeout: In seconds.
    before: Called in its process before it starts; must be importable from a module.
  """
  command = [name, *arguments]
  with tempfile.TemporaryDirectory() as folder:
    streams = [pathlib.Path(folder, stream) for stream in ('stdout', 'stderr')]
    for path in streams:
      path.touch()
    process = _context.Process(target=_main, args=(name, arguments, *map(str, streams), before))
    process.start()
    try:
      process.join(timeout)
      stdout, stderr = (path.read_text() for path in streams)
      if process.is_alive():
        raise subprocess.TimeoutExpired(command, timeout, stdout, stderr)
    finally:
      process.kill()
      process.join()
    return subprocess.CompletedProcess(command, process.exitcode, stdout, stderr)


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
  runpy.run_module(f'tfgan_pipeline.bin.{name}', run_name='__main__', alter_sys=True)
