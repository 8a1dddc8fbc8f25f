"""The loop: an outer one in Python, an inner one on the device.

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
from tfgan_pipeline.errors import Interrupted, NonFiniteError, UsageError
from tfgan_pipeline.networks.layers.minibatch import require_groups
from tfgan_pipeline.replicas import randomness, strategies
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.replicas.workers import Workers
from tfgan_pipeline.runs import checksums
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.training_lock import TrainingLock
from tfgan_pipeline.training import on_nan
from tfgan_pipeline.training.recorder import Recorder
from tfgan_pipeline.training.state import TrainState
from tfgan_pipeline.training.train_ops import Scalars

_log = logging.getLogger(__name__)
Batch = dict[str, tf.Tensor]


class Trainer:
  """Moves the state of a run, from its newest checkpoint on.

  Args:
    experiment: The run's choices.
    dataset: Its images.
    strategy: Distributes the steps.

  Attributes:
    state: The variables.
    workers: The processes that train together.
  """

  def __init__(self, experiment: Experiment, dataset: Dataset, strategy: tf.distribute.Strategy):
    self._experiment = experiment
    self._dataset = dataset
    self._strategy = strategy
    self._rollbacks = registry.on_nan.build(experiment.on_nan)  # So many are allowed.
    self.workers = Workers(strategy)
    self.state = TrainState.build(experiment, dataset, strategy)
    parts = experiment.accumulate * strategy.num_replicas_in_sync
    require_groups(self.state.networks, experiment.batch_size // parts)
    self._step_fn: Callable[[Sequence[Batch], bool], Scalars] = self.state.step_fn
    if strategies.compiles(experiment, strategy):
      self._step_fn = tf.function(self._step_fn, jit_compile=True, autograph=False)
    self._scalar_names: list[str] = []  # Known once a step has been traced.
    # The step of the checkpoint that the state equals; None while it equals none.
    self._step: int | None = None
    self._damaged: tuple[int, ...] = ()  # Steps that were passed over when it was read.
    self.is_fresh = True  # Whether all variables have the values they were made with.

  def restore(self, run: RunDirectory) -> int:
    """Takes the newest whole checkpoint, unless the state equals it; returns its step.

    To be called under the lock of the run: another process may have trained in between.

    Raises:
      UsageError: There are checkpoints, and none can be read, or the newest is another run's.
      Unreachable: The storage does not answer.
    """
    checkpoints = Checkpoints(run.checkpoints)
    if self.workers.any(not self._equals_newest(checkpoints)):
      self._step = None  # A reading that fails may change some variables.
      restored = checkpoints.restore_latest(self.state.checkpoint)
      of_run = checkpoints.record(restored.step).get('run_id', '')
      if of_run and run.run_id not in ('', of_run):
        raise UsageError(
          f'{checkpoints.prefix(restored.step)}: is of run {of_run}, and {run.path} of '
          f'{run.run_id}; move it away, or give another --model_dir'
        )
      self._step, self._damaged = restored.step, restored.damaged
      self.is_fresh = self.is_fresh and not checkpoints.steps()
      if not self.workers.agree(self._step):
        raise UsageError(f'--model_dir={run.path}: workers see other checkpoints there; share it')
    return self._at

  @property
  def _at(self) -> int:
    """The step of the state, which is none where it equals no checkpoint."""
    assert self._step is not None
    return self._step

  def _equals_newest(self, checkpoints: Checkpoints) -> bool:
    """Whether the newest checkpoint holds the state, by its step and checksum."""
    newest = max(checkpoints.steps(), default=None)
    if newest is None or newest != self._step:
      return False
    now = checksums.combined(checksums.of_variables(self.state.checkpoint))
    return checkpoints.record(newest).get('checksum') == now

  def train(
    self, run: RunDirectory, lock: TrainingLock | None, stop: StopRequest, until: int | None = None
  ) -> int:
    """Trains from the restored step to step `until`, by default `max_steps`; returns that step.

    Raises:
      Interrupted: `stop` was made; a checkpoint is saved.
      NonFiniteError: A loss or gradient norm is not finite; nothing of it is saved.
      WriteError: The run's directory cannot be written.
    """
    until = self._experiment.max_steps if until is None else until
    chief = self.workers.chief
    with Recorder(run, self._experiment, self.state, chief=chief, lock=lock) as recorder:
      if self._step is None:
        self.restore(run)
      if self._at < until:
        self._start(recorder)
        self.workers.total(0)  # By now the chief has saved its first checkpoint.
        if self.workers.any(not Checkpoints(run.checkpoints).steps()):
          raise UsageError(f'--model_dir={run.path}: not every worker sees it; share it')
        self._loop_or_forget(run, until, recorder, stop)
      else:
        _log.info('already at step %d', self._at)
      if self._at >= self._experiment.max_steps:
        recorder.done(self._at)
    return self._at

  def _start(self, recorder: Recorder) -> None:
    """Begins to record at the restored step, with damaged checkpoints out of the way for good."""
    recorder.start(self._at, self._dataset, self._damaged)
    self._damaged = ()

  def _loop_or_forget(
    self, run: RunDirectory, until: int, recorder: Recorder, stop: StopRequest
  ) -> None:
    """Runs the loop; whatever ends it early leaves a state that nothing may go on from."""
    self.is_fresh = False
    try:
      self._loop(run, until, recorder, stop)
    except BaseException:
      self._step = None
      raise

  def _loop(self, run: RunDirectory, until: int, recorder: Recorder, stop: StopRequest) -> None:
    """The outer loop: call the device, then do on the host what is due."""
    experiment = self._experiment
    iterator = iter(self._input())
    while self._at < until:
      scalars = self._run(iterator, self._loop_length(until))
      step = self._at
      recorder.advance(step)
      stopping = self.workers.any(stop.requested)
      saving = experiment.is_due(step, experiment.save_every) or step == until or stopping
      faults = on_nan.faults(scalars, experiment.precision)
      if saving and not faults:  # Weights that a finite loss has ruined must not be saved.
        faults = self.state.faults()
      if faults:
        self._recover(run, faults, scalars, recorder)
        iterator = iter(self._input())
        continue
      recorder.record(step, scalars, save=saving)
      if stopping:
        break
    # No worker leaves before the chief has saved, and a request made meanwhile counts too.
    if self.workers.any(stop.requested) and self._at < experiment.max_steps:
      raise Interrupted(f'stopped at step {self._at}; the same command continues')

  def _loop_length(self, until: int) -> int:
    """Steps until something is due on the host, at most `steps_per_loop`."""
    experiment = self._experiment
    return min(
      experiment.steps_per_loop,
      until - self._at,
      *(
        every - self._at % every
        for every in (experiment.log_every, experiment.save_every, experiment.sample_every)
      ),
    )

  def _input(self) -> tf.distribute.DistributedDataset:
    """The distributed input from the current step on."""
    experiment = self._experiment
    batches = functools.partial(
      train_batches,
      self._dataset.split('train'),
      batch_size=experiment.batch_size // experiment.accumulate,
      seed=randomness.derived_seed(experiment.seed, int(self.state.rollbacks.numpy())),
      first_batch=self._at * self.state.step_fn.batches_per_step,
      augment=experiment.augment,
      augmented=self._dataset.fields.augmented(),
    )
    return self._strategy.distribute_datasets_from_function(
      lambda context: batches(context=context)
    )

  def _run(self, iterator: Iterator[Batch], length: int) -> dict[str, float]:
    """Moves up to `length` steps in one call to the device; returns the scalars of the last.

    Fewer are made when numbers are not finite: the last step is then the one that brought them.
    """
    with tf1_tensor_equality():
      steps, values = self._device_loop(iterator, tf.constant(length))
    self._step = self._at + int(steps)
    learning_rates = {
      f'learning_rate/{player}': float(optimizer.learning_rate.numpy())
      for player, optimizer in self.state.optimizers.items()
    }
    return {**dict(zip(self._scalar_names, map(float, values.numpy()))), **learning_rates}

  @tf.function(autograph=False)
  def _device_loop(
    self, iterator: Iterator[Batch], length: tf.Tensor
  ) -> tuple[tf.Tensor, tf.Tensor]:
    """The inner loop. Returns the steps made and float32 [number of scalars] of the last."""

    def body(
      steps: tf.Tensor, _: tf.Tensor, __: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
      batches = [next(iterator) for _ in range(self.state.step_fn.batches_per_step)]
      values = self._distributed_step(batches)
      precision = self._experiment.precision
      matters = [on_nan.has_to_be_finite(name, precision) for name in self._scalar_names]
      finite = tf.reduce_all(tf.math.is_finite(values) | ~tf.constant(matters))
      return steps + 1, finite, values

    steps, _, values = tf.while_loop(
      lambda steps, finite, _: (steps < length) & finite,
      body,
      (0, True, tf.zeros([0])),
      parallel_iterations=1,
      shape_invariants=(tf.TensorShape([]), tf.TensorShape([]), tf.TensorShape([None])),
    )
    return steps, values

  def _distributed_step(self, batches: Sequence[Batch]) -> tf.Tensor:
    """A step on all replicas; the sum of what they return."""

    def step(lazily: bool) -> tf.Tensor:
      shares = self._strategy.run(self._replica_step, args=(batches, lazily))
      return self._strategy.reduce('SUM', shares, axis=None)

    if not self.state.step_fn.lazy:
      return step(False)
    return tf.cond(self.state.step_fn.all_due(), lambda: step(False), lambda: step(True))

  def _replica_step(self, batches: Sequence[Batch], lazily: bool) -> tf.Tensor:
    """A step on one replica. Returns its shares of the scalars as one float32 vector."""
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
    """Goes back to the newest checkpoint if `--on_nan` still allows it, else raises."""
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
