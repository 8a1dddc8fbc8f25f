"""The loop: an outer one in Python, an inner one on the device.

    trainer = Trainer(experiment, dataset, game, optimizers, average, strategy)
    step = trainer.train(RunDirectory(experiment.model_dir))

The state of a run is its variables and its step, nothing else: data order, noise, dropout and
augmentation are functions of (seed, step). A run that was stopped therefore continues to the last
bit as if it had not been.
"""

from __future__ import annotations

from collections.abc import Mapping
import functools
import logging
import math
from typing import Any

import numpy as np

from tfgan_pipeline import images, registry
from tfgan_pipeline.checkpoints import Checkpoints
from tfgan_pipeline.compat import keras, tf, tf1_tensor_equality
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.pipeline import train_batches
from tfgan_pipeline.errors import Interrupted, NonFiniteError
from tfgan_pipeline.experiment import Experiment
from tfgan_pipeline.networks.spec import Networks
from tfgan_pipeline.run_directory import RunDirectory
from tfgan_pipeline.runtime import StopSignal
from tfgan_pipeline.training import ema
from tfgan_pipeline.training.progress import Progress
from tfgan_pipeline.training.summaries import TrainSummaries
from tfgan_pipeline.training.train_ops import TrainStep

_log = logging.getLogger(__name__)
_GRID = 64  # Samples in a grid.


class Trainer:
  """Holds the variables of a run and moves them.

  Args:
    experiment: The run's choices.
    dataset: Its images.
    game: The model component over the networks.
    average: The moving average of the generator, a model like it, or None.
    strategy: Under whose scope the networks were built.
  """

  def __init__(
    self,
    experiment: Experiment,
    dataset: Dataset,
    game: Any,
    average: keras.Model | None,
    strategy: tf.distribute.Strategy,
  ):
    self._experiment = experiment
    self._dataset = dataset
    self._game = game
    self._average = average
    self._strategy = strategy
    self._scalar_names: list[str] = []
    with strategy.scope():
      # TF-GAN wants int64, and every replica adds the same one.
      counter = functools.partial(
        tf.Variable,
        0,
        trainable=False,
        dtype=tf.int64,
        aggregation=tf.VariableAggregation.ONLY_FIRST_REPLICA,
      )
      self._global_step = counter(name='global_step')
      optimizers = {
        player: registry.optimizer.build(getattr(experiment, f'{player}_optimizer'))
        for player in ('generator', 'discriminator')
      }
      for player, optimizer in optimizers.items():
        optimizer.build(game.networks[player].trainable_variables)
      if average is not None:
        ema.start(average, game.networks['generator'])
      self._step_fn = TrainStep(
        game=game,
        loss=registry.loss.build(experiment.loss),
        penalties=_penalties(experiment),
        optimizers=optimizers,
        global_step=self._global_step,
        spare_step=counter(name='spare'),
        average=average,
        experiment=experiment,
      )
    self._optimizers = optimizers
    self._step: int | None = None  # Known once the newest checkpoint has been read.
    self.root = tf.train.Checkpoint(
      global_step=self._global_step,
      **game.networks,
      **{f'{player}_optimizer': optimizer for player, optimizer in optimizers.items()},
      **({} if average is None else {'generator_ema': average}),
    )

  @property
  def networks(self) -> Networks:
    return self._game.networks

  @property
  def checkpoint_bytes(self) -> int:
    """Bytes of all variables in a checkpoint."""
    average = [self._average] if self._average is not None else []
    held = [
      variable
      for holder in (*self.networks.values(), *self._optimizers.values(), *average)
      for variable in _variables(holder)
    ]
    return sum(variable.shape.num_elements() * variable.dtype.size for variable in held)

  def train(self, run: RunDirectory, until: int | None = None) -> int:
    """Trains from where the run is to step `until`, by default `max_steps`; returns that step.

    Raises:
      Interrupted: After SIGTERM or SIGINT, with a checkpoint saved.
      NonFiniteError: A loss or gradient norm is not finite; nothing of it is saved.
    """
    until = until or self._experiment.max_steps
    checkpoints = Checkpoints(run.checkpoints, keep=self._experiment.keep_checkpoints)
    if self._step is None:
      self._step = checkpoints.restore_latest(self.root)
    if self._step < until:
      summaries = TrainSummaries(run, self._step)
      progress = Progress(self._step, self._experiment.max_steps, self._experiment.batch_size)
      try:
        if not self._step:
          summaries.reals(next(self._dataset.split('train').ordered(_GRID))[0])
          summaries.fakes(0, self._samples())
          checkpoints.save(0, self.root)
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
        if self._due(experiment.save_every) or stop.requested:
          checkpoints.save(step, self.root)
        if stop.requested and step < until:
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
    first_batch = self._step * self._step_fn.batches_per_step
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
      for player, optimizer in self._optimizers.items()
    }
    return {**dict(zip(self._scalar_names, map(float, values.numpy()))), **learning_rates}

  @tf.function(autograph=False)
  def _device_loop(self, iterator, length: tf.Tensor) -> tf.Tensor:
    """The inner loop. Returns float32 [number of scalars] of the last step."""

    def body(index, _):
      batches = [next(iterator) for _ in range(self._step_fn.batches_per_step)]
      scalars = self._strategy.run(self._step_fn, args=(batches,))
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
    """The grid of fixed noise, uint8 [N, H, W, C], from the weights that evaluation would use."""
    generator = self._average if self._average is not None else self.networks['generator']
    inputs = self._game.inputs(range(_GRID), self._experiment.seed)
    return images.to_uint8(self._game.generate(generator, inputs)).numpy()

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


def _penalties(experiment: Experiment) -> dict:
  names = [call.name for call in registry.penalty.parse_all(experiment.penalties)]
  return dict(zip(names, registry.penalty.build_all(experiment.penalties)))


def _variables(holder) -> list[tf.Variable]:
  """Of a Keras model or optimiser; the latter's `variables` is a method in some versions."""
  return holder.variables() if callable(holder.variables) else holder.variables
