"""Scores every checkpoint of one or many runs in order, as they appear.

    for record in watch(lambda: ['/tmp/a', '/tmp/b'], open_run):
      ...

A watcher keeps nothing in memory that it needs again: killed and started once more, or beside
others, it scores what has no record. No bad checkpoint ends it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
import contextlib
import logging
import time

from tfgan_pipeline.checkpoints import some
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import DamagedCheckpoint, RunReplaced, UsageError, first_line
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.records import Record
from tfgan_pipeline.evaluation.variants import warn_if_apart

_log = logging.getLogger(__name__)
_LONGEST_PAUSE = 30.0  # Seconds.
_ATTEMPTS = 4  # At reading a checkpoint, where the file system is at fault.


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
    open_run: The evaluators of one run: the first is the measurement wanted, others are variants of
      it, which it is compared with. None for a run that is to be left out.
    poll_seconds: The first pause when there is nothing to do; pauses grow up to 30 seconds.
    timeout_seconds: Give up when nothing new appeared for so long; 0 waits for ever.
    stop_after: End after as many checkpoints; 0 knows no limit.

  Raises:
    UsageError: No run appeared in that time, or `open_run` raised it.
  """
  runs: dict[str, _Run] = {}
  if not find_runs():
    _log.info('waiting for a run')
  last_news, pause, count, had_runs = time.monotonic(), poll_seconds, 0, False
  while True:
    for path in find_runs():
      if path not in runs:
        runs[path] = _Run(open_run(path))
    news = False
    for path, run in list(runs.items()):
      if ended := run.ended():
        _log.warning('%s', ended)
        del runs[path]
        had_runs = news = True
        continue
      for record in run.advance():
        news = True
        yield record
      count += run.just_settled
      if stop_after and count >= stop_after:
        return
    if news:
      last_news, pause = time.monotonic(), poll_seconds
      continue
    if (runs or had_runs) and all(run.finished for run in runs.values()):
      return
    if timeout_seconds and time.monotonic() - last_news > timeout_seconds:
      if not runs:
        raise UsageError(f'--model_dir: no run appeared in {timeout_seconds:.0f} s')
      _log.warning('no new checkpoint for %.0f s', timeout_seconds)
      return
    time.sleep(pause)
    pause = min(1.5 * pause, _LONGEST_PAUSE)


class _Run:
  """What is settled of one run.

  Attributes:
    finished: Whether nothing more is to come.
    just_settled: Whether the last `advance` scored a checkpoint, or found its record.
  """

  def __init__(self, evaluators: Sequence[Evaluator]):
    self._evaluators = evaluators
    self._settled: set[int] = set()
    self._listed: set[int] = set()
    self._listed_last: list[int] = []
    self._attempts: dict[int, int] = {}
    self.finished = not evaluators
    self.just_settled = False

  def ended(self) -> str:
    """Says that the run is gone, or that another has taken its place; '' while it is there."""
    try:
      for evaluator in self._evaluators:
        evaluator.check_run()
    except RunReplaced as error:
      return str(error)
    return ''

  def advance(self) -> Iterator[Record]:
    """Settles one checkpoint, if there is one to settle, and what is missing before it."""
    self.just_settled = False
    with contextlib.suppress(RunReplaced):  # `ended` tells more of it.
      yield from self._advance()

  def _advance(self) -> Iterator[Record]:
    if self.finished:
      return
    first = self._evaluators[0]
    # Asked before listing: what the run saved before it was done is then in the list.
    done = first.run.is_done()
    steps = first.steps()
    if steps != self._listed_last:
      self._listed_last = steps
      missing = [step for step in self._missing(steps) if not first.find(step)]
      if missing:
        _log.warning('%s: removed before they could be scored: %s', first.run.path, some(missing))
      for step in missing:
        yield first.record_failure(step, 'removed before it could be scored', missing=True)
    waiting = [step for step in steps if step not in self._settled]
    for step in waiting:
      try:
        records = self._evaluate(step, patiently=step == steps[-1] and not done)
      except _Later:
        break
      if records:
        self._settled.add(step)
        self.just_settled = True
        yield from records
        break
      # Another process scores it just now: take the next one meanwhile.
    self.finished = done and not waiting

  def _missing(self, steps: list[int]) -> list[int]:
    """Steps of checkpoints that were listed, or that the run says it saved, and are gone; once."""
    saved = self._evaluators[0].run.saved_steps()
    # The newest may be listed in a moment: the run speaks of it first.
    known = self._listed | {step for step in saved if steps and step < steps[-1]}
    missing = known - set(steps) - self._settled
    self._listed |= set(steps)
    self._settled |= missing
    return sorted(missing)

  def _evaluate(self, step: int, *, patiently: bool) -> list[Record]:
    """The records of a checkpoint; none while another process is at it."""
    records = []
    for evaluator in self._evaluators:
      record = self._try(evaluator, step, patiently=patiently)
      if record is None:
        return []
      records.append(record)
    warn_if_apart(self._evaluators, records)
    return records

  def _try(self, evaluator: Evaluator, step: int, *, patiently: bool) -> Record | None:
    try:
      return evaluator.evaluate(step, wait=False)
    except RunReplaced:
      raise _Later from None  # Which run is here, is asked before the next step.
    except (UsageError, tf.errors.OpError) as error:
      if step not in evaluator.steps():
        raise _Later from None  # It is missing now, and will be recorded so.
      if isinstance(error, DamagedCheckpoint) and patiently:
        raise _Later from None  # It may be half written.
      self._attempts[step] = self._attempts.get(step, 0) + 1
      if isinstance(error, tf.errors.OpError) and self._attempts[step] < _ATTEMPTS:
        _log.warning('step %d, attempt %d: %s', step, self._attempts[step], first_line(error))
        raise _Later from None
      _log.warning('step %d not scored: %s', step, first_line(error))
      return evaluator.record_failure(step, first_line(error))


class _Later(Exception):
  """This checkpoint cannot be scored yet."""
