"""Loop on the device: many training steps in one call, without a word from the host between them.

loop = DeviceLoop(experiment, state, strategy)
steps, scalars = loop(iterator, 100)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.replicas.graphs import graph_method
from tfgan_pipeline.training import on_nan
from tfgan_pipeline.training.state import TrainState
from tfgan_pipeline.training.train_ops import Scalars

Batch = dict[str, tf.Tensor]


class DeviceLoop:
  """Function that makes training steps on all replicas.

  How many steps a call makes does not depend on what they compute. A loop that ended at the first
  fault would have the host wait for each step before it could send off the next one.

  Args:
    experiment: The run's choices.
    state: The variables that steps change.
    strategy: The devices that steps are distributed over.
  """

  def __init__(self, experiment: Experiment, state: TrainState, strategy: tf.distribute.Strategy):
    self._precision = experiment.precision
    self._state = state
    self._strategy = strategy
    self._step_fn: Callable[[Sequence[Batch], bool], Scalars] = state.step_fn
    if strategies.compiles(experiment, strategy):
      self._step_fn = tf.function(self._step_fn, jit_compile=True, autograph=False)
    self._scalar_names: list[str] = []  # In order; known once a step has been traced.

  @property
  def is_compiled(self) -> bool:
    """Whether a first call has traced and compiled the step, so that a further one need not."""
    return bool(self._scalar_names)

  def __call__(self, iterator: Iterator[Batch], length: int) -> tuple[int, dict[str, float]]:
    """Makes `length` steps.

    Returns:
      The number of steps up to the first one with scalars that are not finite, all `length` without
      one, and the scalars of the last of these steps by TensorBoard tag. After a fault the state is
      of no use, being `length` steps on in any case.
    """
    steps, values = self._loop(iterator, tf.constant(length))
    names = [*self._scalar_names, *(f'learning_rate/{player}' for player in self._state.optimizers)]
    return int(steps), dict(zip(names, map(float, values.numpy()), strict=True))

  @graph_method
  def _loop(self, iterator: Iterator[Batch], length: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Returns (steps up to the first fault, int64 scalar; float32 [scalars + players])."""

    def body(
      steps: tf.Tensor, good: tf.Tensor, kept: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
      batches = [next(iterator) for _ in range(self._state.step_fn.batches_per_step)]
      values = self._distributed_step(batches)
      names = self._scalar_names
      must_be_finite = [on_nan.has_to_be_finite(name, self._precision) for name in names]
      finite = tf.reduce_all(tf.math.is_finite(values) | ~tf.constant(must_be_finite))
      values = tf.concat([values, self._learning_rates()], axis=0)
      so_far = tf.equal(good, tf.cast(steps, tf.int64))  # No step before had a fault.
      # TensorFlow holds an int32 in the host's memory, and would fetch it there in every step.
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
    return tf.minimum(good + 1, tf.cast(steps, tf.int64)), kept

  def _learning_rates(self) -> tf.Tensor:
    """Returns the learning rates of all players after a step, float32 [players]."""
    rates = [optimizer.learning_rate for optimizer in self._state.optimizers.values()]
    return tf.stack([tf.cast(rate, tf.float32) for rate in rates])

  def _distributed_step(self, batches: Sequence[Batch]) -> tf.Tensor:
    """Runs a step on all replicas; returns the sums of their scalars, float32 [scalars]."""
    step_fn = self._state.step_fn

    def step(lazily: bool) -> tf.Tensor:
      shares = self._strategy.run(self._replica_step, args=(batches, lazily))
      return self._strategy.reduce('SUM', shares, axis=None)

    if not step_fn.lazy:
      return step(False)
    return tf.cond(step_fn.all_due(), lambda: step(False), lambda: step(True))

  def _replica_step(self, batches: Sequence[Batch], lazily: bool) -> tf.Tensor:
    """Runs a step on one replica; returns its shares of the scalars, float32 [scalars]."""
    scalars = self._step_fn(batches, lazily)
    self._scalar_names[:] = sorted(scalars)
    return tf.stack([scalars[name] for name in self._scalar_names])
