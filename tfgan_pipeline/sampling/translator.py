"""Trained translator, which makes outputs from examples, such as photographs from sketches.

translator = Translator(run, experiment, 'a_to_b', sources=dataset.split('test'))
translator.restore(step)
outputs = translator.outputs({'image_a': images})      # uint8 [n, H, W, C], output i from image i
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.class_names import Labels
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.game import Inputs
from tfgan_pipeline.networks.sizes import of_any_size
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.task_sampler import TaskSampler

# Sizes of pictures whose graphs are kept: one of a large network takes tens of megabytes.
_KEPT_FUNCTIONS = 8


class Translator(TaskSampler):
  """Sampler of a task that reads a field of examples.

  Has the attributes of TaskSampler besides those listed.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded.
    task: Name of the task; '' is the game's first task.
    sources: The examples that `batches` reads; not needed for `outputs`.
    weights: 'average' for the moving averages where the run keeps any, else 'raw'.
    strategy: Strategy whose replicas make a block of outputs each; None for no strategy.

  Attributes:
    source: The field that the task reads.
    block_size: Number of outputs that are made at a time.
  """

  def __init__(
    self,
    run: RunDirectory,
    experiment: Experiment,
    task: str = '',
    *,
    sources: Split | None = None,
    weights: str = 'average',
    strategy: tf.distribute.Strategy | None = None,
  ):
    self._strategy = strategy or tf.distribute.get_strategy()
    super().__init__(run, experiment, task, weights=weights, strategy=self._strategy)
    self._sources = sources
    # The number of examples in a training step, which is known to fit into memory.
    self.block_size = experiment.batch_size // experiment.accumulate
    self.source = self.game.data[self.task.source]
    self._functions: dict[object, Callable[[Inputs], tf.Tensor]] = {}

  def outputs(
    self, given: Mapping[str, np.ndarray], *, seed: int = 0, first: int = 0
  ) -> np.ndarray:
    """Returns outputs [n, ...] of stored examples, in stored form; output i is from example i.

    Args:
      given: Arrays [n, ...] of examples by field, for the fields that the task reads.
      seed: Seed of what is random in outputs, if anything is, together with an example's number.
      first: Number of the first example.

    Raises:
      UsageError: The source is missing, empty or of another shape, or outputs are not finite.
    """
    source = self.source
    examples = given.get(self.task.source)
    if examples is None or tuple(np.shape(examples)[1:]) != source.shape:
      shape = 'nothing' if examples is None else tuple(np.shape(examples))
      raise UsageError(
        f'--task={self.task.name}: reads {self.task.source} [n, {", ".join(map(str, source.shape))}'
        f'], not {shape}'
      )
    if not len(examples):
      raise UsageError(f'--task={self.task.name}: there are no examples to read')
    numbers = first + np.arange(len(examples))
    blocks = self.floats(given, numbers, seed=seed, size=self.block_size)
    return np.concatenate([self.stored(values) for values in blocks])

  def floats(
    self, given: Mapping[str, np.ndarray], numbers: np.ndarray, *, seed: int, size: int
  ) -> Iterator[tf.Tensor]:
    """Yields outputs float32 [n, ...] in [-1, 1] of consecutive examples, of up to `size` each.

    All blocks have one size, the last one padded with its last example, so that outputs do not
    depend on the number of examples and the networks are traced once. Several replicas make a block
    each.

    Args:
      given: Arrays [N, ...] of examples by field. Pictures may have another height and width than
        those of training, if the network takes them; all have one shape.
      numbers: Numbers of the examples, integers [N].
      seed: Seed of what is random in outputs, together with an example's number.
      size: Number of examples in a block.

    Raises:
      LackOfMemory: The device has not enough memory for a block.
      ValueError: The network does not take pictures of this size; the type is TensorFlow's choice.
    """
    replicas = self.replicas
    for start in range(0, len(numbers), size * replicas):
      parts = []
      for first in range(start, start + size * replicas, size):
        rows = np.minimum(np.arange(first, first + size), len(numbers) - 1)
        part = {name: np.asarray(values)[rows] for name, values in given.items()}
        parts.append(self.game.inputs(self.task, numbers[rows], seed, part))
      with self._memory(size):
        blocks = self._generate(parts)
      for first, values in zip(range(start, len(numbers), size), blocks):
        yield values[: len(numbers) - first]

  @property
  def replicas(self) -> int:
    """Number of blocks that are made at a time, one on each device."""
    return self._strategy.num_replicas_in_sync

  def _generate(self, parts: Sequence[Inputs]) -> Sequence[tf.Tensor]:
    """Returns outputs of a block of inputs for each replica."""
    if len(parts) == 1:
      return [self._function_of(parts[0], self._run)(parts[0])]
    shares = self._strategy.experimental_distribute_values_from_function(
      lambda context: parts[context.replica_id_in_sync_group]
    )
    outputs = self._function_of(shares, self._run_on_all)(shares)
    return self._strategy.experimental_local_results(outputs)

  def _function_of(
    self, inputs: Inputs, run: Callable[[Inputs], tf.Tensor]
  ) -> Callable[[Inputs], tf.Tensor]:
    """Returns `run` as a graph for inputs of these shapes."""
    shapes = tuple(tuple(value.shape) for value in tf.nest.flatten(inputs, expand_composites=True))
    if shapes not in self._functions:
      if len(self._functions) == _KEPT_FUNCTIONS:
        self._functions.pop(next(iter(self._functions)))  # The oldest one.
      # TensorFlow warns of a function that is called with many shapes, but not of many graphs.
      function = tf.function(run, autograph=False).get_concrete_function(inputs)
      self._functions[shapes] = function
    return self._functions[shapes]

  def _run_on_all(self, shares: Inputs) -> tf.Tensor:
    return self._strategy.run(self._run, (shares,))

  def _run(self, inputs: Inputs) -> tf.Tensor:
    sides = tf.nest.flatten(inputs)[0].shape[1:]
    networks = self._networks if sides == self.source.shape else of_any_size(self._networks)
    return self.game.run(self.task, networks, inputs)

  def batches(
    self, count: int, seed: int, *, batch_size: int = 64, labels: Labels = ()
  ) -> Iterator[np.ndarray]:
    if len(labels):
      raise UsageError(f'--labels: not of --task={self.task.name}, which is told no class')
    if self._sources is None:
      raise UsageError(f'--task={self.task.name}: reads {self.task.source}; say of which examples')
    first = 0
    for batch in self._sources.ordered(batch_size):
      part = {name: values[: count - first] for name, values in batch.items()}
      size = len(part[self.task.source])
      if not size:
        return
      yield self.outputs(part, seed=seed, first=first)
      first += size
