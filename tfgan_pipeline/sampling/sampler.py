"""Sampler of a trained generator: restores a checkpoint of a run and makes samples by number.

    sampler = GeneratorSampler(run, experiment)
    sampler.restore(step)
    pictures = sampler.images(range(64), seed=0)   # uint8 [64, H, W, C]

Only model_dir is needed: neither the data nor any part of training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import contextlib

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.class_names import Labels, class_numbers
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media import sizes
from tfgan_pipeline.models.game import Game, Inputs
from tfgan_pipeline.models.parts import parts_of
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.networks.layers.basic import batch_norms, batch_statistics
from tfgan_pipeline.replicas.graphs import graph_method
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling import early_averages
from tfgan_pipeline.sampling.class_proportions import ClassTurns
from tfgan_pipeline.sampling.latent.truncation import Truncated, Truncation
from tfgan_pipeline.sampling.task_sampler import TaskSampler

# BigGAN's standing statistics (arXiv:1809.11096, section 4.1 and appendix B); the default of its
# reference code, --num_standing_accumulations of ajbrock/BigGAN-PyTorch.
STANDING_BATCHES = 16
# Samples that are made together, unless they are large, where batch normalisation does not say how
# many.
_BLOCK = 64


def standard_normal_size(experiment: Experiment, game: Game, task: Task) -> int:
  """Returns the length of a task's input if that is nothing but standard normal noise, else 0."""
  inputs = game.roles()[task.roles[0]].reads if task.samples_noise else {}
  is_normal = registry.noise.parse(experiment.noise).name == 'normal'
  is_normal = is_normal and set(inputs) == {'noise'} and inputs['noise'].shape == (game.noise.size,)
  return game.noise.size if is_normal else 0


