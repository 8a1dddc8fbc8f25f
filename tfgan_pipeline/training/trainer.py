"""The loop: an outer one in Python, an inner one on the device.

trainer = Trainer(experiment, dataset, strategy)
step = trainer.train(RunDirectory(experiment.model_dir))
"""

from __future__ import annotations

from collections.abc import Mapping
import functools
import logging
import math

import numpy as np

from tfgan_pipeline import images
from tfgan_pipeline.checkpoints import Checkpoints
from tfgan_pipeline.compat import tf, tf1_tensor_equality
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.errors import Interrupted, NonFiniteError
from tfgan_pipeline.experiment import Experiment
from tfgan_pipeline.run_directory import RunDirectory
from tfgan_pipeline.runtime import StopSignal
from tfgan_pipeline.training.progress import Progress
from tfgan_pipeline.training.state import TrainState
from tfgan_pipeline.training.summaries import TrainSummaries

_log = logging.getLogger(__name__)
_GRID = 64  # Samples in a grid.


class Trainer:
  """Moves the state of a run, from its newest checkpoint on.

  Args:
    experiment: The run's choices.
    dataset: Its images.
    strategy: Distributes the steps.

  Attributes:
    state: The variables.
  """

  def __init__(self, experiment: Experiment, dataset: Dataset, strategy: tf.distribute.Strategy):
    self._experiment = experiment
    self._dataset = dataset
    self._strategy = strategy
    self.state = TrainState.build(experiment, dataset, strategy)
    self._scalar_names: list[str] = []  # Known once a step has been traced.
    self._step: int | None = None  # Known once the newest checkpoint has been read.

  def restore(self, run: RunDirectory) -> int:
    """Takes the newest whole checkpoint, once; returns the step the state is at.

    Raises:
      UsageError: There are checkpoints and none can be read.
    """
    if self._step is None:
      self._step = Checkpoints(run.checkpoints).restore_latest(self.state.checkpoint)
    return self._step

  def train(self, run: RunDirectory, until: int | None = None) -> int:
    """Trains from where the run is to step `until`, by default `max_steps`; returns that step.

    Raises:
      Interrupted: After SIGTERM or SIGINT, with a checkpoint saved.
      NonFiniteError: A loss or gradient norm is not finite; nothing of it is saved.
    """
    until = self._experiment.max_steps if until is None else until
    if self.restore(run) < until:
      run.mark_unfinished()
      checkpoints = Checkpoints(run.checkpoints, keep=self._experiment.keep_checkpoints)
      summaries = TrainSummaries(run, self._step)
      progress = Progress(self._step, self._experiment.max_steps, self._experiment.batch_size)
      try:
        if not self._step:
          summaries.reals(next(self._dataset.split('train').ordered(_GRID))[0])
          summaries.fakes(0, self._samples())
          checkpoints.save(0, self.state.checkpoint)
        self._loop(until, checkpoints, summaries, progress)
      finally:
        progress.close()
        summaries.close()
    else:
      _log.info('already at step %d', self._step)
    if self._step >= self._experiment.max_steps:
      run.mark_done(self._step)
    return self._step

  def _loop(
    self, until: int, checkpoints: Checkpoints, summaries: TrainSummaries, progress: Progress
  ) -> None:
    """The outer loop: call the device, then do on the host what is due."""
    experiment = self._experiment
    iterator = iter(self._input())
    with StopSignal() as stop:
      while self._step < until:
        scalars = self._run(iterator, self._loop_length(until))
        step = self._step
        progress.advance(step)
        self._check_finite(scalars, checkpoints)
        if self._due(experiment.log_every):
          summaries.scalars(step, scalars, progress.images_per_second(step))
          progress.report(step, scalars)
        if self._due(experiment.sample_every):
          summaries.fakes(step, self._samples())
        if self._due(experiment.save_every) or step == until or stop.requested:
          checkpoints.save(step, self.state.checkpoint)
        if stop.requested and step < experiment.max_steps:
          raise Interrupted(f'stopped at step {step}; the same command continues')

  def _due(self, every: int) -> bool:
    return self._step % every == 0 or self._step == self._experiment.max_steps

  def _loop_length(self, until: int) -> int:
    """Steps until something is due on the host, at most `steps_per_loop`."""
    experiment = self._experiment
    return min(
      experiment.steps_per_loop,
      until - self._step,
      *(
        every - self._step % every
        for every in (experiment.log_every, experiment.save_every, experiment.sample_every)
      ),
    )

  def _input(self):
    """The distributed input from the current step on."""
    first_batch = self._step * self.state.step_fn.batches_per_step
    return self._strategy.distribute_datasets_from_function(
      functools.partial(_input_fn, self._dataset, self._experiment, first_batch)
    )

  def _run(self, iterator, length: int) -> dict[str, float]:
    """Moves `length` steps in one call to the device and returns the scalars of the last."""
    with tf1_tensor_equality():
      values = self._device_loop(iterator, tf.constant(length))
    self._step += length
    learning_rates = {
      f'learning_rate/{player}': float(optimizer.learning_rate.numpy())
      for player, optimizer in self.state.optimizers.items()
    }
    return {**dict(zip(self._scalar_names, map(float, values.numpy()))), **learning_rates}

  @tf.function(autograph=False)
  def _device_loop(self, iterator, length: tf.Tensor) -> tf.Tensor:
    """The inner loop. Returns float32 [number of scalars] of the last step."""

    def body(index, _):
      batches = [next(iterator) for _ in range(self.state.step_fn.batches_per_step)]
      scalars = self._strategy.run(self.state.step_fn, args=(batches,))
      totals = {
        name: self._strategy.reduce('SUM', value, axis=None)
        for name, value in sorted(scalars.items())
      }
      self._scalar_names[:] = totals
      return index + 1, tf.stack(list(totals.values()))

    _, values = tf.while_loop(
      lambda index, _: index < length,
      body,
      (0, tf.zeros([0])),
      parallel_iterations=1,
      shape_invariants=(tf.TensorShape([]), tf.TensorShape([None])),
    )
    return values

  def _samples(self) -> np.ndarray:
    """The grid of fixed noise, uint8 [N, H, W, C]."""
    game = self.state.game
    inputs = game.inputs(range(_GRID), self._experiment.seed)
    return images.to_uint8(game.generate(self.state.sampled_generator, inputs)).numpy()

  def _check_finite(self, scalars: Mapping[str, float], checkpoints: Checkpoints) -> None:
    wrong = ', '.join(
      f'{name}={value}' for name, value in scalars.items() if not math.isfinite(value)
    )
    if wrong:
      good = [checkpoints.prefix(step) for step in checkpoints.steps()[-1:]]
      raise NonFiniteError(
        f'not finite by step {self._step}: {wrong}; last good checkpoint: '
        f'{good[0] if good else None}'
      )


def _input_fn(
  dataset: Dataset, experiment: Experiment, first_batch: int, context: tf.distribute.InputContext
) -> tf.data.Dataset:
  return train_batches(
    dataset.split('train'),
    batch_size=experiment.batch_size,
    seed=experiment.seed,
    first_batch=first_batch,
    augment=experiment.augment,
    context=context,
  )
