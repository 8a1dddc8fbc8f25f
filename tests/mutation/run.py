"""Changes the package in small ways, one at a time, and asks whether a folder's tests notice.

    python tests/mutation/run.py metrics losses          # forty changes of each
    python tests/mutation/run.py data --count=10 --seed=3

A change is noticed when a test of tests/<folder> fails. Those that run its line are tried, the
quickest first, then the others of their files, since they may share what was made there, and then
those that run binaries, in which lines are not counted.
Changes that are known to change nothing stand in unnoticeable.txt with the reason, and are not
counted; where a line can be changed in one way at several places, with the column. Exit code 1 when
fewer than 95 % of a folder are noticed. Needs `pip install coverage`.
"""

from __future__ import annotations

import argparse
import ast
import dataclasses
import functools
import hashlib
import importlib
import io
import json
import multiprocessing
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

from changes import Change, changes_of

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = 'tfgan_pipeline'
UNNOTICEABLE = pathlib.Path(__file__).with_name('unnoticeable.txt')
WANTED = 0.95
_OPTIONS = ('-q', '-p', 'no:cacheprovider', '-p', 'no:xdist')
# Imported once and then forked, since each change wants a process of its own.
_HEAVY = ('tensorflow', 'tf_keras', 'tensorflow_probability', 'scipy.stats', 'PIL.Image', 'pytest')


@dataclasses.dataclass(frozen=True)
class Candidate:
  """A change to a file of the package.

  Attributes:
    path: Relative to the root.
    line: The text of the changed line.
    column: Where in that the change begins.
    old: What is replaced.
    change: How.
  """

  path: str
  line: str
  column: int
  old: str
  change: Change

  def __str__(self) -> str:
    return f'{self.path}: {self.line}: {self.old.strip()} -> {self.change.new.strip() or "nothing"}'

  @property
  def rank(self) -> str:
    """A key that depends on the change alone, so that edits elsewhere leave the sample as it is."""
    return f'{self} {self.column}'


class Tests:
  """The tests of a folder: what each runs of the package, and how long it takes.

  Args:
    copy: The tree to test in.
    folder: Of the tests, and of the package.
  """

  def __init__(self, copy: pathlib.Path, folder: str):
    self.copy = copy
    report = copy / f'coverage-{folder}.json'
    code = _in_child(_measure, copy, folder, report, timeout=3600)
    if code:
      raise SystemExit(f'tests/{folder} fail as they are (exit code {code})')
    found = json.loads(report.read_text())
    self.seconds: dict[str, float] = found['seconds']
    self.by_line: dict[str, dict[str, list[str]]] = found['lines']

  def of(self, candidate: Candidate) -> list[str]:
    """Tests that run the line of a change: file by file, as each makes its own fixtures.

    The quickest file comes first, and in it the quickest test.
    """
    lines = self.by_line.get(candidate.path, {})
    tests = set(lines.get(str(candidate.change.line), ()))
    if '' in tests or not tests:  # Run by an import: whoever uses the file, or a constant of it.
      tests |= {test for others in lines.values() for test in others}
      module = candidate.path.removesuffix('.py').removesuffix('/__init__').replace('/', '.')
      tests |= {test for test in self.seconds if module in _imports_of(self.copy / _file_of(test))}
    by_file: dict[str, list[tuple[float, str]]] = {}
    for test in tests - {''}:
      by_file.setdefault(_file_of(test), []).append((self.seconds.get(test, 0), test))
    return [test for file in sorted(map(sorted, by_file.values()), key=_total) for _, test in file]

  def notice(self, candidate: Candidate) -> str:
    """Returns how the change is noticed: 'failed', 'hung', or '' where it is not."""
    path = self.copy / candidate.path
    source = path.read_text()
    path.write_text(candidate.change.apply(source))
    try:
      tests = self.of(candidate)
      files = set(map(_file_of, tests))
      others = [test for test in self.seconds if _file_of(test) in files]
      chosen = list(dict.fromkeys([*tests, *others]))
      # Binaries run in processes that are not measured: their tests come last.
      rest = [
        test for test in self.seconds if _file_of(test) not in files and self._has_binary(test)
      ]
      return self._outcome(chosen) or self._outcome(rest)
    finally:
      path.write_text(source)

  def _has_binary(self, test: str) -> bool:
    return 'run_binary' in (self.copy / _file_of(test)).read_text()

  def _outcome(self, tests: list[str]) -> str:
    """Runs tests; returns 'failed', 'hung', or '' if all pass or there are none."""
    if not tests:
      return ''
    taken = sum(self.seconds.get(test, 0) for test in tests)
    code = _in_child(_test, self.copy, tests, timeout=60 + 5 * taken)
    return '' if code == 0 else 'hung' if code is None or code < 0 else 'failed'


def _file_of(test: str) -> str:
  return test.split('::')[0]


@functools.cache
def _imports_of(path: pathlib.Path) -> set[str]:
  """Names of what a file imports: of modules, and of what is taken from them."""
  found = set()
  for node in ast.walk(ast.parse(path.read_text())):
    if isinstance(node, ast.Import):
      found |= {alias.name for alias in node.names}
    elif isinstance(node, ast.ImportFrom) and node.module:
      found |= {node.module, *(f'{node.module}.{alias.name}' for alias in node.names)}
  return found


def _total(timed: list[tuple[float, str]]) -> float:
  return sum(seconds for seconds, _ in timed)


