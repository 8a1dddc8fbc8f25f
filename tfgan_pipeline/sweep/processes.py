"""Processes side by side, at most so many at a time, which a signal stops all together.

for name, code in run_all({'one': command, 'two': other}, 2, log_of):
  ...                                                     # as each ends
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import contextlib
import os
import signal
import subprocess
import time

_PAUSE_SECONDS = 0.1  # Between looks at who has ended.


def run_all(
  commands: Mapping[str, Sequence[str]],
  jobs: int,
  log_of: Callable[[str], str],
  gpus: Sequence[str] = (),
) -> Iterator[tuple[str, int]]:
  """Runs commands and yields name and exit code of each as it ends; minus a signal that ended it.

  Left early, by an exception too, it hands SIGTERM to those that run and waits for their end.

  Args:
    commands: The words of each command, by name.
    jobs: How many may run at a time.
    log_of: Name -> path of the file that gets, behind what is there, what the command writes.
    gpus: GPUs of this machine, of which each process sees one; () leaves all to all.
  """
  waiting = list(commands.items())
  free: list[str | None] = list(gpus[:jobs]) if gpus else [None] * jobs
  running: dict[str, tuple[subprocess.Popen[bytes], str | None]] = {}
  try:
    while waiting or running:
      while waiting and free:
        name, words = waiting.pop(0)
        gpu = free.pop(0)
        running[name] = _start(words, log_of(name), gpu), gpu
      for name, (process, gpu) in list(running.items()):
        if (code := process.poll()) is not None:
          del running[name]
          free.append(gpu)
          yield name, code
      time.sleep(_PAUSE_SECONDS)
  finally:
    for process, _ in running.values():
      with contextlib.suppress(OSError):
        process.send_signal(signal.SIGTERM)
    for process, _ in running.values():
      process.wait()


def _start(words: Sequence[str], log: str, gpu: str | None) -> subprocess.Popen[bytes]:
  variables = dict(os.environ) if gpu is None else {**os.environ, 'CUDA_VISIBLE_DEVICES': gpu}
  with open(log, 'ab') as file:
    # In a session of its own: of a terminal's Ctrl-C it hears from this process, and once.
    return subprocess.Popen(
      words,
      stdin=subprocess.DEVNULL,
      stdout=file,
      stderr=file,
      env=variables,
      start_new_session=True,
    )


def last_line(log: str) -> str:
  """Returns the last line of a file that is not empty, at most 300 letters; '' if there is none."""
  with open(log, 'rb') as file:
    file.seek(max(0, os.path.getsize(log) - 4096))
    lines = file.read().decode(errors='replace').split('\n')
  return next((line.strip()[-300:] for line in reversed(lines) if line.strip()), '')
