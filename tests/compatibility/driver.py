"""Runs binaries of the package found on PYTHONPATH, each in a fork that has TensorFlow already.

Every line on stdin is a JSON list: a log file, the name of a binary, its arguments. The answer on
stdout is the exit code. Imports nothing of `tests`, since the package may be another version's.
"""

import contextlib
import importlib
import json
import multiprocessing
import os
import runpy
import sys
from unittest import mock

# What loads nearly everything; a later version may have moved the first.
_PRELOADED = ('tfgan_pipeline.estimator', 'tfgan_pipeline.compat', 'tensorflow')


def _main(log: str, name: str, arguments: list[str]) -> None:
  import tensorflow as tf

  tf.config.list_physical_devices()  # Complains of having no GPU; here nobody reads that.
  for number in (1, 2):
    os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
  sys.stdout = os.fdopen(1, 'w', 1, closefd=False)
  sys.stderr = os.fdopen(2, 'w', 1, errors='backslashreplace', closefd=False)
  sys.argv = [name, *arguments]
  runpy.run_module(f'tfgan_pipeline.bin.{name}', run_name='__main__', alter_sys=True)


def serve() -> None:
  import tfgan_pipeline

  root = os.path.dirname(os.path.dirname(os.path.abspath(tfgan_pipeline.__file__)))
  assert root == os.getcwd(), f'tfgan_pipeline comes from {root}, not from {os.getcwd()}'
  # As tests/imported_once.py: what absl would call at its start has no place before a fork.
  with mock.patch('absl.app.call_after_init'):
    for module in _PRELOADED:
      with contextlib.suppress(ModuleNotFoundError):
        importlib.import_module(module)
  for line in sys.stdin:
    log, name, *arguments = json.loads(line)
    process = multiprocessing.get_context('fork').Process(target=_main, args=(log, name, arguments))
    process.start()
    process.join()
    print(process.exitcode, flush=True)


if __name__ == '__main__':
  serve()
