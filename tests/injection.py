"""System calls of a process, listed, or failing one at a time, by means of strace.

forked.run('train', flags, 60, functools.partial(attach, log, list_options()))
calls = read_calls(log)
forked.run('train', flags, 60, functools.partial(attach, log, calls[7].fail('error=ENOSPC')))
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
import time

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
  """One system call of the main thread.

  Attributes:
    name: Of the call, such as 'rename'.
    index: Which call of that name it is in its process, from 1.
    path: The file it is about; of several the last, where it goes.
  """

  name: str
  index: int
  path: str

  def fail(self, how: str) -> tuple[str, ...]:
    """Options for `attach`; `how` is 'error=ENOSPC' or 'signal=KILL'."""
    inject = f'inject={self.name}:{how}:when={self.index}'
    return ('-y', '-s', '0', '-e', f'trace={self.name}', '-e', inject)


def attach(log: str, options: tuple[str, ...]) -> None:
  """Has strace watch this very process from now on.

  Raises:
    RuntimeError: It cannot.
  """
  ctypes.CDLL(None).prctl(_PR_SET_PTRACER, _ANY, 0, 0, 0)
  strace = subprocess.Popen(
    ['strace', '-p', str(os.getpid()), '-o', log, *options], stderr=subprocess.PIPE, text=True
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
  """Reads what `LISTING` has logged of the main thread.

  Raises:
    AssertionError: Another thread writes, too, so that the count of calls would mean nothing.
  """
  main, counts, calls = None, {}, []
  for line in _finished(log).splitlines():
    found = re.match(r'(?:(\d+) +)?(\w+)\((.*)', line)
    if not found:
      continue
    thread, name, rest = found.groups()
    main = main or thread
    if thread and thread != main:
      continue
    counts[name] = counts.get(name, 0) + 1
    paths = re.findall(r'<(/[^>]*)>|"(/[^"]*)"', rest)
    calls.append(Call(name, counts[name], max(paths[-1]) if paths else ''))
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
