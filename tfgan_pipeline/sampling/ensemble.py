"""One run or several as one generator, whose samples take turns.

    ensemble = Ensemble('/tmp/seed*')
    pictures = ensemble.images(range(64), seed=0)   # uint8 [64, H, W, C]

Runs that differ in nothing but the seed miss different parts of the data, so together they cover
more of it than each alone (Wang, Zhang and van de Weijer 2016, arXiv:1612.00991).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.base import Medium
from tfgan_pipeline.runs.directory import RunDirectory, require_runs
from tfgan_pipeline.sampling.open import open_sampler
from tfgan_pipeline.sampling.sampler import GeneratorSampler


class Ensemble:
  """Sample i of n runs is number i // n of run i modulo n.

  Args:
    model_dirs: One run or several, see runs.directory.find_runs.
    task: Of noise; '' is the first task of each game.
    step: Of the checkpoints; by default the newest of each run.
    weights: 'average' or 'raw', see GeneratorSampler.
    classes: Those that the samples of each run take in turn; by default all that it knows.

  Attributes:
    classes: As given.
    members: The runs in their order, each with 'run', 'step' and 'weights'.
    image_shape: Of the samples.
    medium: What a sample is.
    row: How many samples show each of `classes` once by each run; 0 where none are chosen.

  Raises:
    UsageError: A path names no run, a run has no such checkpoint or classes, or their images
      differ in shape.
  """

  def __init__(
    self,
    model_dirs: str,
    task: str = '',
    *,
    step: int | None = None,
    weights: str = 'average',
    classes: Sequence[int] = (),
  ):
    runs = [RunDirectory(path) for path in require_runs(model_dirs)]
    self._samplers = [_sampler(run, task, weights) for run in runs]
    self.image_shape = self._alike('image_shape', lambda one: list(one.sample_shape))
    self.medium = self._alike('the medium', lambda one: one.medium)
    if classes:
      self._alike('num_classes', lambda one: one.restored.game.data.num_classes)
    self.classes = classes
    self.members = []
    for run, sampler in zip(runs, self._samplers):
      if classes:
        sampler.check_classes(classes)
      step_read = sampler.restore(step)
      self.members.append({'run': run.path, 'step': step_read, 'weights': sampler.weights})
    self.row = len(runs) * len(classes)

  def _alike(self, name: str, fact: Callable[[GeneratorSampler], Any]) -> Any:
    """Returns a fact of all runs; raises UsageError when it differs between two."""
    first, *others = [(one.restored.run.path, fact(one)) for one in self._samplers]
    for path, value in others:
      if value != first[1]:
        raise UsageError(
          f'--model_dir: {name} is {_text(first[1])} in {first[0]}, and {_text(value)} in {path}'
        )
    return first[1]

  def only(self, flag: str) -> GeneratorSampler:
    """The one run's own. Raises UsageError that names `flag`, if there are several."""
    if len(self._samplers) > 1:
      raise UsageError(f'{flag}: of one run, and --model_dir names {len(self._samplers)}')
    return self._samplers[0]

  def images(self, indices: Sequence[int], seed: int) -> np.ndarray:
    """uint8 [len(indices), H, W, C]; image i depends on the checkpoints and (seed, i) alone."""
    made = {}
    for place, sampler in enumerate(self._samplers):
      mine = [index for index in indices if index % len(self._samplers) == place]
      numbers = [index // len(self._samplers) for index in mine]
      labels = [self.classes[number % len(self.classes)] for number in numbers if self.classes]
      if mine:
        made.update(zip(mine, sampler.images(numbers, seed, labels or None)))
    return np.stack([made[index] for index in indices])


def _sampler(run: RunDirectory, task: str, weights: str) -> GeneratorSampler:
  """The sampler of noise of a run; raises UsageError for a task that reads something else."""
  sampler = open_sampler(run, run.read_experiment(), task, weights=weights)
  if not isinstance(sampler, GeneratorSampler):
    raise UsageError(f'--input_dir: --task={sampler.task.name} reads pictures; name their folder')
  return sampler


def _text(value: Any) -> str:
  return value.call if isinstance(value, Medium) else str(value)
