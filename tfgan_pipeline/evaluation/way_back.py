"""Translation of outputs back, for scores of what is left of pictures after it.

there_and_back = WayBack(run, experiment, translator, sources, seed=0)
there_and_back.restore(step)
there_and_back.of(outputs)                           # uint8 [n, H, W, C]
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.models.way_back import given_on_the_way_back, way_back
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.task_sampler import TaskSampler
from tfgan_pipeline.sampling.translator import Translator


class WayBack:
  """Translator of outputs back to what they were made of.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded.
    there: The translator that makes the outputs; that of a task which is its own way back serves
      for both.
    sources: The examples that outputs are made of, in order.
    seed: Seed of what is random in outputs, if anything is.
    strategy: Strategy whose replicas hold the networks; None for no strategy.
  """

  def __init__(
    self,
    run: RunDirectory,
    experiment: Experiment,
    there: TaskSampler,
    sources: Split | None,
    seed: int,
    strategy: tf.distribute.Strategy | None = None,
  ):
    back = way_back(there.game, there.task)
    # open_run refuses metrics that need a way back where there is none.
    assert back is not None and isinstance(there, Translator) and sources is not None
    self._translator = there
    if back.name != there.task.name:
      self._translator = Translator(
        run, experiment, back.name, weights=there.weights, strategy=strategy
      )
    self._back = back
    self._sources = sources
    self._seed = seed

  def restore(self, step: int) -> None:
    """Restores the weights of one checkpoint, unless they are there."""
    if self._translator.step != step:
      self._translator.restore(step)

  def of(self, outputs: np.ndarray) -> np.ndarray:
    """Returns outputs uint8 [n, H, W, C] translated back, those of example i in row i."""
    parts: list[np.ndarray] = []
    first = 0
    for batch in self._sources.ordered(1024):
      part = outputs[first : first + len(next(iter(batch.values())))]
      if not len(part):
        break
      given = {name: values[: len(part)] for name, values in batch.items()}
      given = given_on_the_way_back(self._translator.game, self._back, given, part)
      parts.append(self._translator.outputs(given, seed=self._seed, first=first))
      first += len(part)
    return np.concatenate(parts)
