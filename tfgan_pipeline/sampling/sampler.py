"""A trained generator: restored from a run's checkpoint, sampled by number, exported.

    sampler = GeneratorSampler(run, experiment)
    sampler.restore(step)
    pictures = sampler.images(range(64), seed=0)   # uint8 [64, H, W, C]

It needs model_dir alone: neither the data nor anything of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.game import Game, Inputs
from tfgan_pipeline.models.image_game import ImageGame
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.layers.basic import batch_norms, batch_statistics
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.task_sampler import TaskSampler

# As in BigGAN's reference code (arXiv:1809.11096, section 4.1 and appendix B).
STANDING_BATCHES = 16
_BLOCK = 64


def standard_normal_size(experiment: Experiment, game: Game, task: Task) -> int:
  """Length of a task's input where it is standard normal noise and nothing else; or 0."""
  reads = game.roles()[task.roles[0]].reads if task.samples_noise else {}
  plain = registry.noise.parse(experiment.noise).name == 'normal'
  plain = plain and set(reads) == {'noise'} and reads['noise'].shape == (game.noise.size,)
  return game.noise.size if plain else 0


class GeneratorSampler(TaskSampler):
  """Generates images from noise, by number.

  Args:
    run: The run.
    experiment: As the run recorded it.
    task: A name; '' is the game's first task.
    weights: 'average' for the moving average where the run keeps one, else 'raw'.
    batch_norm: What batch normalisation divides by. 'moving': the moving averages of training.
      'standing': the plain average over 16 batches of the size that was trained with, made anew for
      each checkpoint. 'batch': the statistics of such a batch of samples in `images` and `batches`
      without labels; all else, whose statistics would be of other samples, is by moving averages.
    strategy: Whose replicas generate, a block of samples each; None is no strategy. Statistics of
      batches are made by the first of them.

  Attributes:
    See TaskSampler; `batch_norm` is the moving averages where there is no such layer.
  """

  def __init__(
    self,
    run: RunDirectory,
    experiment: Experiment,
    task: str = '',
    *,
    weights: str = 'average',
    batch_norm: str = 'moving',
    strategy: tf.distribute.Strategy | None = None,
  ):
    self._strategy = strategy or tf.distribute.get_strategy()
    super().__init__(run, experiment, task, weights=weights, strategy=self._strategy)
    self.noise_size = standard_normal_size(experiment, self.game, self.task)
    self._last: tuple[tuple[int, int] | None, list[np.ndarray]] = None, []
    self._norms = [layer for role in self.task.roles for layer in batch_norms(self._networks[role])]
    self._mode = batch_norm if self._norms else 'moving'
    trained_batch = experiment.batch_size // experiment.accumulate
    self._block_size = _BLOCK if self._mode == 'moving' else trained_batch
    # As many blocks are made at a time.
    self._replicas = self._strategy.num_replicas_in_sync if self._mode == 'moving' else 1
    self.batch_norm = {
      'moving': 'moving averages',
      'batch': f'statistics of batches of {trained_batch}',
      'standing': f'averages over {STANDING_BATCHES} batches of {trained_batch}',
    }[self._mode]

  def restore(self, step: int | None = None) -> int:
    self._last = None, []
    step = super().restore(step)
    if self._mode == 'standing':
      self._average_statistics()
    return step

  def _average_statistics(self) -> None:
    for layer in self._norms:
      layer.moving_mean.assign(tf.zeros_like(layer.moving_mean))
      layer.moving_variance.assign(tf.zeros_like(layer.moving_variance))
    with batch_statistics(share=1 / STANDING_BATCHES):
      for block in range(STANDING_BATCHES):
        self._run(self._inputs(self._block(block), 0))

  def _run(self, inputs: Inputs) -> tf.Tensor:
    return self.game.run(self.task, self._networks, inputs)

  def _inputs(
    self, indices: Sequence[int], seed: int, labels: Sequence[int] | None = None
  ) -> Inputs:
    given = {} if labels is None else {'label': labels}
    return self.game.inputs(self.task, indices, seed, given)

  def _block(self, number: int) -> range:
    """Samples that are always made together, so that one is the same whoever asks for it."""
    return range(number * self._block_size, (number + 1) * self._block_size)

  def labels(self, indices: Sequence[int]) -> np.ndarray | None:
    labels = self.game.labels(indices)
    return None if labels is None else labels.numpy()

  def codes(self, indices: Sequence[int]) -> np.ndarray | None:
    codes = self.game.codes(indices)
    return None if codes is None else codes.numpy()

  def images(
    self, indices: Sequence[int], seed: int, labels: Sequence[int] | None = None
  ) -> np.ndarray:
    """uint8 [len(indices), H, W, C]; image i depends on the checkpoint and (seed, i) alone.

    Args:
      indices: Numbers of samples.
      seed: Chooses all of them.
      labels: Other classes than `self.labels(indices)`, one each, on which its image depends too.

    Raises:
      UsageError: The generator gives values that are not finite, or knows no such classes.
    """
    if labels is not None:
      return self._labelled(indices, seed, labels)
    made = {}
    for number in sorted({index // self._block_size for index in indices}):
      made.update(zip(self._block(number), self._pictures(number, seed)))
    return np.stack([made[index] for index in indices])

  @property
  def _image_game(self) -> ImageGame:
    if not isinstance(self.game, ImageGame):
      raise UsageError(f'the game of {self.restored.run.path} has no way from sample to sample')
    return self.game

  def traversal(self, seed: int, columns: int) -> np.ndarray:
    """uint8 [rows * columns, H, W, C]: a row per latent axis or code, which moves along it."""
    return self._stored(self._generate(self._image_game.traversal(seed, columns)))

  def interpolation(
    self, seed: int, rows: int, columns: int, labels: Sequence[int] | None = None
  ) -> np.ndarray:
    """uint8 [rows * columns, H, W, C]: row r goes from sample r to r + 1, both included.

    Args:
      seed: Chooses all samples.
      rows: How many.
      columns: Samples in each.
      labels: The class of each row; by default that of the sample it begins with.

    Raises:
      UsageError: The generator knows no such classes.
    """
    if labels is not None:
      self.check_classes(labels)
    made = []
    for row in range(rows):
      label = None if labels is None else labels[row]
      inputs = self._image_game.interpolation(row, seed, columns, label)
      made.append(self._stored(self._generate(inputs)))
    return np.concatenate(made)

  def check_classes(self, labels: Sequence[int]) -> None:
    """Raises UsageError for classes that the generator cannot be asked for."""
    classes = self.game.data.num_classes
    if self.game.labels([0]) is None:
      raise UsageError(f'--labels: the generator of {self.restored.run.path} is not told any')
    if not all(0 <= label < classes for label in labels):
      raise UsageError(f'--labels: there are classes 0 to {classes - 1}')

  def _pictures(self, number: int, seed: int) -> np.ndarray:
    """The pictures of a block; the last ones are kept, as batches may divide them."""
    first = number - number % self._replicas
    if self._last[0] != (first, seed):
      blocks = range(first, first + self._replicas)
      self._last = (first, seed), self._make([self._block(block) for block in blocks], seed)
    return self._last[1][number - first]

  def _labelled(self, indices: Sequence[int], seed: int, labels: Sequence[int]) -> np.ndarray:
    """Makes samples of chosen classes, each at its place in its block of fixed size."""
    self.check_classes(labels)
    wanted, pictures = list(zip(indices, labels)), {}
    # An index may be asked for with several labels, one of which fits into a round.
    while left := {index: label for index, label in wanted if (index, label) not in pictures}:
      for number in sorted({index // self._block_size for index in left}):
        block = self._block(number)
        own = self.labels(block)
        assert own is not None  # Others are refused, see check_classes.
        classes = [left.get(index, label) for index, label in zip(block, own)]
        values = self._generate(self._inputs(block, seed, classes))
        pictures.update(zip(zip(block, classes), self._stored(values)))
    return np.stack([pictures[one] for one in wanted])

  def _make(self, blocks: Sequence[range], seed: int) -> list[np.ndarray]:
    """The pictures of as many blocks as there are replicas."""
    inputs = [self._inputs(block, seed) for block in blocks]
    if self._replicas == 1:
      return [self._stored(self._generate(*inputs, by_batch=self._mode == 'batch'))]
    shares = self._strategy.experimental_distribute_values_from_function(
      lambda context: inputs[context.replica_id_in_sync_group]
    )
    made = self._generate_on_all(shares)
    return [self._stored(values) for values in self._strategy.experimental_local_results(made)]

  @tf.function(autograph=False)
  def _generate(self, inputs: Inputs, by_batch: bool = False) -> tf.Tensor:
    """Generates images; each value of `by_batch` is traced by itself, with its own statistics."""
    with batch_statistics() if by_batch else contextlib.nullcontext():
      return self._run(inputs)

  @tf.function(autograph=False)
  def _generate_on_all(self, shares: Inputs) -> tf.Tensor:
    return self._strategy.run(self._run, (shares,))

  def values(self, noise: np.ndarray) -> np.ndarray:
    """Images float32 [n, H, W, C] in [-1, 1], not rounded, of noise float32 [n, noise_size]."""
    return self._generate(tf.constant(noise)).numpy()

  def batches(self, count: int, seed: int, *, batch_size: int = 256) -> Iterator[np.ndarray]:
    for first in range(0, count, batch_size):
      yield self.images(range(first, min(first + batch_size, count)), seed)
