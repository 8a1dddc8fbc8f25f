"""Every system call with which a run is written fails or kills, one at a time; nothing is lost.

The binaries run as they are. strace lists the calls of an undisturbed run, and then has one of them
return ENOSPC (disk full) or EIO (disk broken), or kill the process, in a run of its own; the same
command afterwards has to complete that run as if nothing had been.
"""

from concurrent import futures
import functools
import itertools
import json
import pathlib
import re
import shutil

import numpy as np
import pytest

from tests import forked, injection
from tests.conftest import checkpoint, files_under, run_binary
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import find_records

FAULTS = ('error=ENOSPC', 'error=EIO', 'signal=KILL')
TRAIN = (
  '--networks=points_mlp(units=4)',
  '--dataset=gaussian_grid',
  '--noise=normal(2)',
  '--batch_size=4',
  '--max_steps=3',
  '--save_every=1',
  '--keep_checkpoints=2',
  '--log_every=1',
  '--sample_every=3',
)
EVALUATE = ('--extractor=points', '--metrics=fid', '--num_samples=100')
STEP = 2  # Of the one save whose calls are tried: the first that also removes a checkpoint.
SAMPLE = (  # Of all points, for the default suite: the last call that matches.
  pytest.param(r'write train/train\.jsonl', 'error=ENOSPC', marks=pytest.mark.heavy),
  (r'\w+ checkpoints/.*\.index', 'error=EIO'),
  (r'rename checkpoints/.*\.data-\d+-of-\d+', 'signal=KILL'),
)


@pytest.fixture(scope='module', autouse=True)
def can_be_injected():
  if injection.missing():
    pytest.skip(injection.missing())


class Command:
  """One command on one run, undisturbed and then with faults.

  Args:
    folder: Where its runs go.
    binary: What to run.
    flags: All but --model_dir.
    start: A run to begin with; None begins with none.
  """

  def __init__(self, folder: pathlib.Path, binary: str, flags, start=None):
    self._binary, self._flags, self._start = binary, tuple(flags), start
    self._folder, self._count = folder, itertools.count()
    self.calm = self._new('calm')
    log = folder / 'calls'
    self.run(self.calm, functools.partial(injection.attach, str(log), injection.LISTING))
    self.calls = {}
    for call in injection.read_calls(log):
      name = self._name(call.path, self.calm)
      if name:
        self.calls.setdefault(f'{call.name} {name}', []).append(call)

  def _new(self, name: str) -> pathlib.Path:
    if self._start:
      shutil.copytree(self._start, self._folder / name)
    return self._folder / name

  def run(self, model_dir, before=None, code=0) -> str:
    found = forked.run(
      self._binary, (*self._flags, f'--model_dir={model_dir}'), timeout=300, before=before
    )
    assert found.returncode == code, f'exit code {found.returncode}\n{found.stderr}'
    return found.stderr

  @staticmethod
  def _name(path: str, model_dir: pathlib.Path) -> str:
    """Returns a path in a run with random and time-dependent parts removed; '' for other paths."""
    if not path.startswith(f'{model_dir}/'):
      return ''
    name = path[len(str(model_dir)) + 1 :]
    for drawn, short in (
      (r'\.[0-9a-f]{32}\.tmp', '.tmp'),
      (r'tempstate\d+', 'tempstate'),
      (r'tfevents\.\d+\.[0-9a-f]{8}', 'tfevents'),
    ):
      name = re.sub(drawn, short, name)
    return name

  def fault(self, point: str, nth: int, how: str) -> pathlib.Path:
    """Runs the command with one fault; checks how it ends, and returns its run."""
    call = self.calls[point][nth]
    where = re.sub(r'\W+', '_', f'{point} {nth} {how}') + f'_{next(self._count)}'
    for attempt in range(3):  # A thread more or less shifts the count.
      log, model_dir = (self._folder / f'{where}_{attempt}{end}' for end in ('.log', ''))
      if self._start:
        self._new(model_dir.name)
      attach = functools.partial(call.attach, str(log), how)
      code = -9 if how.startswith('signal') else self._code(point)
      stderr = self.run(model_dir, attach, code)
      hit = self._name(injection.injected(log), model_dir)
      if hit == point.split(' ', 1)[1]:
        break
    else:
      raise AssertionError(f'hit {hit or "nothing"}')
    assert 'Traceback' not in stderr, stderr
    if code > 0:
      line = stderr.splitlines()[-1].removeprefix('--model_dir: ')
      assert line.startswith(f'{model_dir}') and 'cannot be written' in line, line
    return model_dir

  @staticmethod
  def _code(point: str) -> int:
    """Returns the exit code of the command when a call at `point` fails."""
    if 'train/lock' in point:
      return 2  # Nothing has begun yet.
    return 0 if '/pinned/' in point else 1  # Scores are worth having without a pin.


def is_tried(point: str) -> bool:
  """Returns whether a call is tried: any without a step, and those for the checkpoint of STEP."""
  step = re.search(r'ckpt-(\d+)', point)
  return not step or int(step[1]) == STEP


def lines_of(path: pathlib.Path) -> list[dict]:
  """Parses all lines; the last may be cut short if it does not end."""
  *whole, last = path.read_text().split('\n') if path.exists() else ['']
  assert last == '' or last.startswith('{')
  return [json.loads(line) for line in whole]


