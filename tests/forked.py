"""Binaries in processes that need not import TensorFlow, which takes longer than most tests.

A server imports it once and is forked for every run. What runs is the binary's own `__main__`, in a
process of its own with its own flags, streams and exit code.
"""

import multiprocessing
import os
import pathlib
import runpy
import subprocess
import sys
import tempfile

_context = multiprocessing.get_context('forkserver')
_context.set_forkserver_preload(['tests.forked', 'tests.imported_once'])


def run(name: str, arguments: tuple[str, ...], timeout: float) -> subprocess.CompletedProcess:
  """What `python -m tfgan_pipeline.bin.<name>` does; stdout and stderr as text."""
  with tempfile.TemporaryDirectory() as folder:
    stdout, stderr = pathlib.Path(folder, 'stdout'), pathlib.Path(folder, 'stderr')
    process = _context.Process(target=_main, args=(name, arguments, str(stdout), str(stderr)))
    process.start()
    process.join(timeout)
    if process.is_alive():
      process.kill()
      raise subprocess.TimeoutExpired([name, *arguments], timeout, output=stderr.read_text())
    return subprocess.CompletedProcess(
      [name, *arguments], process.exitcode, stdout.read_text(), stderr.read_text()
    )


def _main(name: str, arguments: tuple[str, ...], stdout: str, stderr: str) -> None:
  from tfgan_pipeline.compat import tf

  tf.config.list_physical_devices()  # As a binary's import does, hiding what it complains of.
  for number, path in ((1, stdout), (2, stderr)):
    os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
  sys.stdout, sys.stderr = (os.fdopen(number, 'w', 1, closefd=False) for number in (1, 2))
  sys.argv = [name, *arguments]
  runpy.run_module(f'tfgan_pipeline.bin.{name}', run_name='__main__', alter_sys=True)
