"""The watcher by itself: pauses, patience and counts, with runs and a clock that are made up."""

import math
import types

import pytest

from tfgan_pipeline.errors import DamagedCheckpoint, UsageError
from tfgan_pipeline.evaluation import watcher
from tfgan_pipeline.evaluation.watcher import watch


class Run:
  """A run and its evaluator.

  Args:
    *steps: Steps of the checkpoints.
    done: Whether the training is done.
    saved: Steps that the run says it saved.
    scores: Outcomes of scoring, by step and in turn: an error, or None while another process scores
      the step. Once they are used up the step is scored.
  """

  best_by = 'fid'
  definition = {'weights': 'average', 'batch_norm': 'moving averages'}

  def __init__(self, *steps, done=True, saved=(), scores=None):
    self.listed, self.done, self.saved = list(steps), done, list(saved)
    self.scores, self.tried = scores or {}, []
    self.run = types.SimpleNamespace(
      path='/run', is_done=lambda: self.done, saved_steps=lambda: self.saved
    )

  def check_run(self):
    pass

  def find(self, step):
    return None

  def steps(self):
    return list(self.listed)

  def evaluate(self, step, wait=True):
    assert not wait
    self.tried.append(step)
    if self.scores.get(step):
      outcome = self.scores[step].pop(0)
      if outcome is None:
        return None
      raise outcome
    return {'step': step, 'scores': {'fid': 1.0}}

  def record_failure(self, step, error, **more):
    return {'step': step, 'error': error, **more}


@pytest.fixture
def clock(monkeypatch):
  """Pauses that were made, in seconds; `at[n]` is called in the pause of number n."""
  made = types.SimpleNamespace(pauses=[], at={}, now=100.0)

  def sleep(seconds):
    made.pauses.append(seconds)
    made.now += seconds
    if len(made.pauses) > 200:
      raise TimeoutError('waits for ever')
    made.at.get(len(made.pauses), lambda: None)()

  monkeypatch.setattr(
    watcher, 'time', types.SimpleNamespace(sleep=sleep, monotonic=lambda: made.now)
  )
  return made


def steps_of(*runs, **more):
  """Watches runs; returns the steps of their records, in order."""
  named = {str(index): run for index, run in enumerate(runs)}
  return [r['step'] for r in watch(lambda: list(named), lambda path: [named[path]], **more)]


def test_runs_take_turns_and_nothing_is_waited_for_when_all_is_done(clock):
  assert steps_of(Run(1, 2, 3), Run(5, 6)) == [1, 5, 2, 6, 3]
  assert not clock.pauses


def test_pauses_grow_to_30_seconds_and_start_anew_with_every_checkpoint(clock):
  run = Run(1, done=False)
  clock.at[12] = lambda: run.listed.append(2)
  clock.at[14] = lambda: setattr(run, 'done', True)
  assert steps_of(run) == [1, 2]
  growing = [min(1.5**count, 30.0) for count in range(12)]
  assert clock.pauses == pytest.approx([*growing, 1.0, 1.5])
  assert math.isclose(growing[-1], 30.0)


def test_pauses_of_another_length(clock):
  with pytest.raises(TimeoutError):
    steps_of(Run(1, done=False), poll_seconds=4)
  assert clock.pauses[:3] == [4, 6, 9]


def test_it_waits_for_ever_or_until_nothing_new_came_for_longer_than_asked(clock, caplog):
  with pytest.raises(TimeoutError):
    steps_of(Run(1, done=False))
  clock.pauses.clear()
  with caplog.at_level('INFO', 'tfgan_pipeline'):
    assert steps_of(Run(1, done=False), poll_seconds=2, timeout_seconds=5) == [1]
  assert clock.pauses == [2, 3, 4.5]  # After 5 seconds it is not yet longer than that.
  assert caplog.messages == ['no new checkpoint for 5 s']


def test_a_run_that_never_comes_is_told_and_refused(clock, caplog):
  with caplog.at_level('INFO', 'tfgan_pipeline'):
    with pytest.raises(UsageError, match='--model_dir: no run appeared in 3 s'):
      list(watch(lambda: [], lambda path: [], timeout_seconds=3))
    assert caplog.messages == ['waiting for a run']
  with pytest.raises(TimeoutError):
    list(watch(lambda: [], lambda path: []))
  caplog.clear()
  with caplog.at_level('INFO', 'tfgan_pipeline'):
    steps_of(Run(1))
  assert not caplog.messages


def test_one_that_comes_late_is_watched(clock):
  there = []
  clock.at[2] = lambda: there.append('run')
  found = list(watch(lambda: there, lambda path: [Run(3, 4)]))
  assert [record['step'] for record in found] == [3, 4] and len(clock.pauses) == 2