class GeneratorSampler(TaskSampler):
  """Sampler of a task that generates from noise; samples have numbers.

  Has the attributes of TaskSampler.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded.
    task: Name of the task; '' is the game's first task.
    weights: 'average' for the moving averages where the run keeps any, else 'raw'.
    batch_norm: Statistics of batch normalisation; without effect if no network has such a layer.
      'moving': the moving averages of training. 'standing': the plain averages over 16 batches of
      the size of training, computed for each checkpoint. 'batch': the statistics of a batch of the
      size of training, in `images` without labels and in `batches`; other methods take the moving
      averages, since their batches contain other samples.
    strategy: Strategy whose replicas generate, a block of samples each; None for no strategy. With
      'standing' or 'batch' only the first replica generates.
    class_counts: Examples of each class, integers [K], whose proportions samples have unless other
      classes are asked for; None, or equal counts, for classes by turns. Without effect on a
      generator that reads no class.
    truncation: Limits on the latents of samples.

  Raises:
    UsageError: The game has no such task, or no latents that can be limited.
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
    class_counts: np.ndarray | None = None,
    truncation: Truncation = Truncation(),
  ):
    self._strategy = strategy or tf.distribute.get_strategy()
    super().__init__(run, experiment, task, weights=weights, strategy=self._strategy)
    self.noise_size = standard_normal_size(experiment, self.game, self.task)
    self._truncated = None
    if truncation:
      networks = self.game, self.task, self._networks
      with self._strategy.scope():
        self._truncated = Truncated(truncation, experiment, *networks)
    self._cache: tuple[tuple[int, int] | None, list[np.ndarray]] = None, []
    turns = None if class_counts is None else ClassTurns(class_counts)
    self._is_cautioned = False
    self._turns = None
    if turns is not None and not turns.are_uniform and self.game.labels([0]) is not None:
      self._turns = turns
    self._norms = [layer for role in self.task.roles for layer in batch_norms(self._networks[role])]
    self._mode = batch_norm if self._norms else 'moving'
    trained_batch = experiment.batch_size // experiment.accumulate
    block = sizes.batch_size(self.sample_shape, _BLOCK, trained_batch)
    self._block_size = block if self._mode == 'moving' else trained_batch
    # Number of blocks that are made at a time.
    self._replicas = self._strategy.num_replicas_in_sync if self._mode == 'moving' else 1
    self.batch_norm = {
      'moving': 'moving averages',
      'batch': f'statistics of batches of {trained_batch}',
      'standing': f'averages over {STANDING_BATCHES} batches of {trained_batch}',
    }[self._mode]

  def restore(self, step: Step = None) -> int:
    self._cache = None, []
    restored = super().restore(step)
    if self._truncated:
      self._truncated.restored()
    if self._mode == 'standing':
      self._average_statistics()
    elif self._mode == 'moving' and not self._is_cautioned:
      self._is_cautioned = early_averages.warn(self._norms, restored)
    return restored

  def _average_statistics(self) -> None:
    """Sets the moving averages of batch normalisation to plain averages over standing batches."""
    for layer in self._norms:
      layer.moving_mean.assign(tf.zeros_like(layer.moving_mean))
      layer.moving_variance.assign(tf.zeros_like(layer.moving_variance))
    with batch_statistics(share=1 / STANDING_BATCHES):
      for block in range(STANDING_BATCHES):
        self._run(self._inputs(self._block(block), 0))

  def _run(self, inputs: Inputs) -> tf.Tensor:
    if self._truncated:
      return self._truncated(inputs)
    return self.game.run(self.task, self._networks, inputs)

  def _inputs(
    self, indices: Sequence[int], seed: int, labels: Sequence[int] | None = None
  ) -> Inputs:
    classes = self._turns[indices] if labels is None and self._turns is not None else labels
    conditions = {} if classes is None else {'label': classes}
    return self.game.inputs(self.task, indices, seed, conditions)

  def _block(self, number: int) -> range:
    """Returns the numbers of the samples that are always made together, whatever a caller asks."""
    return range(number * self._block_size, (number + 1) * self._block_size)

  @property
  def class_proportions(self) -> str:
    return 'of the reference' if self._turns else super().class_proportions

  def labels(self, indices: Sequence[int]) -> np.ndarray | None:
    if self._turns is not None:
      return self._turns[indices]
    labels = self.game.labels(indices)
    return None if labels is None else labels.numpy()

  def codes(self, indices: Sequence[int]) -> np.ndarray | None:
    codes = self.game.codes(indices)
    return None if codes is None else codes.numpy()

  def images(
    self, indices: Sequence[int], seed: int, labels: Sequence[int | str] | None = None
  ) -> np.ndarray:
    """Returns samples by number, for images uint8 [len(indices), H, W, C].

    A sample depends on nothing but the checkpoint, the seed, its number and its class.

    Args:
      indices: Numbers of samples.
      seed: Seed of all samples.
      labels: The class of each sample, by name or number; by default `self.labels(indices)`.

    Raises:
      UsageError: The generator gives values that are not finite, or does not know the classes.
    """
    if labels is not None:
      return self._make_labelled(indices, seed, self.class_numbers(labels))
    pictures = {}
    for number in sorted({index // self._block_size for index in indices}):
      pictures.update(zip(self._block(number), self._pictures(number, seed)))
    return np.stack([pictures[index] for index in indices])

  def of_inputs(self, inputs: Inputs) -> np.ndarray:
    """Returns samples of any inputs of the generator, made in blocks if they are large.

    Raises:
      UsageError: The generator gives values that are not finite.
    """
    count = tf.nest.flatten(inputs)[0].shape[0]
    size = sizes.batch_size(self.sample_shape, count, self._block_size)
    with self._memory(size):
      return np.concatenate(
        [self.stored(self._generate(part)) for part in parts_of(inputs, count, size)]
      )

  def class_numbers(self, labels: Labels) -> list[int]:
    """Returns the numbers of classes that are given by name or number, see data/class_names.py.

    Raises:
      UsageError: The generator is not told classes, or there is no such class.
    """
    if self.game.labels([0]) is None:
      raise UsageError(f'--labels: the generator of {self.restored.run.path} is not told any')
    return class_numbers(labels, self.game.data.label_names)

  def _pictures(self, number: int, seed: int) -> np.ndarray:
    """Returns the pictures of a block; caches the latest, since a block may span two batches."""
    first = number - number % self._replicas
    if self._cache[0] != (first, seed):
      blocks = [self._block(block) for block in range(first, first + self._replicas)]
      with self._memory(self._block_size):
        self._cache = (first, seed), self._make_blocks(blocks, seed)
    return self._cache[1][number - first]

  def _make_labelled(self, indices: Sequence[int], seed: int, labels: Sequence[int]) -> np.ndarray:
    """Returns samples of chosen classes, each made at its place in its block of fixed size."""
    requests, pictures = list(zip(indices, labels)), {}
    # An index may be requested with several labels; each pass of the loop makes one of them.
    while pending := {index: label for index, label in requests if (index, label) not in pictures}:
      for number in sorted({index // self._block_size for index in pending}):
        block = self._block(number)
        default_labels = self.labels(block)
        assert default_labels is not None  # class_numbers refuses others.
        classes = [pending.get(index, label) for index, label in zip(block, default_labels)]
        with self._memory(len(block)):
          values = self.stored(self._generate(self._inputs(block, seed, classes)))
        pictures.update(zip(zip(block, classes), values))
    return np.stack([pictures[request] for request in requests])

  def _make_blocks(self, blocks: Sequence[range], seed: int) -> list[np.ndarray]:
    """Returns the pictures of each block, one block per replica."""
    inputs = [self._inputs(block, seed) for block in blocks]
    if self._replicas == 1:
      return [self.stored(self._generate(*inputs, by_batch=self._mode == 'batch'))]
    shares = self._strategy.experimental_distribute_values_from_function(
      lambda context: inputs[context.replica_id_in_sync_group]
    )
    outputs = self._generate_on_all(shares)
    return [self.stored(values) for values in self._strategy.experimental_local_results(outputs)]

  @graph_method
  def _generate(self, inputs: Inputs, by_batch: bool = False) -> tf.Tensor:
    """Returns float samples; `by_batch` is a Python value, so both of its values have a trace."""
    with batch_statistics() if by_batch else contextlib.nullcontext():
      return self._run(inputs)

  @graph_method
  def _generate_on_all(self, shares: Inputs) -> tf.Tensor:
    return self._strategy.run(self._run, (shares,))

  def values(self, noise: np.ndarray) -> np.ndarray:
    """Returns samples float32 [n, H, W, C] in [-1, 1], not rounded.

    Args:
      noise: Noise float32 [n, noise_size].
    """
    return self._generate(tf.constant(noise)).numpy()

  def batches(
    self, count: int, seed: int, *, batch_size: int = 256, labels: Labels = ()
  ) -> Iterator[np.ndarray]:
    classes = self.class_numbers(labels) if len(labels) else []
    for first in range(0, count, batch_size):
      indices = range(first, min(first + batch_size, count))
      chosen = [classes[index % len(classes)] for index in indices if classes]
      yield self.images(indices, seed, chosen or None)
