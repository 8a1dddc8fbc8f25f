"""Files that a run writes while it trains: checkpoints, curves, samples, health, and faults.

What is due at a step is copied from the device, and drawn and written by a thread while the next
steps are made, in order. Only the chief worker writes; on other workers a Recorder does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import contextlib
import json
import logging
import os
import time
from types import MappingProxyType
from typing import Any, TypeVar

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.replicas.memory import need_of
from tfgan_pipeline.runs import atomic_files, checksums
from tfgan_pipeline.runs.atomic_files import writing
from tfgan_pipeline.runs.background import Background
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.recorded_changes import recorded_changes, table
from tfgan_pipeline.runs.snapshot import Snapshots
from tfgan_pipeline.runs.training_lock import TrainingLock
from tfgan_pipeline.training.goodput import Goodput
from tfgan_pipeline.training.look import Look
from tfgan_pipeline.training.progress import Progress
from tfgan_pipeline.training.state import TrainState
from tfgan_pipeline.training.summaries import TrainSummaries
from tfgan_pipeline.training.tensorboard_graph import graph_of
from tfgan_pipeline.writers.trackers import TrackedRun, Trackers

_Part = TypeVar('_Part')
_log = logging.getLogger(__name__)


class Recorder:
  """Writer of all files of a run in its model_dir; a context manager.

  Args:
    run: The directory of the run.
    experiment: The run's choices; they say at which steps to save, log and sample.
    state: The variables that are saved and sampled.
    chief: Whether this worker writes; on others every method does nothing.
    lock: The training lock of the directory, held by the chief and looked at before each save.
    snapshots: Maker of copies of the state.
    look: Returns the look at the state, which is made at the first call, as that reads examples.
    goodput: What the time of the process is spent on; None begins to count now.

  Raises:
    WriteError: A file cannot be written, in any method: now, or since the call before; files that
      existed before are whole. What `join` has not waited for may not be written yet.
  """

  def __init__(
    self,
    run: RunDirectory,
    experiment: Experiment,
    state: TrainState,
    *,
    chief: bool,
    lock: TrainingLock | None,
    snapshots: Snapshots,
    look: Callable[[], Look],
    goodput: Goodput | None = None,
  ):
    self._run, self._experiment, self._state = run, experiment, state
    self._chief = chief
    self._lock = lock
    self._goodput = goodput or Goodput(time.monotonic())
    keep = experiment.keep_checkpoints
    self._checkpoints = Checkpoints(run.checkpoints, keep=keep, run_id=run.run_id)
    self._summaries: TrainSummaries | None = None
    self._progress: Progress | None = None
    self._look = look
    self._snapshots = snapshots
    self._background = Background()

  def start(self, step: int, dataset: Dataset, damaged: Sequence[int] = ()) -> None:
    """Begins to record at `step` and discards records of later steps.

    For a fresh state, writes pictures of real and generated samples and the checkpoint of step 0.

    Args:
      step: The step of the restored checkpoint; 0 for a fresh state.
      dataset: Source of the real examples that are shown and measured.
      damaged: Steps of checkpoints that could not be read; they are set aside.
    """
    if not self._chief:
      return
    self.close()
    run = TrackedRun(self._run.run_id, self._run.path, self._experiment.to_dict())
    trackers = Trackers.of(self._experiment.also_log, run)
    with self._writing(self._run.path):
      self._run.mark_unfinished()
      self._checkpoints.set_aside(damaged)
      self._checkpoints.remove_leftovers()
      self._goodput.begin(self._run, step)  # Reads lines before they are removed.
      self._summaries = TrainSummaries(self._run, step, trackers)
      if self._experiment.tensorboard in ('graph', 'all'):
        self._summaries.graph(graph_of(self._state.game))
      self._progress = Progress(step, self._experiment.max_steps, self._experiment.batch_size)
      for change in recorded_changes(self._run):
        if change['first_step'] == step:
          self._summaries.change(step, table(change))
    look = self._look()
    if not step:
      self._show_data(dataset, look)
      self._sample(0)
      saved_record = self._checkpoints.record(0) if 0 in self._checkpoints.steps() else {}
      # A checkpoint of step 0 is not written again, since an evaluator may just be reading it.
      if 'checksum' in saved_record:
        self.join()
        with self._writing(self._run.path):
          _require(self._summaries).line(0, {}, saved_record['checksum'])
      else:
        self._save(0)
      self.join()

  def advance(self, step: int) -> None:
    """Moves the progress display to `step`, which the device has finished."""
    if self._chief:
      _require(self._progress).advance(step)

  def record(self, step: int, scalars: Mapping[str, float], *, save: bool = False) -> None:
    """Writes curves and samples if they are due at `step`, and a checkpoint if `save` is set.

    Args:
      step: The step of the state.
      scalars: Scalars of that step by TensorBoard tag.
      save: Whether to write a checkpoint.
    """
    if not self._chief:
      return
    log_due = self._experiment.is_due(step, self._experiment.log_every)
    if log_due:
      rate = _require(self._progress).images_per_second(step)
      _require(self._progress).report(step, scalars)
      self._do(lambda: _require(self._summaries).plot(step, scalars, rate))
    if self._experiment.is_due(step, self._experiment.sample_every):
      self._sample(step)
    if save:
      self._save(step, scalars if log_due else {})
    elif log_due:
      self._do(lambda: _require(self._summaries).line(step, scalars))

  def _save(self, step: int, scalars: Mapping[str, float] = MappingProxyType({})) -> None:
    """Writes a line of train.jsonl with the checksum of all variables, then their checkpoint.

    This is when a trainer looks whether another has taken over, since a look is a request where
    the run is in a bucket, and when a bucket gets the lines and curves since the last save.

    A run that is killed between the two writes continues from an earlier checkpoint and replaces
    the line, so no checkpoint is ever without its line.
    """
    self.join()  # One snapshot at a time is enough to hold in memory.
    snapshot = self._snapshots.take()
    scheduled = step % self._experiment.save_every == 0

    def write() -> None:
      checksum = checksums.combined(snapshot.checksums)
      with self._writing(self._run.path):
        _require(self._summaries).line(step, scalars, checksum, scheduled=scheduled)
        if self._experiment.tensorboard in ('histograms', 'all'):
          _require(self._summaries).histograms(step, snapshot.of(self._state.game.networks))
      with writing(self._checkpoints.prefix(step)):
        self._checkpoints.save(step, snapshot)
        self._goodput.write(self._run, step)

    self._background.do(write)
    if not self._snapshots.is_ready:
      self.join()

  def _do(self, write: Callable[[], None]) -> None:
    """Has the background write something that no other trainer would miss."""

    def work() -> None:
      with writing(self._run.path):
        write()

    self._background.do(work)

  def join(self) -> None:
    """Waits until all files are written; raises WriteError if one could not be."""
    self._background.join()

  def newest_checkpoint(self) -> str | None:
    """Returns the path prefix of the newest checkpoint, once it is written, or None without one."""
    self.join()
    steps = self._checkpoints.steps()
    return self._checkpoints.prefix(steps[-1]) if steps else None

  def evidence(self, step: int, faults: Mapping[str, float], scalars: Mapping[str, float]) -> str:
    """Writes a file on numbers that are not finite and returns its path.

    Args:
      step: The step at which they appeared.
      faults: The scalars at fault, by tag.
      scalars: All scalars of that step, by tag.
    """
    self.join()
    path = os.path.join(self._run.train, f'not_finite-{step:06d}.json')
    if self._chief:
      record = {
        'step': step,
        'not_finite': {tag: str(value) for tag, value in faults.items()},
        'scalars': {tag: str(value) for tag, value in scalars.items()},
        'rollbacks': int(self._state.rollbacks.numpy()),
        'newest_checkpoint': self.newest_checkpoint(),
      }
      with self._writing(path):
        atomic_files.write(path, json.dumps(record, indent=2) + '\n')
    return path

  def done(self, step: int) -> None:
    """Marks the run as done in its directory, after its last step `step`."""
    self.join()
    if self._chief:
      with self._writing(self._run.path):
        self._run.mark_done(step)

  def tell_goodput(self, step: int) -> None:
    """Logs the goodput of a run that has trained to `step` in this process, and writes it."""
    self.join()
    if self._chief and self._summaries is not None:
      with self._writing(self._run.path):
        self._goodput.write(self._run, step)
      _log.info('%s', self._goodput.told(step))

  def _show_data(self, dataset: Dataset, look: Look) -> None:
    """Writes the names of classes, and training examples for each field that tasks generate."""
    drawn = look.pictures.reals(dataset)
    with self._writing(self._run.path):
      for name, field in dataset.fields.items():
        if field.classes:
          _require(self._summaries).classes(name, field.classes)
      for name, picture in drawn.items():
        _require(self._summaries).reals(name, picture)

  def _sample(self, step: int) -> None:
    """Writes pictures of samples, from fixed noise or examples, and health metrics of all tasks."""
    look = self._look()
    flag = f'--batch_size={self._experiment.batch_size}'
    way_out = 'large pictures are sampled in batches of at most this size; a smaller one needs less'
    with need_of(f'sampling at step {step}', way_out, flag=flag):
      seen = look()

    def write() -> None:
      pictures, sounds, health = look.draw(seen), look.sounds(seen), look.health(step, seen)
      with writing(self._run.path):  # Errors above are not errors of writing.
        _require(self._summaries).health(step, health)
        _require(self._summaries).samples(step, pictures, sounds)

    self._background.do(write)

  @contextlib.contextmanager
  def _writing(self, path: str) -> Iterator[None]:
    """Looks at the lock, and raises WriteError about `path` if the block cannot write."""
    with writing(path):
      _require(self._lock).check()
      yield

  def close(self) -> None:
    """Writes what is to be written, ends the progress display and closes the files of curves.

    Where another trainer has taken over, what a bucket does not have yet is dropped.
    """
    self.join()
    if self._progress is not None:
      self._progress.close()
    if (summaries := self._summaries) is not None:
      self._summaries = None
      with summaries, self._writing(self._run.train):
        summaries.flush()

  def __enter__(self) -> Recorder:
    if self._chief:
      with self._writing(self._run.path):
        for directory in (self._run.path, self._run.train, self._run.samples):
          atomic_files.remove_leftovers(directory)
    return self

  def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
    try:
      self._background.__exit__(kind, error, trace)
    finally:
      if error is not None and self._summaries is not None:
        self._summaries.stopped(error)
      self.close()


def _require(part: _Part | None) -> _Part:
  """Returns a part of a recorder, which the chief has once `start` was called."""
  assert part is not None
  return part
