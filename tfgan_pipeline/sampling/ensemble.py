"""Ensemble of runs as one generator: its samples come from the runs in turn.

    ensemble = Ensemble('/tmp/seed*')
    pictures = ensemble.images(range(64), seed=0)   # uint8 [64, H, W, C]

Runs that differ only in the seed miss different parts of the data, so together the runs cover more
than each alone (Wang, Zhang and van de Weijer 2016, arXiv:1612.00991).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.data.class_names import Labels
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.media.base import Medium
from tfgan_pipeline.runs.directory import RunDirectory, require_runs
from tfgan_pipeline.sampling.latent.paths import choose_path
from tfgan_pipeline.sampling.latent.truncation import Truncation
from tfgan_pipeline.sampling.open import open_sampler
from tfgan_pipeline.sampling.sampler import GeneratorSampler


class Ensemble:
  """Sampler of one or several runs in turn: sample i of n runs is sample i // n of run i modulo n.

  Args:
    model_dirs: Paths of runs, separated by commas, with *, ? and [...] as in a shell.
    task: Name of a task that samples noise; '' is the first task of each game.
    step: Step of the checkpoints; by default the newest of each run.
    weights: 'average' for the moving averages where a run keeps any, else 'raw'.
    labels: Classes that the samples of each run take in turn, by name or number, such as
      'cat,dog' or '0-9'; by default all.
    truncation: Limits on the latents of samples.
    path: Way between samples: 'slerp', 'linear', or '' as the noise has it.

  Attributes:
    classes: Numbers of the classes that the samples of each run take in turn; empty for all.
    headings: Name of the class in each column of a grid with `row` columns.
    members: A dictionary with 'run', 'step' and 'weights' for each run, in order.
    image_shape: Shape of one sample, such as [height, width, channels].
    medium: The medium of the samples, such as images or points.
    row: Number of samples that show each of `classes` once for each run; 0 without `classes`.

  Raises:
    UsageError: A path names no run, a run lacks the checkpoint or the classes, or runs differ in
      the shape or medium of their samples.
  """

  def __init__(
    self,
    model_dirs: str,
    task: str = '',
    *,
    step: Step = None,
    weights: str = 'average',
    labels: Labels = (),
    truncation: Truncation = Truncation(),
    path: str = '',
  ):
    runs = [RunDirectory(path) for path in require_runs(model_dirs)]
    self._samplers = [_open_noise_sampler(run, task, weights, truncation) for run in runs]
    for sampler in self._samplers:
      choose_path(sampler, path)
    self.image_shape = self._require_equal(
      'image_shape', lambda sampler: list(sampler.sample_shape)
    )
    self.medium = self._require_equal('the medium', lambda sampler: sampler.medium)
    self.classes: Sequence[int] = ()
    if len(labels):
      self._require_equal('num_classes', lambda sampler: sampler.game.data.num_classes)
      self.classes = self._require_equal(
        f'--labels={labels}', lambda sampler: sampler.class_numbers(labels)
      )
    names = self._samplers[0].game.data.label_names
    self.headings = [names[label] for label in self.classes for _ in runs]
    self.members = []
    for run, sampler in zip(runs, self._samplers):
      step_read = sampler.restore(step)
      self.members.append({'run': run.path, 'step': step_read, 'weights': sampler.weights})
    self.row = len(runs) * len(self.classes)

  def _require_equal(self, name: str, fact: Callable[[GeneratorSampler], Any]) -> Any:
    """Returns a fact that all runs share; raises UsageError if two runs differ in the fact."""
    first, *others = [(sampler.restored.run.path, fact(sampler)) for sampler in self._samplers]
    for path, value in others:
      if value != first[1]:
        raise UsageError(
          f'--model_dir: {name} is {_text(first[1])} in {first[0]}, and {_text(value)} in {path}'
        )
    return first[1]

  @property
  def first(self) -> GeneratorSampler:
    """The sampler of the first run."""
    return self._samplers[0]

  def only(self, flag: str) -> GeneratorSampler:
    """Returns the sampler of the only run; raises UsageError, naming `flag`, for several runs."""
    if len(self._samplers) > 1:
      raise UsageError(f'{flag}: of one run, and --model_dir names {len(self._samplers)}')
    return self._samplers[0]

  def images(self, indices: Sequence[int], seed: int) -> np.ndarray:
    """Returns samples by number, for images uint8 [len(indices), H, W, C].

    A sample depends on nothing but the checkpoints, the seed and its number.

    Args:
      indices: Numbers of samples.
      seed: Seed of all samples.
    """
    pictures = {}
    for position, sampler in enumerate(self._samplers):
      own_indices = [index for index in indices if index % len(self._samplers) == position]
      numbers = [index // len(self._samplers) for index in own_indices]
      labels = [self.classes[number % len(self.classes)] for number in numbers if self.classes]
      if own_indices:
        pictures.update(zip(own_indices, sampler.images(numbers, seed, labels or None)))
    return np.stack([pictures[index] for index in indices])


def _open_noise_sampler(
  run: RunDirectory, task: str, weights: str, truncation: Truncation
) -> GeneratorSampler:
  """Returns a run's sampler of noise; raises UsageError for a task that reads examples."""
  experiment = run.read_experiment()
  sampler = open_sampler(run, experiment, task, weights=weights, truncation=truncation)
  if not isinstance(sampler, GeneratorSampler):
    raise UsageError(f'--input_dir: --task={sampler.task.name} reads pictures; name their folder')
  return sampler


def _text(value: Any) -> str:
  """Formats a fact for a message; a medium as its call."""
  return value.call if isinstance(value, Medium) else str(value)