def check_whole(model_dir: pathlib.Path) -> None:
  """Checks all that a reader of a run that was just struck may rely on."""
  steps = Checkpoints(str(model_dir / 'checkpoints')).steps()
  for step in steps:
    assert 'global_step/.ATTRIBUTES/VARIABLE_VALUE' in checkpoint(model_dir, step)
  logged = [line['step'] for line in lines_of(model_dir / 'train/train.jsonl')]
  assert logged == list(range(len(logged)))
  # A line follows the save of the step before.
  assert not logged or logged == [0] or logged[-1] - 1 in steps, f'{steps} after {logged}'
  run = RunDirectory(str(model_dir))
  if run.exists():
    assert len(run.read_record()['sessions']) == 1 and run.read_experiment().max_steps == 3
  for picture in model_dir.glob('samples/*.png'):
    assert picture.read_bytes().endswith(b'IEND\xaeB`\x82')


def check_as_undisturbed(model_dir: pathlib.Path, calm: pathlib.Path) -> None:
  """Compares tensors, names of all files, and contents of those without machine or time in them."""
  own = re.compile(r'tfevents|train/lock|train/goodput|experiment\.(json|flags)$')

  def comparable(run):
    return {
      name: b'' if name.startswith('checkpoints/') else content
      for name, content in files_under(run).items()
      if not own.search(name)
    }

  one, other = comparable(model_dir), comparable(calm)
  assert one.keys() == other.keys()
  for name, content in other.items():
    assert one[name] == content, name
  steps = [Checkpoints(str(run / 'checkpoints')).steps() for run in (model_dir, calm)]
  assert steps[0] == steps[1]
  for step in steps[0]:
    for name, value in checkpoint(calm, step).items():
      np.testing.assert_array_equal(checkpoint(model_dir, step)[name], value, err_msg=name)


def records_of(model_dir: pathlib.Path) -> list[dict]:
  """Reads the records as anybody would, line by line."""
  (path,) = model_dir.glob('eval/*/scores.jsonl')
  return lines_of(path)


def check_records(model_dir: pathlib.Path) -> None:
  """Checks that the earlier record is there, and at most one other."""
  steps = [record['step'] for record in records_of(model_dir)]
  assert steps in ([2], [2, 3])
  assert [len(records) for records in find_records(str(model_dir)).values()] == [len(steps)]


def check_same_records(model_dir: pathlib.Path, calm: pathlib.Path) -> None:
  """Compares scores and definitions, and the names of all files."""
  one, other = (
    [(record['step'], record['definition'], record['scores']) for record in records_of(run)]
    for run in (model_dir, calm)
  )
  assert one == other
  names = [
    {name for name in files_under(run) if 'tfevents' not in name} for run in (model_dir, calm)
  ]
  assert names[0] == names[1]


def strike(command: Command, point: str, nth: int, how: str, *checks) -> str:
  """Has one call fail, then completes the run; returns what is wrong, which should be nothing.

  Args:
    command: What runs.
    point: Of `command.calls`.
    nth: Which of the calls there.
    how: One of FAULTS.
    checks: Called with the run after the fault, and with it and the undisturbed one at the end.
  """
  check_after, check_end = checks
  try:
    model_dir = command.fault(point, nth, how)
    check_after(model_dir)
    command.run(model_dir)
    check_end(model_dir, command.calm)
  except Exception as error:
    text = ' '.join(str(error).split())[:600]
    return f'{point} ({nth}) {how}: {type(error).__name__} {text}'
  return ''


def strike_all(command: Command, how: str, *checks) -> tuple[int, list[str]]:
  """Has every call fail; returns how many there were, and what is wrong."""
  points = [
    (point, nth)
    for point, calls in command.calls.items()
    if is_tried(point)
    # All calls of a save; of a file that is appended to, the first append.
    for nth in range(len(calls) if 'ckpt-' in point else 1)
  ]
  with futures.ThreadPoolExecutor(2) as pool:
    wrong = pool.map(lambda at: strike(command, *at, how, *checks), points)
    return len(points), list(filter(None, wrong))


OF_TRAINING = (check_whole, check_as_undisturbed)
OF_SCORING = (check_records, check_same_records)


@pytest.fixture(scope='module')
def training(tmp_path_factory):
  return Command(tmp_path_factory.mktemp('training'), 'train', TRAIN)


@pytest.fixture(scope='module')
def scoring(training, tmp_path_factory):
  """Scores step 3 of a run with a record of step 2."""
  folder = tmp_path_factory.mktemp('scoring')
  flags = (*EVALUATE, f'--cache_dir={folder}/cache')
  shutil.copytree(training.calm, folder / 'start')
  run_binary('evaluate', *flags, '--step=2', f'--model_dir={folder}/start')
  return Command(folder, 'evaluate', (*flags, '--step=3'), folder / 'start')


@pytest.mark.parametrize('pattern, how', SAMPLE)
def test_sample(training, pattern, how):
  point = [point for point in training.calls if re.fullmatch(pattern, point) and is_tried(point)][
    -1
  ]
  assert not strike(training, point, 0, how, *OF_TRAINING)


@pytest.mark.heavy
@pytest.mark.parametrize('how', FAULTS)
@pytest.mark.parametrize(
  'name, checks', [('training', OF_TRAINING), ('scoring', OF_SCORING)], ids=['training', 'scoring']
)
def test_every_call(request, name, checks, how, capsys):
  count, wrong = strike_all(request.getfixturevalue(name), how, *checks)
  with capsys.disabled():
    print(f'\n{how} at {count} calls of {name}, one at a time: {len(wrong)} with consequences')
  assert not wrong, '\n'.join(wrong)
