"""The training loop: an outer loop in Python around an inner loop on the device.

trainer = Trainer(experiment, dataset, strategy)
step = trainer.train(RunDirectory(experiment.model_dir))
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
import functools
import logging

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.errors import Interrupted, NonFiniteError, UsageError, spoken
from tfgan_pipeline.networks.layers.minibatch import require_groups
from tfgan_pipeline.replicas import randomness, strategies
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.replicas.workers import Workers
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.stop_request import stop_reason
from tfgan_pipeline.runs.training_lock import TrainingLock
from tfgan_pipeline.training import on_nan
from tfgan_pipeline.training.cadence import loop_length
from tfgan_pipeline.training.changed_settings import optimizers_changed_since
from tfgan_pipeline.training.initial_weights import initialise
from tfgan_pipeline.training.recorder import Recorder
from tfgan_pipeline.training.state import TrainState
from tfgan_pipeline.training.train_ops import Scalars

_log = logging.getLogger(__name__)
Batch = dict[str, tf.Tensor]


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
    self._step_fn: Callable[[Sequence[Batch], bool], Scalars] = self.state.step_fn
    if strategies.compiles(experiment, strategy):
      self._step_fn = tf.function(self._step_fn, jit_compile=True, autograph=False)
    self._scalar_names: list[str] = []  # In order; known once a step has been traced.
    # The step of the state; None before it is restored, and after an error has left it undefined.
    self._step: int | None = None
    self._damaged: tuple[int, ...] = ()  # Steps of checkpoints that could not be restored.
    self.is_fresh = True
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

  @property
  def _at(self) -> int:
    """The step of the state, which must be defined."""
    assert self._step is not None
    return self._step

  def train(
    self, run: RunDirectory, lock: TrainingLock | None, stop: StopRequest, until: int | None = None
  ) -> int:
    """Trains from the restored step to step `until` and returns the step reached.

    Args:
      run: The directory of the run.
      lock: The training lock of the directory; None on workers other than the chief.
      stop: Requests to stop, read between calls to the device.
      until: The step to reach; None for the experiment's `max_steps`.

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
    with Recorder(run, self.experiment, self.state, chief=chief, lock=lock) as recorder:
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
    if asked:
      told = 'stopped at step %d: %s; --max_steps above %d goes on'
      _log.info(spoken(told), self._at, stop_reason(run, last), last)
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
    try:
      self._loop(run, until, recorder, stop)
    except BaseException:
      self._step = None
      raise

  def _loop(self, run: RunDirectory, until: int, recorder: Recorder, stop: StopRequest) -> None:
    """Runs the outer loop: calls the device, then does on the host what is due."""
    experiment = self.experiment
    iterator = iter(self._input())
    while self._at < until:
      scalars = self._run(iterator, loop_length(self.experiment, self._at, until))
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
      recorder.record(step, scalars, save=save_due)
      if stop_due or (save_due and self.is_asked_to_stop(run)):
        break
    # All workers meet here: none leaves before the chief has saved, and late requests count.
    if self.workers.any(stop.requested) and self._at < experiment.max_steps:
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
    steps, values = self._device_loop(iterator, tf.constant(length))
    self._step = self._at + int(steps)
    return dict(zip(self._scalar_names, map(float, values.numpy())))

  @tf.function(autograph=False)
  def _device_loop(
    self, iterator: Iterator[Batch], length: tf.Tensor
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """Runs the inner loop, whose length does not depend on what a step computes.

    A loop that ended at the first fault would have the host wait for every step before it could
    send off the next.

    Returns:
      The number of steps up to the first fault, all `length` without one, int64 scalar, and the
      scalars of the last of these steps, float32 [scalars].
    """
    precision = self.experiment.precision

    def body(
      steps: tf.Tensor, good: tf.Tensor, kept: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
      batches = [next(iterator) for _ in range(self.state.step_fn.batches_per_step)]
      values = self._distributed_step(batches)
      must_be_finite = [on_nan.has_to_be_finite(name, precision) for name in self._scalar_names]
      finite = tf.reduce_all(tf.math.is_finite(values) | ~tf.constant(must_be_finite))
      values = tf.concat([values, self._learning_rates()], axis=0)
      so_far = tf.equal(good, tf.cast(steps, tf.int64))  # No step before had a fault.
      # An int32 would be kept in the host's memory, and fetched there in every step.
      good += tf.cast(so_far & finite, tf.int64)
      return steps + 1, good, tf.where(so_far, values, kept)

    with tf1_tensor_equality():  # While tracing only.
      steps, good, kept = tf.while_loop(
        lambda steps, *_: steps < length,
        body,
        # The number of scalars is unknown before the body is traced; one number broadcasts to it.
        (0, tf.constant(0, tf.int64), tf.zeros([1])),
        parallel_iterations=1,
        shape_invariants=(tf.TensorShape([]), tf.TensorShape([]), tf.TensorShape([None])),
      )
    self._scalar_names += [f'learning_rate/{player}' for player in self.state.optimizers]
    return tf.minimum(good + 1, tf.cast(steps, tf.int64)), kept

  def _learning_rates(self) -> tf.Tensor:
    """Returns the learning rates of all players, float32 [players]."""
    rates = [optimizer.learning_rate for optimizer in self.state.optimizers.values()]
    return tf.stack([tf.cast(rate, tf.float32) for rate in rates])

  def _distributed_step(self, batches: Sequence[Batch]) -> tf.Tensor:
    """Runs a step on all replicas; returns the sums of their scalars, float32 [scalars]."""

    def step(lazily: bool) -> tf.Tensor:
      shares = self._strategy.run(self._replica_step, args=(batches, lazily))
      return self._strategy.reduce('SUM', shares, axis=None)

    if not self.state.step_fn.lazy:
      return step(False)
    return tf.cond(self.state.step_fn.all_due(), lambda: step(False), lambda: step(True))

  def _replica_step(self, batches: Sequence[Batch], lazily: bool) -> tf.Tensor:
    """Runs a step on one replica; returns its shares of the scalars, float32 [scalars]."""
    scalars = self._step_fn(batches, lazily)
    self._scalar_names[:] = sorted(scalars)
    return tf.stack([scalars[name] for name in self._scalar_names])

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
    self._step = None
    self.restore(run)
    self.state.rollbacks.assign(rollbacks + 1)
    self._start(recorder)
