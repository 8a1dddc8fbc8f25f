"""Trained translator, which makes outputs from examples, such as photographs from sketches.

translator = Translator(run, experiment, 'a_to_b', sources=dataset.split('test'))
translator.restore(step)
outputs = translator.outputs({'image_a': images})      # uint8 [n, H, W, C], output i from image i
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.class_names import Labels
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.game import Inputs
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.task_sampler import TaskSampler


class Translator(TaskSampler):
  """Sampler of a task that reads a field of examples.

  Has the attributes of TaskSampler besides those listed.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded.
    task: Name of the task; '' is the game's first task.
    sources: The examples that `batches` reads; not needed for `outputs`.
    weights: 'average' for the moving averages where the run keeps any, else 'raw'.
    strategy: Strategy whose replicas hold the networks; None for no strategy.

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
    super().__init__(run, experiment, task, weights=weights, strategy=strategy)
    self._sources = sources
    # The number of examples in a training step, which is known to fit into memory.
    self.block_size = experiment.batch_size // experiment.accumulate
    self.source = self.game.data[self.task.source]

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
    blocks = []
    for start in range(0, len(examples), self.block_size):
      rows = np.arange(start, start + self.block_size)
      # All blocks have one size, the last one padded with its last example, so that outputs do not
      # depend on the number of examples and the networks are traced once.
      rows = np.minimum(rows, len(examples) - 1)
      part = {name: np.asarray(values)[rows] for name, values in given.items()}
      with self._memory(self.block_size):
        values = self._stored(self._run(self.game.inputs(self.task, first + rows, seed, part)))
      blocks.append(values[: len(examples) - start])
    return np.concatenate(blocks)

  @tf.function(autograph=False)
  def _run(self, inputs: Inputs) -> tf.Tensor:
    return self.game.run(self.task, self._networks, inputs)

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
