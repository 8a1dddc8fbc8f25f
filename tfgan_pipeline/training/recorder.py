"""What a run leaves behind while it trains: checkpoints, curves, samples, health, evidence.

Only the chief worker records; on the others a Recorder does nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
import contextlib
import json
import os
from types import MappingProxyType

from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset, Example
from tfgan_pipeline.runs import atomic_files, checksums
from tfgan_pipeline.runs.atomic_files import writing
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.training_lock import TrainingLock
from tfgan_pipeline.training.health import Health
from tfgan_pipeline.training.progress import Progress
from tfgan_pipeline.training.state import TrainState
from tfgan_pipeline.training.summaries import TrainSummaries

_SHOWN_SPLITS = ('test', 'validation', 'train')  # Where real images are taken from, if there.


class Recorder:
  """Writes into one model_dir; a context manager.

  Args:
    run: Where.
    experiment: Says what is due when.
    state: What is saved and sampled.
    chief: Whether this worker records at all.
    lock: Held; checked before anything is overwritten.

  Raises:
    WriteError: Something cannot be written; what was there before is whole.
  """

  def __init__(
    self,
    run: RunDirectory,
    experiment: Experiment,
    state: TrainState,
    *,
    chief: bool,
    lock: TrainingLock,
  ):
    self._run = run
    self._experiment = experiment
    self._state = state
    self._chief = chief
    self._lock = lock
    keep = experiment.keep_checkpoints
    self._checkpoints = Checkpoints(run.checkpoints, keep=keep, run_id=run.run_id)
    self._summaries: TrainSummaries | None = None
    self._progress: Progress | None = None
    self._health: Health | None = None
    self._shown: Example | None = None  # Real examples.

  def start(self, step: int, dataset: Dataset, damaged: Sequence[int] = ()) -> None:
    """Declares void what was written of steps after `step`, at which the state is.

    Args:
      step: That of the checkpoint which was restored; 0 for a fresh state.
      dataset: The images.
      damaged: Steps of checkpoints that could not be read, and are to be out of the way.
    """
    if not self._chief:
      return
    self.close()
    with self._writing(self._run.path):
      self._run.mark_unfinished()
      self._checkpoints.set_aside(damaged)
      self._checkpoints.remove_leftovers()
      self._summaries = TrainSummaries(self._run, step)
      self._progress = Progress(step, self._experiment.max_steps, self._experiment.batch_size)
    self._health = self._health or Health(self._state, dataset)
    if self._state.game.shown_images:
      held_out = next(name for name in _SHOWN_SPLITS if name in dataset.splits)
      self._shown = next(dataset.split(held_out).ordered(self._state.game.shown_images))
    if not step:
      medium = dataset.fields['image'].medium
      reals = next(dataset.split('train').ordered(medium.grid_size(dataset.image_shape)))
      with self._writing(self._run.path):
        self._summaries.reals(medium.picture(reals['image']))
      self._sample(0)
      saved = self._checkpoints.record(0) if 0 in self._checkpoints.steps() else {}
      if 'checksum' in saved:  # Not written again, since an evaluator may just be reading it.
        with self._writing(self._run.path):
          self._summaries.line(0, {}, saved['checksum'])
      else:
        self._save(0)

  def advance(self, step: int) -> None:
    """The device has finished `step`."""
    if self._chief:
      self._progress.advance(step)

  def record(self, step: int, scalars: Mapping[str, float], *, save: bool = False) -> None:
    """Writes curves and samples where they are due, and a checkpoint if `save`."""
    if not self._chief:
      return
    logged = self._experiment.is_due(step, self._experiment.log_every)
    if logged:
      with self._writing(self._run.path):
        self._summaries.plot(step, scalars, self._progress.images_per_second(step))
        self._progress.report(step, scalars)
    if self._experiment.is_due(step, self._experiment.sample_every):
      self._sample(step)
    if save:
      self._save(step, scalars if logged else {})
    elif logged:
      with self._writing(self._run.path):
        self._summaries.line(step, scalars)

  def _save(self, step: int, scalars: Mapping[str, float] = MappingProxyType({})) -> None:
    """Writes a line of train.jsonl with the checksum of all variables, then their checkpoint.

    In this order, since a run that is killed in between goes on from an earlier step, and writes
    the line once more.
    """
    parts = checksums.of_variables(self._state.checkpoint)
    with self._writing(self._run.path):
      scheduled = step % self._experiment.save_every == 0
      self._summaries.line(step, scalars, checksums.combined(parts), scheduled=scheduled)
    with self._writing(self._checkpoints.prefix(step)):
      self._checkpoints.save(step, self._state.checkpoint, parts)

  def newest_checkpoint(self) -> str | None:
    steps = self._checkpoints.steps()
    return self._checkpoints.prefix(steps[-1]) if steps else None

  def evidence(self, step: int, faults: Mapping[str, float], scalars: Mapping[str, float]) -> str:
    """Keeps what was not finite, and all scalars of that step; returns the file's path."""
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
    """The run has reached its end."""
    if self._chief:
      with self._writing(self._run.path):
        self._run.mark_done(step)

  def _sample(self, step: int) -> None:
    """The grid of fixed noise, classes in columns, and its health; what else the game shows."""
    game, generator = self._state.game, self._state.sampled_generator
    medium = game.data['image'].medium
    count = medium.grid_size(game.data.image_shape)
    columns = game.columns if game.columns <= count // 2 else 0
    if columns:
      count -= count % columns
    inputs = game.inputs(range(count), self._experiment.seed)
    samples = medium.to_stored(game.generate(generator, inputs)).numpy()
    health = self._health(step, inputs, samples)
    others = {} if self._shown is None else game.pictures(generator, self._shown)
    with self._writing(self._run.path):  # What fails above is not the disk's fault.
      self._summaries.picture('fakes', step, medium.picture(samples, columns=columns))
      self._summaries.health(step, health)
      for name, picture in others.items():
        self._summaries.picture(name, step, picture)

  @contextlib.contextmanager
  def _writing(self, path: str) -> Iterator[None]:
    with writing(path):
      self._lock.check()
      yield

  def close(self) -> None:
    if self._progress is not None:
      self._progress.close()
    if self._summaries is not None:
      with writing(self._run.train):
        self._summaries.close()

  def __enter__(self) -> Recorder:
    if self._chief:
      with self._writing(self._run.path):
        for directory in (self._run.path, self._run.train, self._run.samples):
          atomic_files.remove_leftovers(directory)
    return self

  def __exit__(self, *_):
    self.close()
