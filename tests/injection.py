"""System calls of a process, listed, or failing one at a time, by means of strace.

forked.run('train', flags, 60, functools.partial(attach, log, list_options()))
calls = read_calls(log)
forked.run('train', flags, 60, functools.partial(calls[7].attach, log, 'error=ENOSPC'))
"""

from __future__ import annotations

import ctypes
import dataclasses
import functools
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

from tfgan_pipeline.runs.background import THREAD_NAME

# All with which TensorFlow, Python and TensorBoard change what is on disk, but for opening.
CALLS = (
  *('write', 'pwrite64', 'writev', 'pwritev', 'sendfile', 'copy_file_range'),
  *('rename', 'renameat', 'renameat2', 'link', 'linkat'),
  *('fsync', 'fdatasync', 'sync_file_range', 'syncfs'),
  *('ftruncate', 'truncate', 'fallocate'),
)
LISTING = ('-f', '-y', '-s', '0', '-e', f'trace={",".join(CALLS)}')
_PR_SET_PTRACER, _ANY = 0x59616D61, -1  # linux/prctl.h: who is not an ancestor may attach.


@dataclasses.dataclass(frozen=True)
class Call:
  """One system call of the main thread, or of the one that writes while training goes on.

  Attributes:
    name: Of the call, such as 'rename'.
    index: Which call of that name it is in its thread, from 1.
    path: The file it is about; of several the last, where it goes.
    is_writers: Whether the thread is the one that writes.
  """

  name: str
  index: int
  path: str
  is_writers: bool

  def attach(self, log: str, how: str) -> None:
    """Has this call fail in this very process; `how` is 'error=ENOSPC' or 'signal=KILL'."""
    inject = f'inject={self.name}:{how}:when={self.index}'
    options = ('-y', '-s', '0', '-e', f'trace={self.name}', '-e', inject)
    if not self.is_writers:
      return attach(log, options)
    run = threading.Thread.run

    def attached(thread: threading.Thread) -> None:
      if thread.name.startswith(THREAD_NAME):
        attach(log, options)
      run(thread)

    threading.Thread.run = attached


def attach(log: str, options: tuple[str, ...]) -> None:
  """Has strace watch this very thread from now on, and with the option -f those of its process.

  Raises:
    RuntimeError: It cannot.
  """
  ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)
  strace = subprocess.Popen(
    ['strace', '-p', str(threading.get_native_id()), '-o', log, *options],
    stderr=subprocess.PIPE,
    text=True,
  )
  line = strace.stderr.readline()
  if 'attached' not in line:
    raise RuntimeError(line.strip() or 'strace has nothing to say')


@functools.cache
def missing() -> str:
  """Says why strace cannot inject faults on this machine; returns '' where it can."""
  if not shutil.which('strace'):
    return 'no strace here: apt-get install strace'
  try:
    subprocess.run(['strace', '-qq', '-o', os.devnull, 'true'], capture_output=True, check=True)
  except subprocess.CalledProcessError as error:
    return f'strace may not trace here: {error.stderr.decode().strip()}'
  return ''


def read_calls(log: pathlib.Path) -> list[Call]:
  """Reads what `LISTING` has logged of the threads of a process."""
  main, counts, calls = None, {}, []
  for line in _finished(log).splitlines():
    found = re.match(r'(?:(\d+) +)?(\w+)\((.*)', line)
    if not found:
      continue
    thread, name, rest = found.groups()
    main = main or thread
    place = thread or main, name
    counts[place] = counts.get(place, 0) + 1
    paths = re.findall(r'<(/[^>]*)>|"(/[^"]*)"', rest)
    calls.append(Call(name, counts[place], max(paths[-1]) if paths else '', place[0] != main))
  return calls


def injected(log: pathlib.Path) -> str:
  """Returns the path of the call that failed or killed; empty if none did."""
  lines = _finished(log).splitlines()
  hit = [line for line in lines if '(INJECTED)' in line]
  if not hit and 'killed by SIGKILL' in lines[-1]:
    hit = [line for line in lines if re.match(r'\w+\(', line)][-1:]
  paths = re.findall(r'<(/[^>]*)>|"(/[^"]*)"', hit[0]) if hit else []
  return max(paths[-1]) if paths else ''


def _finished(log: pathlib.Path) -> str:
  """Reads a log to its end, which is written a moment after the process has ended."""
  for _ in range(200):
    text = log.read_text()
    if re.search(r'^(?:\d+ +)?\+\+\+ (?:exited|killed).*\n\Z', text, re.MULTILINE):
      return text
    time.sleep(0.05)
  raise AssertionError(f'strace has not finished: ...{text[-500:]}')