def test_a_run_left_out_by_its_opener_has_nothing_to_come(clock):
  assert list(watch(lambda: ['run'], lambda path: [])) == [] and not clock.pauses


@pytest.mark.parametrize('count', [1, 2, 3])
def test_it_stops_after_so_many_scored(clock, count):
  runs = Run(2, 4, saved=[1, 2, 4]), Run(5, 6)
  expected = [1, 2, 5, 4, 6]  # Missing ones, such as 1, are not counted.
  assert steps_of(*runs, stop_after=count) == expected[: count + 1]


@pytest.mark.parametrize('times, settled', [(3, True), (4, False)])
def test_an_error_that_may_pass_is_waited_for_three_times(clock, times, settled):
  run = Run(1, 2, scores={1: [OSError(5, 'away') for _ in range(times)]})
  records = list(watch(lambda: ['run'], lambda path: [run]))
  assert [record['step'] for record in records] == [1, 2]
  assert ('scores' in records[0]) == settled
  assert run.tried == [1] * 4 + [2] and clock.now - 100 >= 2 + 8 + 30


def test_other_errors_are_settled_at_once(clock):
  run = Run(1, 2, scores={1: [KeyError('left')]})
  records = list(watch(lambda: ['run'], lambda path: [run]))
  assert records[0] == {'step': 1, 'error': "KeyError: 'left'"} and run.tried == [1, 2]


def test_a_damaged_checkpoint_is_waited_for_while_it_may_be_half_written(clock):
  """A damaged checkpoint is waited for only where it is the newest of an unfinished run."""

  def damaged(*steps):
    return {step: [DamagedCheckpoint('half')] for step in steps}

  writing = Run(1, 2, done=False, scores=damaged(1, 2))
  clock.at[1] = lambda: setattr(writing, 'done', True)
  records = list(watch(lambda: ['run'], lambda path: [writing]))
  assert [record.get('error') for record in records] == ['half', None]
  assert writing.tried == [1, 2, 2] and len(clock.pauses) == 1
  done = Run(1, 2, scores=damaged(2))
  records = list(watch(lambda: ['run'], lambda path: [done]))
  assert [record.get('error') for record in records] == [None, 'half']


def test_while_one_is_scored_elsewhere_the_next_is(clock):
  run = Run(1, 2, scores={1: [None]})
  assert steps_of(run) == [2, 1] and run.tried == [1, 2, 1]


def test_missing_ones_are_told_once_and_the_newest_that_was_saved_may_still_come(clock, caplog):
  run = Run(4, 6, done=False, saved=[2, 4, 6, 8])
  clock.at[1] = lambda: (run.listed.append(8), run.listed.remove(6), setattr(run, 'done', True))
  with caplog.at_level('WARNING', 'tfgan_pipeline'):
    found = list(watch(lambda: ['run'], lambda path: [run]))
  missing = [record['step'] for record in found if record.get('missing')]
  assert missing == [2] and [record['step'] for record in found] == [2, 4, 6, 8]
  assert len(caplog.messages) == 1


def test_of_a_run_that_lists_nothing_nothing_is_missing(clock):
  run = Run(done=False, saved=[2, 4])
  clock.at[1] = lambda: setattr(run, 'done', True)
  assert steps_of(run) == [] and len(clock.pauses) == 1


def opened(outcomes, run):
  """An opener that does in turn what is asked for, an error or nothing, and then opens the run."""

  def open_run(path):
    outcome = outcomes.pop(0) if outcomes else None
    if outcome:
      raise outcome
    return [run]

  return open_run


@pytest.mark.parametrize('times', [3, 4])
def test_a_run_that_cannot_be_opened_four_times_is_left_out(clock, times, caplog):
  records, error = [], None
  with caplog.at_level('WARNING', 'tfgan_pipeline'):
    try:
      records += watch(lambda: ['run'], opened([OSError('away') for _ in range(times)], Run(1, 2)))
    except OSError as raised:
      error = raised
  assert len(records) == (2 if times == 3 else 0) and (error is None) == (times == 3)
  attempts = [message for message in caplog.messages if 'attempt' in message]
  assert [message.split(', ')[1][:9] for message in attempts] == [f'attempt {n}' for n in (1, 2, 3)]


def test_failures_are_counted_anew_after_a_success(clock, caplog):
  run = Run(1, 2)
  failures = iter([True] * 3 + [False] + [True] * 3)

  def check():
    if next(failures, False):
      raise OSError('away')

  run.check_run = check
  assert steps_of(run) == [1, 2]
  assert 'left out' not in caplog.text


def test_a_refusal_at_opening_is_raised_at_once(clock):
  with pytest.raises(UsageError, match='no'):
    list(watch(lambda: ['run'], opened([UsageError('no')], Run(1))))
  assert not clock.pauses