def candidates(folder: str) -> list[Candidate]:
  """Lists all changes to the files of a folder of the package, in the order of a fixed lottery."""
  found = []
  for path in sorted((ROOT / PACKAGE / folder).rglob('*.py')):
    source = path.read_text()
    for change in changes_of(source):
      before = source[: change.start].split('\n')
      line = source.splitlines()[len(before) - 1].strip()
      old = source[change.start : change.end]
      found.append(Candidate(str(path.relative_to(ROOT)), line, len(before[-1]), old, change))
  return found


def sample(folder: str, count: int, seed: int) -> list[Candidate]:
  """Draws changes that are not known to change nothing."""
  known = {line.rsplit('  #', 1)[0] for line in UNNOTICEABLE.read_text().splitlines()}

  def lot(candidate: Candidate) -> bytes:
    return hashlib.sha256(f'{seed} {candidate.rank}'.encode()).digest()

  drawn = [one for one in sorted(candidates(folder), key=lot) if not {str(one), one.rank} & known]
  return drawn[:count]


def _in_child(function, copy: pathlib.Path, *arguments, timeout: float) -> int | None:
  """Calls a function in a forked process, in the copy; returns its exit code, None if it hung."""
  process = multiprocessing.get_context('fork').Process(
    target=_child, args=(function, copy, *arguments)
  )
  process.start()
  process.join(timeout)
  hung = process.is_alive()
  process.kill()
  process.join()
  return None if hung else process.exitcode


def _child(function, copy: pathlib.Path, *arguments) -> None:
  os.setpgid(0, 0)
  os.chdir(copy)
  sys.path[:] = [str(copy), *(path for path in sys.path if path != str(ROOT))]
  os.environ['PYTHONPATH'] = str(copy)
  os.environ['PYTHONDONTWRITEBYTECODE'] = '1'
  sys.dont_write_bytecode = True
  null = os.open(os.devnull, os.O_RDWR)
  log = os.open(copy / 'log', os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
  for old, new in ((null, 0), (log, 1), (log, 2)):
    os.dup2(old, new)
  sys.stdout = sys.stderr = io.TextIOWrapper(os.fdopen(1, 'wb', closefd=False))
  with tempfile.TemporaryDirectory() as temporary:
    code = function(*arguments, temporary)
  os._exit(int(code))


def _test(tests: list[str], temporary: str) -> int:
  import pytest

  return pytest.main([*_OPTIONS, '-x', f'--basetemp={temporary}/t', *tests])


def _measure(folder: str, report: pathlib.Path, temporary: str) -> int:
  """Runs all tests of a folder, and writes which lines each runs and how long it takes."""
  import coverage
  import pytest

  measured = coverage.Coverage(source=[PACKAGE], data_file=None)
  seconds: dict[str, float] = {}

  class Watch:
    def pytest_collection_finish(self):
      # What an import runs is run by all who use the file, not by the test that imports it first.
      for path in sorted(pathlib.Path(PACKAGE, folder).rglob('*.py')):
        importlib.import_module('.'.join(path.with_suffix('').parts).removesuffix('.__init__'))

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_protocol(self, item):
      measured.switch_context(item.nodeid)
      start = time.monotonic()
      yield
      seconds[item.nodeid] = time.monotonic() - start
      measured.switch_context('')

  measured.start()
  code = pytest.main([*_OPTIONS, f'--basetemp={temporary}/t', f'tests/{folder}'], plugins=[Watch()])
  measured.stop()
  data = measured.get_data()
  lines = {
    str(pathlib.Path(path).relative_to(pathlib.Path.cwd())): data.contexts_by_lineno(path)
    for path in data.measured_files()
  }
  report.write_text(json.dumps({'seconds': seconds, 'lines': lines}))
  return code


def check(folder: str, count: int, seed: int) -> bool:
  """Prints what is not noticed of a folder; returns whether enough is."""
  with tempfile.TemporaryDirectory() as temporary:
    copy = pathlib.Path(temporary, 'tree')
    names = subprocess.check_output(['git', 'ls-files', '-z'], cwd=ROOT, text=True).split('\0')
    for name in filter(None, names):
      (copy / name).parent.mkdir(parents=True, exist_ok=True)
      shutil.copy(ROOT / name, copy / name, follow_symlinks=False)  # presets is a link.
    shared = ROOT.parent / 'shared'
    if shared.exists():
      (copy.parent / 'shared').symlink_to(shared)
    tests = Tests(copy, folder)
    total = sum(tests.seconds.values())
    print(f'{folder}: {len(tests.seconds)} tests pass in {total:.0f} s', flush=True)
    changes = sample(folder, count, seed)
    noticed = 0
    for candidate in changes:
      if tests.notice(candidate):
        noticed += 1
      else:
        print(f'  not noticed by {len(tests.of(candidate))} tests: {candidate}', flush=True)
  print(f'{folder}: {noticed} of {len(changes)} changes noticed', flush=True)
  return noticed >= WANTED * len(changes)


def main() -> int:
  parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
  parser.add_argument('folders', nargs='+', help='of the package, such as metrics')
  parser.add_argument('--count', type=int, default=40, help='how many changes in each')
  parser.add_argument('--seed', type=int, default=0, help='of the sample')
  arguments = parser.parse_args()
  os.environ.setdefault('TF_CPP_MIN_LOG_LEVEL', '3')
  os.environ.setdefault('TF_USE_LEGACY_KERAS', '1')
  # Threads of small products wait for each other where something else runs: up to a hundred times.
  os.environ.setdefault('OPENBLAS_NUM_THREADS', '1')
  for module in _HEAVY:
    importlib.import_module(module)
  enough = [check(folder, arguments.count, arguments.seed) for folder in arguments.folders]
  return 0 if all(enough) else 1


if __name__ == '__main__':
  sys.exit(main())
