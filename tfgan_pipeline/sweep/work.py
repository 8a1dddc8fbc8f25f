"""Work of a sweep: trains what is not done, round by round, and says what becomes of each run.

failed = work(runs, steps, common, jobs=2)
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
import dataclasses
import logging
import os
import sys

from tfgan_pipeline.config.durations import DURATIONS
from tfgan_pipeline.errors import Interrupted
from tfgan_pipeline.sweep import halving, outcome
from tfgan_pipeline.sweep.plan import Run
from tfgan_pipeline.sweep.processes import last_line, run_all

_log = logging.getLogger(__name__)
_STOPPED = 75  # Exit code of a training that is to be started again.


@dataclasses.dataclass(frozen=True)
class Work:
  """The way in which the runs of a sweep are trained and compared.

  Attributes:
    runs: All runs, their lengths in steps.
    words: Words of tfgan-train for each run, by name.
    logs: Folder of what the processes write.
    score: The score by which settings are compared.
    lower_is_better: The direction of the score.
    eval_dir: Folder of --eval_dir.
    factor: Of so many settings one goes on, see `halving`; 0 for all.
  """

  runs: Sequence[Run]
  words: Mapping[str, Sequence[str]]
  logs: str
  score: str
  lower_is_better: bool
  eval_dir: str = ''
  factor: int = 0

  def log_of(self, name: str) -> str:
    """Returns the path of what the process of a run writes."""
    return os.path.join(self.logs, f'{name}.log')

  def todo(self, runs: Sequence[Run], until: int) -> list[Run]:
    """Returns the runs that have not reached a step, or have no score there."""
    return [one for one in runs if not outcome.is_done(one, until, self.score, self.eval_dir)]

  def run(self, jobs: int, gpus: Sequence[str] = ()) -> list[str]:
    """Trains and scores all that is left to do; returns the names of the runs that failed.

    Args:
      jobs: Number of processes at a time.
      gpus: GPUs that these share, one each.

    Raises:
      Interrupted: A run was stopped by something else than its end, and the others are done.
    """
    alive = list(self.runs)
    steps = halving.rounds(self.runs, self.factor)
    failed: list[str] = []
    stopped: list[str] = []
    for until in steps:
      is_last = until == steps[-1]
      new_failed, new_stopped = self._round(alive, until, jobs, gpus, is_last)
      failed += new_failed
      stopped += new_stopped
      if stopped:
        break  # Settings are held against each other when all have come as far.
      if not is_last:
        alive = self._halved([run for run in alive if run.name not in failed], until)
    if stopped:
      raise Interrupted(f'stopped early: {", ".join(stopped)}; the same command continues')
    return failed

  def _round(
    self, runs: Sequence[Run], until: int, jobs: int, gpus: Sequence[str], is_last: bool
  ) -> tuple[list[str], list[str]]:
    """Trains runs to a step; returns the names of those that failed and of those that stopped."""
    left = self.todo(runs, until)
    length = '' if is_last else f', to step {until:,}'
    _log.info('%d runs to train%s, %d done', len(left), length, len(runs) - len(left))
    commands = {one.name: self._command(one, None if is_last else until) for one in left}
    failed: list[str] = []
    stopped: list[str] = []
    count = 0
    for name, code in run_all(commands, jobs, self.log_of, gpus):
      count += 1
      if code == 0:
        _log.info('%s: done (%d of %d)', name, count, len(left))
        continue
      log = self.log_of(name)
      _log.warning('%s: exit code %d: %s (%s)', name, code, last_line(log), log)
      (stopped if code == _STOPPED else failed).append(name)
    return failed, stopped

  def _command(self, run: Run, until: int | None) -> list[str]:
    words = list(self.words[run.name])
    if until is not None and until < run.experiment.max_steps:
      words = [word for word in words if not word.startswith(tuple(f'--{d}=' for d in DURATIONS))]
      words.append(f'--max_steps={until}')
    return [sys.executable, '-m', 'tfgan_pipeline.bin.train', *words]

  def _halved(self, runs: Sequence[Run], until: int) -> list[Run]:
    means = outcome.means_at(runs, until, self.score, self.eval_dir)
    kept = halving.survivors(runs, means, self.factor, lower_is_better=self.lower_is_better)
    names = {one.name for one in kept}
    for run in runs:
      if run.name not in names:
        mean = means.get(halving.key_of(run))
        told = 'no score' if mean is None else f'mean {self.score} {mean:.4g}'
        _log.info('%s: left at step %d: %s', run.name, until, told)
    return kept
