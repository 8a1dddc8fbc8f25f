"""Scores every checkpoint of one or many runs in order, as they appear.

    for record in watch(lambda: ['/tmp/a', '/tmp/b'], open_run):
      ...

A watcher keeps nothing in memory that it needs again: killed and started once more, or beside
others, it scores what has no record. No bad checkpoint ends it, and no run that cannot be read or
written keeps it from the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import logging
import time

from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import (
  DamagedCheckpoint,
  Interrupted,
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
_LONGEST_PAUSE = 30.0  # Seconds.
_ATTEMPTS = 4  # At a checkpoint or a run, before an error is taken for one that stays; 40 s.
# A file system is at fault, or memory that others use.
_MAY_PASS = (tf.errors.OpError, OSError, MemoryError)


def watch(
  find_runs: Callable[[], Sequence[str]],
  open_run: Callable[[str], Sequence[Evaluator]],
  *,
  poll_seconds: float = 1.0,
  timeout_seconds: float = 0,
  stop_after: int = 0,
) -> Iterator[Record]:
  """Records of all checkpoints, each once, until all runs are done and scored.

  Runs take turns, a checkpoint each; within a run the order is that of steps. A checkpoint that
  cannot be scored has a record with its `error`; one that was gone before, also `missing`. A run
  that is removed is done; one that takes its place is scored from the start.

  Args:
    find_runs: The runs there are by now; asked again and again.
    open_run: Returns the evaluators of one run: the first is the measurement wanted, others are
      variants of it, which it is compared with. An empty list leaves the run out. Called again when
      the storage did not answer.
    poll_seconds: The first pause when there is nothing to do; pauses grow up to 30 seconds.
    timeout_seconds: Give up when nothing new appeared for so long; 0 waits for ever.
    stop_after: End after as many checkpoints; 0 knows no limit.

  Raises:
    UsageError: No run appeared in that time, or `open_run` raised it.
    Unreachable: The runs could not be listed in that time.
    Exception: After all else is scored, the error for which a run had to be left out.
  """
  runs: dict[str, _Run] = {}
  if not _listed(find_runs)[0]:
    _log.info('waiting for a run')
  last_news, pause, count, had_runs = time.monotonic(), poll_seconds, 0, False
  while True:
    paths, unlisted = _listed(find_runs)
    for path in paths:
      if path not in runs:
        runs[path] = _Run(path, open_run)
    news = False
    for path, run in list(runs.items()):
      for record in run.advance():
        news = True
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
    if (runs or had_runs) and all(run.finished for run in runs.values()):
      break
    if timeout_seconds and time.monotonic() - last_news > timeout_seconds:
      if unlisted:
        raise unlisted
      if not runs:
        raise UsageError(f'--model_dir: no run appeared in {timeout_seconds:.0f} s')
      _log.warning('no new checkpoint for %.0f s', timeout_seconds)
      break
    time.sleep(pause)
    pause = min(1.5 * pause, _LONGEST_PAUSE)
  for run in runs.values():
    if run.error:
      raise run.error


def _listed(
  find_runs: Callable[[], Sequence[str]],
) -> tuple[Sequence[str], Unreachable | None]:
  """Calls `find_runs`; returns its runs and None, or no runs and the error of the storage."""
  try:
    return find_runs(), None
  except Unreachable as error:
    _log.warning('%s', told(error))
    return (), error


class _Run:
  """What is settled of one run.

  Attributes:
    finished: Whether nothing more is to come.
    ended: Says that the run is gone, or that another has taken its place; '' while it is there.
    just_settled: Whether the last `advance` scored a checkpoint, or found its record.
    error: That for which the run was left out, if it was.
  """

  def __init__(self, path: str, open_run: Callable[[str], Sequence[Evaluator]]):
    self._path = path
    self._open_run = open_run
    self._evaluators: Sequence[Evaluator] | None = None  # Until it could be opened.
    self._settled: set[int] = set()
    self._listed: set[int] = set()
    self._listed_last: list[int] = []
    self._attempts: dict[int, int] = {}
    self.finished = False
    self.ended = ''
    self.just_settled = False
    self.error: Exception | None = None
    self._failures = 0  # In a row.
    self._rests_until = 0.0  # By time.monotonic().

  def advance(self) -> Iterator[Record]:
    """Settles one checkpoint, if there is one to settle, and what is missing before it.

    When the run's files cannot be listed, read or written in several calls, it is left out.

    Raises:
      UsageError: By `open_run`, of a run that cannot be scored.
    """
    self.just_settled = False
    if time.monotonic() < self._rests_until:
      return
    if self.finished:
      self._notice_end()
      return
    try:
      evaluators = self._evaluators
      if evaluators is None:
        evaluators = self._evaluators = self._open_run(self._path) or ()
        self.finished = not evaluators
      yield from self._advance(evaluators)
      self._failures = 0
    except Interrupted:
      raise
    except RunReplaced as error:
      self.ended = str(error)
    except Exception as error:
      if self._evaluators is None and isinstance(error, UsageError):
        raise
      self._failures += 1
      if self._failures < _ATTEMPTS:
        _log.warning('%s, attempt %d: %s', self._path, self._failures, told(error))
        self._rest(self._failures)
        return
      _log.warning('%s is left out: %s', self._path, told(error))
      self.error, self.finished = error, True

  def _notice_end(self) -> None:
    """Sets `ended` when a finished or left-out run is gone, or another has taken its place."""
    try:
      if self._evaluators:
        self._evaluators[0].check_run()
    except RunReplaced as error:
      self.ended = str(error)
    except (OSError, UsageError):
      pass  # The storage does not answer; there is nothing to be read of this run.

  def _rest(self, failures: int) -> None:
    """Leaves the run in peace for a while, whatever others have to do: 2 s, 8 s, then 30 s."""
    self._rests_until = time.monotonic() + min(_LONGEST_PAUSE, 2 * 4 ** (failures - 1))

  def _advance(self, evaluators: Sequence[Evaluator]) -> Iterator[Record]:
    if self.finished:
      return
    first = evaluators[0]
    first.check_run()
    # Asked before listing: what the run saved before it was done is then in the list.
    done = first.run.is_done()
    steps = first.steps()
    if steps != self._listed_last:
      missing = [step for step in self._missing(first, steps) if not first.find(step)]
      if missing:
        _log.warning(
          '%s: removed before they could be scored: %s', first.run.path, format_steps(missing)
        )
      for step in missing:
        yield first.record_failure(step, 'removed before it could be scored', missing=True)
      self._settled.update(missing)
      self._listed_last = steps
    waiting = [step for step in steps if step not in self._settled]
    for step in waiting:
      try:
        records = self._evaluate(evaluators, step, patiently=step == steps[-1] and not done)
      except _Later:
        break
      if records:
        self._settled.add(step)
        self.just_settled = True
        yield from records
        break
      # Another process scores it just now: take the next one meanwhile.
    self.finished = done and not waiting

  def _missing(self, first: Evaluator, steps: list[int]) -> list[int]:
    """Steps of checkpoints that were listed, or that the run says it saved, and are gone."""
    saved = first.run.saved_steps()
    # The newest may be listed in a moment: the run speaks of it first.
    self._listed |= {*steps, *(step for step in saved if steps and step < steps[-1])}
    return sorted(self._listed - set(steps) - self._settled)

  def _evaluate(
    self, evaluators: Sequence[Evaluator], step: int, *, patiently: bool
  ) -> list[Record]:
    """The records of a checkpoint; none while another process is at it."""
    records = []
    for evaluator in evaluators:
      record = self._try(evaluator, step, patiently=patiently)
      if record is None:
        return []
      records.append(record)
    warn_if_apart(evaluators, records)
    return records

  def _try(self, evaluator: Evaluator, step: int, *, patiently: bool) -> Record | None:
    try:
      return evaluator.evaluate(step, wait=False)
    except (Interrupted, RunReplaced, WriteError):
      raise
    except Exception as error:  # Of any kind: other checkpoints and runs are to be scored.
      if step not in evaluator.steps():
        raise _Later from None  # It is missing now, and will be recorded so.
      if isinstance(error, DamagedCheckpoint) and patiently:
        raise _Later from None  # It may be half written.
      self._attempts[step] = self._attempts.get(step, 0) + 1
      if isinstance(error, _MAY_PASS) and self._attempts[step] < _ATTEMPTS:
        _log.warning('step %d, attempt %d: %s', step, self._attempts[step], told(error))
        self._rest(self._attempts[step])
        raise _Later from None
      _log.warning('step %d not scored: %s', step, told(error))
      with writing(evaluator.run.path):
        return evaluator.record_failure(step, told(error))


def told(error: Exception) -> str:
  """Formats an error in one line, with its type where it is none of those that say enough."""
  line = first_line(error)
  clear = isinstance(error, (UsageError, Unreachable, WriteError, tf.errors.OpError))
  return line if clear else f'{type(error).__name__}: {line}'


class _Later(Exception):
  """This checkpoint cannot be scored yet."""
