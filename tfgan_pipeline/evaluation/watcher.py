"""Scores every checkpoint of one or many runs in order, as they appear.

    for record in watch(lambda: ['/tmp/a', '/tmp/b'], open_run):
      ...

A watcher scores whatever has no record, so it can be killed and restarted, and several can watch
the same runs. Neither a bad checkpoint nor a run that cannot be read or written ends a watcher.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import contextlib
import logging
import time

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import (
  DamagedCheckpoint,
  Interrupted,
  LackOfMemory,
  RunReplaced,
  Unreachable,
  UsageError,
  WriteError,
  first_line,
)
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.variants import warn_if_apart
from tfgan_pipeline.runs.atomic_files import writing
from tfgan_pipeline.runs.checkpoints import format_steps
from tfgan_pipeline.runs.score_records import Record

_log = logging.getLogger(__name__)
_LONGEST_PAUSE = 30.0  # Seconds; a checkpoint waits for no longer than this to be noticed.
_ATTEMPTS = 4  # At a checkpoint or a run until an error counts as permanent, after 40 s of rests.
# Errors of a file system, or of memory that other programs use, may go away.
_TRANSIENT_ERRORS = (tf.errors.OpError, OSError, MemoryError, LackOfMemory)


def watch(
  find_runs: Callable[[], Sequence[str]],
  open_run: Callable[[str], Sequence[Evaluator]],
  *,
  where: str = '',
  on_record: Callable[[Sequence[Evaluator]], None] = lambda evaluators: None,
  notify: Callable[..., None] = lambda evaluator, finished: None,
  poll_seconds: float = 1.0,
  timeout_seconds: float = 0,
  stop_after: int = 0,
) -> Iterator[Record]:
  """Yields the records of all checkpoints, each once, until all runs are done and scored.

  Runs take turns after each checkpoint; within a run checkpoints are scored in the order of steps.
  The record of a checkpoint that cannot be scored has an `error`; if the checkpoint was removed
  before it could be scored, also `missing`. A run that is removed counts as done; a run that takes
  its place is scored from the start.

  Args:
    find_runs: Returns the paths of the runs that exist by now; called repeatedly.
    open_run: Returns the evaluators of the run at a path. The first one makes the main scores,
      which those of the others are compared with. An empty list leaves the run out. Called again
      after an error that may pass.
    where: Where runs are looked for, for the log.
    on_record: Gets the evaluators of a run before a record of the run is yielded.
    notify: Gets a run's first evaluator, and as `finished` whether all is done, when there is
      nothing to do.
    poll_seconds: The first pause when there is nothing to do; pauses grow up to 30 seconds.
    timeout_seconds: Ends when nothing new has appeared for that long; 0 waits for ever.
    stop_after: Ends after that many checkpoints; 0 sets no limit.

  Raises:
    UsageError: No run appeared in time, or `open_run` raised it.
    Unreachable: The runs could not be listed in time.
    Exception: The error that made a run be left out; raised after all other runs are scored.
  """
  runs: dict[str, _Run] = {}
  if not _list_runs(find_runs)[0]:
    _log.info('waiting for a run%s', f' in {where}' if where else '')
  last_news, pause, count, had_runs = time.monotonic(), poll_seconds, 0, False
  while True:
    paths, storage_error = _list_runs(find_runs)
    for path in paths:
      if path not in runs:
        runs[path] = _Run(path, open_run)
    news = False
    for path, run in list(runs.items()):
      for record in run.advance():
        news = True
        on_record(run.evaluators)
        yield record
      if run.ended:
        _log.warning('%s', run.ended)
        del runs[path]
        had_runs = news = True
      count += run.just_settled
      if stop_after and count >= stop_after:
        return
    if news:
      last_news, pause = time.monotonic(), poll_seconds
      continue
    for run in runs.values():
      run.tell(notify)
    if (runs or had_runs) and all(run.finished for run in runs.values()):
      break
    if timeout_seconds and time.monotonic() - last_news > timeout_seconds:
      if storage_error:
        raise storage_error
      if not runs:
        raise UsageError(f'--model_dir: no run appeared in {timeout_seconds:.0f} s')
      _log.warning('no new checkpoint for %.0f s', timeout_seconds)
      break
    time.sleep(pause)
    pause = min(1.5 * pause, _LONGEST_PAUSE)
  for run in runs.values():
    if run.error:
      raise run.error


def _list_runs(find: Callable[[], Sequence[str]]) -> tuple[Sequence[str], Unreachable | None]:
  """Calls `find`; returns the runs and None, or no runs and the error of the storage."""
  try:
    return find(), None
  except Unreachable as error:
    _log.warning('%s', told(error))
    return (), error


class _Run:
  """Progress of scoring one run; a checkpoint is settled once its record has been yielded.

  Attributes:
    evaluators: The evaluators of the run; () until the run is opened.
    finished: Whether the run is done and all of its checkpoints are settled, or it is left out.
    ended: A message that the run is gone or that another has its directory; '' until then.
    just_settled: Whether the last `advance` scored a checkpoint or found its record.
    error: The error for which the run was left out; None if it was not.
  """

  def __init__(self, path: str, open_run: Callable[[str], Sequence[Evaluator]]):
    self._path = path
    self._open_run = open_run
    self.evaluators: Sequence[Evaluator] = ()
    self._is_open = False
    self._settled_steps: set[int] = set()
    self._known_steps: set[int] = set()
    self._last_listing: list[int] = []
    self._attempts: dict[int, int] = {}
    self.finished = False
    self.ended = ''
    self.just_settled = False
    self.error: Exception | None = None
    self._failures = 0  # In a row.
    self._rest_end = 0.0  # By time.monotonic().

  def advance(self) -> Iterator[Record]:
    """Settles the next checkpoint, if any, and those that were removed; yields their records.

    Leaves the run out when its files cannot be listed, read or written in four calls in a row.

    Raises:
      UsageError: `open_run` raised it, since the run cannot be scored.
    """
    self.just_settled = False
    if time.monotonic() < self._rest_end:
      return
    if self.finished:
      self._notice_end()
      return
    try:
      if not self._is_open:
        self.evaluators = self._open_run(self._path) or ()
        self._is_open, self.finished = True, not self.evaluators
      yield from self._advance(self.evaluators)
      self._failures = 0
    except Interrupted:
      raise
    except RunReplaced as error:
      self.ended = str(error)
    except Exception as error:
      if not self._is_open and isinstance(error, UsageError):
        raise
      self._failures += 1
      if self._failures < _ATTEMPTS:
        _log.warning('%s, attempt %d: %s', self._path, self._failures, told(error))
        self._rest(self._failures)
        return
      _log.warning('%s is left out: %s', self._path, told(error))
      self.error, self.finished = error, True

  def tell(self, notify: Callable[..., None]) -> None:
    """Calls `notify` about the run, unless it is left out or cannot be read now."""
    if self.evaluators and not self.error:
      with contextlib.suppress(OSError, UsageError):
        notify(self.evaluators[0], finished=self.finished)

  def _notice_end(self) -> None:
    """Sets `ended` if a finished or left-out run is gone, or another has its directory."""
    try:
      if self.evaluators:
        self.evaluators[0].check_run()
    except RunReplaced as error:
      self.ended = str(error)
    except (OSError, UsageError):
      pass  # The storage fails, which is harmless: nothing more is to be read of this run.

  def _rest(self, failures: int) -> None:
    """Makes `advance` skip the run for 2 s after the first failure, then 8 s, then 30 s."""
    self._rest_end = time.monotonic() + min(_LONGEST_PAUSE, 2 * 4 ** (failures - 1))

  def _advance(self, evaluators: Sequence[Evaluator]) -> Iterator[Record]:
    """Yields the records of removed checkpoints and of the next one that no process scores."""
    if self.finished:
      return
    first = evaluators[0]
    first.check_run()
    # Read before the steps are listed, so that the list of a run that is done is complete.
    is_done = first.run.is_done()
    steps = first.steps()
    if steps != self._last_listing:
      missing_steps = [step for step in self._find_missing(first, steps) if not first.find(step)]
      if missing_steps:
        _log.warning(
          '%s: removed before they could be scored: %s', first.run.path, format_steps(missing_steps)
        )
      for step in missing_steps:
        yield first.record_failure(step, 'removed before it could be scored', missing=True)
      self._settled_steps.update(missing_steps)
      self._last_listing = steps
    pending = [step for step in steps if step not in self._settled_steps]
    for step in pending:
      try:
        records = self._score(evaluators, step, step == steps[-1] and not is_done)
      except _Postponement:
        break
      if records:
        self._settled_steps.add(step)
        self.just_settled = True
        yield from records
        break
      # Another process is scoring this checkpoint; try the next one.
    self.finished = is_done and not pending

  def _find_missing(self, first: Evaluator, steps: list[int]) -> list[int]:
    """Returns steps of checkpoints that were listed or logged as saved, and now are gone."""
    saved_steps = first.run.saved_steps()
    # A run logs a checkpoint before it can be listed: one after the newest listed may yet appear.
    self._known_steps |= {*steps, *(step for step in saved_steps if steps and step < steps[-1])}
    return sorted(self._known_steps - set(steps) - self._settled_steps)

  def _score(self, evaluators: Sequence[Evaluator], step: int, is_patient: bool) -> list[Record]:
    """Returns one record per evaluator, or [] while another process scores the checkpoint."""
    records = []
    for evaluator in evaluators:
      record = self._try(evaluator, step, is_patient=is_patient)
      if record is None:
        return []
      records.append(record)
    warn_if_apart(evaluators, records)
    return records

  def _try(self, evaluator: Evaluator, step: int, *, is_patient: bool) -> Record | None:
    """Returns the record of a checkpoint, of a failure too; None while another process scores it.

    Args:
      evaluator: The evaluator.
      step: Step of the checkpoint.
      is_patient: Whether a damaged checkpoint may be one that is still being written.

    Raises:
      _Postponement: The checkpoint should be tried again.
    """
    try:
      return evaluator.evaluate(step, wait=False)
    except (Interrupted, RunReplaced, WriteError):
      raise
    except Exception as error:  # Of any kind, so that other checkpoints are still scored.
      if step not in evaluator.steps():
        raise _Postponement from None  # Removed; the next call records it as missing.
      if isinstance(error, DamagedCheckpoint) and is_patient:
        raise _Postponement from None  # Perhaps half written.
      self._attempts[step] = self._attempts.get(step, 0) + 1
      if isinstance(error, _TRANSIENT_ERRORS) and self._attempts[step] < _ATTEMPTS:
        _log.warning('step %d, attempt %d: %s', step, self._attempts[step], told(error))
        self._rest(self._attempts[step])
        raise _Postponement from None
      _log.warning('step %d not scored: %s', step, told(error))
      with writing(evaluator.run.path):
        return evaluator.record_failure(step, told(error))


def told(error: Exception) -> str:
  """Formats an error in one line; adds its type unless the package's own message says enough."""
  line = first_line(error)
  clear = isinstance(error, (UsageError, Unreachable, WriteError, tf.errors.OpError))
  return line if clear else f'{type(error).__name__}: {line}'


class _Postponement(Exception):
  """Postponement of a checkpoint that cannot be scored yet."""
