"""The training loop: an outer loop in Python around an inner loop on the device.

trainer = Trainer(experiment, dataset, strategy)
step = trainer.train(RunDirectory(experiment.model_dir))
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import contextlib
import functools
import logging
import time

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.errors import Interrupted, NonFiniteError, UsageError, spoken
from tfgan_pipeline.networks.layers.minibatch import require_groups
from tfgan_pipeline.replicas import randomness
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.replicas.workers import Workers
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.snapshot import Snapshots
from tfgan_pipeline.runs.stop_request import overruled_above, stop_reason
from tfgan_pipeline.runs.training_lock import TrainingLock
from tfgan_pipeline.training import on_nan
from tfgan_pipeline.training.cadence import loop_length
from tfgan_pipeline.training.changed_settings import optimizers_changed_since
from tfgan_pipeline.training.device_loop import Batch, DeviceLoop
from tfgan_pipeline.training.goodput import Goodput
from tfgan_pipeline.training.initial_weights import initialise
from tfgan_pipeline.training.look import Look
from tfgan_pipeline.training.profile import Profile
from tfgan_pipeline.training.recorder import Recorder
from tfgan_pipeline.training.state import TrainState

_log = logging.getLogger(__name__)


class Trainer:
  """Trainer of a run, from its newest checkpoint on.

  Args:
    experiment: The run's choices.
    dataset: The data of the run.
    strategy: The devices that steps are distributed over.

  Attributes:
    experiment: The run's choices, of which `max_steps` may be replaced between calls of `train`.
    state: The variables of the run.
    workers: The processes that train together.
    is_fresh: Whether all variables still have their initial values.
    origin: Facts on weights that were taken from another run; {} for none.

  Raises:
    UsageError: Options are incompatible, or the images that a replica reads at a time do not divide
      into the groups of a MinibatchStdDev layer.
  """

  def __init__(self, experiment: Experiment, dataset: Dataset, strategy: tf.distribute.Strategy):
    self.experiment = experiment
    self._dataset = dataset
    self._strategy = strategy
    self._rollbacks = registry.on_nan.build(experiment.on_nan)  # Number allowed.
    self.workers = Workers(strategy)
    self.state = TrainState.build(experiment, dataset, strategy)
    parts = experiment.accumulate * strategy.num_replicas_in_sync
    require_groups(self.state.networks, experiment.batch_size // parts)
    self._device_loop = DeviceLoop(experiment, self.state, strategy)
    self._snapshots = Snapshots(self.state.checkpoint)
    # The step of the state; None before it is restored, and after an error has left it undefined.
    self._step: int | None = None
    self._damaged: tuple[int, ...] = ()  # Steps of checkpoints that could not be restored.
    self.is_fresh = True
    self.goodput: Goodput | None = None  # Of this process, from the first `train` on.
    self.origin: dict[str, object] = {}

  def restore(self, run: RunDirectory) -> int:
    """Restores the newest whole checkpoint, unless the state equals it, and returns its step.

    Without any, starts from the weights of --init_from, or fresh ones. To be called under the lock
    of the run, since another process may have trained in between.

    Args:
      run: The directory of the run.

    Raises:
      UsageError: No checkpoint of several can be read, the newest is another run's, or workers see
        different checkpoints.
      Unreachable: The storage does not answer.
    """
    checkpoints = Checkpoints(run.checkpoints)
    if self.workers.any(not checkpoints.newest_is(self._step, self.state.checkpoint)):
      self._step = None  # A restore that fails may have changed some variables.
      restored = checkpoints.restore_latest(self.state.checkpoint)
      saved_run_id = checkpoints.record(restored.step).get('run_id', '')
      if saved_run_id and run.run_id not in ('', saved_run_id):
        raise UsageError(
          f'{checkpoints.prefix(restored.step)}: is of run {saved_run_id}, and {run.path} of '
          f'{run.run_id}; move it away, or give another --model_dir'
        )
      self._step, self._damaged = restored.step, restored.damaged
      if not checkpoints.steps():
        self.origin = initialise(self.state, self.experiment)
      self.state.set_rates(optimizers_changed_since(run, self.experiment, restored.step))
      self.is_fresh = self.is_fresh and not checkpoints.steps()
      if not self.workers.agree(self._step):
        raise UsageError(f'--model_dir={run.path}: workers see other checkpoints there; share it')
    return self._at

  @functools.cached_property
  def _look(self) -> Look:
    """Look at the state, compiled once for all calls of `train`."""
    return Look.at(self.experiment, self.state, self._dataset)

  @property
  def _at(self) -> int:
    """The step of the state, which must be defined."""
    assert self._step is not None
    return self._step

  def train(
    self,
    run: RunDirectory,
    lock: TrainingLock | None,
    stop: StopRequest,
    until: int | None = None,
    *,
    since: float | None = None,
  ) -> int:
    """Trains from the restored step to step `until` and returns the step reached.

    Args:
      run: The directory of the run.
      lock: The training lock of the directory; None on workers other than the chief.
      stop: Requests to stop, read between calls to the device.
      until: The step to reach; None for the experiment's `max_steps`.
      since: When the process began, by `time.monotonic()`; None is now.

    Raises:
      Interrupted: A stop was requested before `max_steps`; a checkpoint is saved.
      NonFiniteError: A scalar or weight is not finite and no rollback is left; the step is not
        saved.
      UsageError: See `restore`; or a worker does not see the run's directory.
      WriteError: The run's directory cannot be written.
    """
    last = self.experiment.max_steps
    until = last if until is None else until
    chief = self.workers.chief
    self.goodput = self.goodput or Goodput(time.monotonic() if since is None else since)
    recorder = Recorder(
      *(run, self.experiment, self.state),
      chief=chief,
      lock=lock,
      snapshots=self._snapshots,
      look=lambda: self._look,
      goodput=self.goodput,
    )
    with self.workers.leaving_together(), recorder:
      if self._step is None:
        self.restore(run)
      asked = self.is_asked_to_stop(run)
      if self._at < until and not asked:
        self._start(recorder)
        self.workers.total(0)  # A barrier: afterwards the chief has saved a checkpoint.
        if self.workers.any(not Checkpoints(run.checkpoints).steps()):
          raise UsageError(f'--model_dir={run.path}: not every worker sees it; share it')
        self._loop_or_invalidate(run, until, recorder, stop)
        asked = self.is_asked_to_stop(run)
      elif not asked:
        more = spoken('; a greater --max_steps continues') if self._at >= last else ''
        _log.info('already at step %d of %d%s', self._at, max(last, self._at), more)
      if self._at >= last or asked:
        recorder.done(self._at)
        recorder.tell_goodput(self._at)
    if asked:
      told = 'stopped at step %d: %s; --max_steps above %d goes on'
      _log.info(spoken(told), self._at, stop_reason(run, last), overruled_above(run))
    return self._at

  def is_asked_to_stop(self, run: RunDirectory) -> bool:
    """Returns whether an evaluator has asked for an end before the last step."""
    limit = self.experiment.max_steps
    return self.workers.any(self._at < limit and bool(stop_reason(run, limit)))

  def _start(self, recorder: Recorder) -> None:
    """Begins to record at the restored step and sets damaged checkpoints aside."""
    recorder.start(self._at, self._dataset, self._damaged)
    self._damaged = ()

  def _loop_or_invalidate(
    self, run: RunDirectory, until: int, recorder: Recorder, stop: StopRequest
  ) -> None:
    """Runs the loop; an error in the loop makes the state undefined, to be restored before use."""
    self.is_fresh = False
    profile = Profile(self.experiment.profile, run.train, records=self.workers.chief)
    try:
      with contextlib.closing(profile):
        self._loop(run, until, recorder, stop, profile)
    except BaseException:
      self._step = None
      raise

  def _loop(
    self,
    run: RunDirectory,
    until: int,
    recorder: Recorder,
    stop: StopRequest,
    profile: Profile,
  ) -> None:
    """Runs the outer loop: calls the device, then does on the host what is due."""
    experiment, goodput = self.experiment, self.goodput
    assert goodput is not None
    with goodput.spent('input'):
      iterator = iter(self._input())
    while self._at < until:
      profile.advance(self._at)
      length = profile.loop_length(loop_length(experiment, self._at, until), self._at)
      with goodput.spent('steps' if self._device_loop.is_compiled else 'compile'):
        scalars = self._run(iterator, length)
      step = self._at
      recorder.advance(step)
      stop_due = self.workers.any(stop.requested)
      save_due = experiment.is_due(step, experiment.save_every) or step == until or stop_due
      faults = on_nan.faults(scalars, experiment.precision)
      if save_due and not faults:  # Weights may be ruined while the loss is still finite.
        faults = self.state.faults()
      if faults:
        self._recover(run, faults, scalars, recorder)
        iterator = iter(self._input())
        continue
      with goodput.spent('saves'):
        recorder.record(step, scalars, save=save_due)
      if stop_due or (save_due and self.is_asked_to_stop(run)):
        break
    with goodput.spent('saves'):
      recorder.join()
    # All workers meet here: none leaves before the chief has saved, and late requests count.
    if self.workers.any(stop.requested) and self._at < experiment.max_steps:
      recorder.tell_goodput(self._at)
      raise Interrupted(f'stopped at step {self._at}; the same command continues')

  def _input(self) -> tf.distribute.DistributedDataset:
    """Returns the distributed batches from the current step on."""
    experiment = self.experiment
    batches = functools.partial(
      train_batches,
      self._dataset.split('train'),
      batch_size=experiment.batch_size // experiment.accumulate,
      seed=randomness.derived_seed(experiment.seed, int(self.state.rollbacks.numpy())),
      first_batch=self._at * self.state.step_fn.batches_per_step,
      augment=experiment.augment,
      augmented=self._dataset.fields.augmented(),
      reduced=self._dataset.fields.reduced(),
    )
    return self._strategy.distribute_datasets_from_function(
      lambda context: batches(context=context)
    )

  def _run(self, iterator: Iterator[Batch], length: int) -> dict[str, float]:
    """Makes `length` steps in one call to the device; returns the scalars of the last step.

    Of the first step with scalars that are not finite if there is one, which then counts as the
    step reached: the weights are beyond it, and of no more use.
    """
    steps, scalars = self._device_loop(iterator, length)
    self._step = self._at + steps
    return scalars

  def _recover(
    self,
    run: RunDirectory,
    faults: Mapping[str, float],
    scalars: Mapping[str, float],
    recorder: Recorder,
  ) -> None:
    """Rolls back to the newest checkpoint if `--on_nan` allows it, else raises NonFiniteError."""
    step, rollbacks = self._at, int(self.state.rollbacks.numpy())
    message = (
      f'not finite at step {step}: {on_nan.summary(faults)}; last good checkpoint: '
      f'{recorder.newest_checkpoint()}; evidence: {recorder.evidence(step, faults, scalars)}'
    )
    if rollbacks >= self._rollbacks:
      raise NonFiniteError(message)
    _log.warning('%s; going back to it (%d of %d)', message, rollbacks + 1, self._rollbacks)
    self.workers.total(0)  # A barrier: afterwards the chief has written all that it is to.
    self._step = None
    self.restore(run)
    self.state.rollbacks.assign(rollbacks + 1)
    self._start(recorder)
