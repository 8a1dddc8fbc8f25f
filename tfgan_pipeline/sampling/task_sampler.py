"""Base class of samplers: one task of a trained game, from one checkpoint of a run at a time.

    sampler = open_sampler(run, experiment, task='a_to_b')
    sampler.restore(step)
    for outputs in sampler.batches(1000, seed=0): ...     # uint8 [n, H, W, C]

Samplers of noise number their samples (sampler.py); translators read examples (translator.py).
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.export import export_tasks
from tfgan_pipeline.sampling.restored import RestoredNetworks


class TaskSampler(abc.ABC):
  """Makes outputs of one task.

  Args:
    run: The run.
    experiment: As the run recorded it.
    task: A name; '' is the game's first task.
    weights: 'average' for the moving average where the run keeps one, else 'raw'.
    strategy: Whose replicas hold the networks; None is no strategy.

  Attributes:
    restored: The networks of the task.
    game: The game over them.
    task: The task.
    medium: Of the outputs.
    sample_shape: Of one output, such as (height, width, channels).
    batch_norm: What batch normalisation divides by, in words.
    noise_size: Length of the input where it is standard normal noise and nothing else; or 0.

  Raises:
    UsageError: The game has no such task.
  """

  batch_norm = 'moving averages'
  noise_size = 0

  def __init__(
    self,
    run: RunDirectory,
    experiment: Experiment,
    task: str = '',
    *,
    weights: str = 'average',
    strategy: tf.distribute.Strategy | None = None,
  ):
    data = Fields.from_record(run.read_record()['dataset'])
    self.task: Task = new_game(experiment, data).task(task)
    self._experiment = experiment
    self.restored = RestoredNetworks(
      run, experiment, self.task.roles, weights=weights, strategy=strategy
    )
    self.game, self._networks = self.restored.game, self.restored.networks
    target = self.game.data[self.task.target]
    self.medium, self.sample_shape = target.require_medium(), target.shape

  @property
  def weights(self) -> str:
    """The kind of weights in use: 'average' or 'raw'."""
    return self.restored.weights

  @property
  def step(self) -> int | None:
    """The step of the checkpoint restored last, or None."""
    return self.restored.step

  def steps(self) -> list[int]:
    """Returns the steps that can be restored, oldest first."""
    return self.restored.steps()

  def restore(self, step: int | None = None) -> int:
    """Takes the weights of one checkpoint, see RestoredNetworks.restore."""
    return self.restored.restore(step)

  def labels(self, indices: Sequence[int]) -> np.ndarray | None:
    """Returns the classes of samples, int32 [len(indices)], balanced; None where there are none."""
    del indices
    return None

  def codes(self, indices: Sequence[int]) -> np.ndarray | None:
    """Returns the learnt categories of samples, int32 [len(indices)]; None where there are none."""
    del indices
    return None

  @abc.abstractmethod
  def batches(self, count: int, seed: int, *, batch_size: int = 256) -> Iterator[np.ndarray]:
    """Yields outputs 0 to count - 1, in batches, as they are stored; fewer where inputs end."""

  def export(self, path: str) -> str:
    """Writes the networks as a SavedModel with a function for each task, see export.py."""
    tasks = self.game.tasks().values()
    if {role for task in tasks for role in task.roles} == set(self._networks):
      return export_tasks(self.game, self._networks, path)
    every = RestoredNetworks(self.restored.run, self._experiment, weights=self.weights)
    every.restore(self.step)
    return export_tasks(every.game, every.networks, path)

  def _stored(self, values: tf.Tensor) -> np.ndarray:
    """Converts float outputs [n, ...]; raises UsageError where any is not finite."""
    if not np.isfinite(tf.reduce_sum(values)):
      raise UsageError(f'--step={self.step}: the generator gives values that are not finite')
    return self.medium.to_stored(values).numpy()
