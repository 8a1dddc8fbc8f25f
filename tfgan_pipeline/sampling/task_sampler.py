"""Base class of samplers of one task of a trained game, by one checkpoint of a run at a time.

    sampler = open_sampler(run, experiment, task='a_to_b')
    sampler.restore(step)
    for outputs in sampler.batches(1000, seed=0): ...     # uint8 [n, H, W, C]

Samplers of noise number their samples (sampler.py); translators read examples (translator.py).
"""

from __future__ import annotations

import abc
from collections.abc import Iterator, Sequence
import contextlib

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.chosen_step import Step, checked_step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.class_names import Labels
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.replicas.memory import need_of
from tfgan_pipeline.runs.best_step import tell_if_not_best
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.exports.artefacts import export
from tfgan_pipeline.sampling.exports.formats import SAVED_MODEL
from tfgan_pipeline.sampling.restored import RestoredNetworks


class TaskSampler(abc.ABC):
  """Base class of samplers, which make the outputs of one task.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded.
    task: Name of the task; '' is the game's first task.
    weights: 'average' for the moving averages where the run keeps any, else 'raw'.
    strategy: Strategy whose replicas hold the networks; None for no strategy.

  Attributes:
    restored: The networks of the task, to restore from checkpoints.
    game: The game over the networks.
    task: The task.
    medium: The medium of the outputs, such as images.
    sample_shape: Shape of one output, such as (height, width, channels).
    batch_norm: Statistics that batch normalisation uses, in words, such as 'moving averages'.
    noise_size: Length of the input if that is nothing but standard normal noise, else 0.

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
    """Kind of weights in use: 'average' or 'raw'."""
    return self.restored.weights

  @property
  def step(self) -> int | None:
    """Step of the checkpoint restored last, or None."""
    return self.restored.step

  def steps(self) -> list[int]:
    """Returns the steps that can be restored, oldest first."""
    return self.restored.steps()

  def restore(self, step: Step = None) -> int:
    """Restores the weights of one checkpoint; returns the step of the checkpoint.

    Logs, where the newest is restored, that another one has the best scores.

    Args:
      step: Step of the checkpoint; by default the newest that can be read. 'best' and 'best:METRIC'
        stand for the best by the scores in the run.

    Raises:
      UsageError: The checkpoint does not exist or is damaged, or there is none.
      Unreachable: The storage does not answer.
    """
    run, task = self.restored.run, self.task.name
    restored = self.restored.restore(step, task)
    if checked_step(step) is None:
      tell_if_not_best(run, restored, task)
    return restored

  @property
  def class_proportions(self) -> str:
    """Proportions of the classes that samples are asked for: 'uniform' or 'of the reference'."""
    return 'uniform'

  def labels(self, indices: Sequence[int]) -> np.ndarray | None:
    """Returns the classes of samples by number, int32 [len(indices)]; None without classes."""
    del indices
    return None

  def codes(self, indices: Sequence[int]) -> np.ndarray | None:
    """Returns the categories, learnt without labels as in InfoGAN, that samples are made from.

    Args:
      indices: Numbers of samples.

    Returns:
      int32 [len(indices)], or None for generators without such codes.
    """
    del indices
    return None

  def captions(self, indices: Sequence[int]) -> np.ndarray | None:
    """Returns tokens of the captions of samples, int32 [len(indices), length]; None without."""
    captions = self.game.captions(indices)
    return None if captions is None else captions.numpy()

  @abc.abstractmethod
  def batches(
    self, count: int, seed: int, *, batch_size: int = 256, labels: Labels = ()
  ) -> Iterator[np.ndarray]:
    """Yields batches of outputs 0 to count - 1 in stored form, for images uint8 [n, H, W, C].

    Args:
      count: Number of outputs; a translator yields fewer if its examples end.
      seed: Seed of all random inputs.
      batch_size: Number of outputs in a batch; the last one may be smaller.
      labels: Classes that outputs take in turn, by name or number, such as 'cat,dog'; by default
        those of `self.labels`.

    Raises:
      UsageError: Values are not finite, a translator has no examples to read, or the task has no
        such classes.
    """

  def stored(self, values: tf.Tensor) -> np.ndarray:
    """Converts outputs float [n, ...], those of images in [-1, 1], to stored form.

    Raises:
      UsageError: Values are not finite.
    """
    if not np.isfinite(tf.reduce_sum(values)):
      raise UsageError(f'--step={self.step}: the generator gives values that are not finite')
    return self.medium.to_stored(values).numpy()

  def export(self, path: str, *, formats: Sequence[str] = (SAVED_MODEL,), license: str = '') -> str:
    """Writes the networks of all tasks into a folder, see exports/artefacts.py; returns `path`.

    Args:
      path: The folder; may be gs://.
      formats: Formats to write, of exports/formats.py.
      license: Licence of the networks for the model card; '' if unknown.

    Raises:
      UsageError: A format cannot hold one of the networks.
      WriteError: The folder cannot be written.
    """
    tasks = self.game.tasks().values()
    restored = self.restored
    if {role for task in tasks for role in task.roles} != set(self._networks):
      restored = RestoredNetworks(restored.run, self._experiment, weights=self.weights)
      restored.restore(self.step)
    return export(restored, self._experiment, path, formats=formats, license=license)

  def _memory(self, count: int) -> contextlib.AbstractContextManager[None]:
    """Returns a context in which lack of memory for `count` outputs becomes one line."""
    shape = 'x'.join(map(str, self.sample_shape))
    way_out = 'CUDA_VISIBLE_DEVICES="" uses the CPU, and another machine may have more'
    return need_of(f'making {count} samples of {shape} together', way_out)
