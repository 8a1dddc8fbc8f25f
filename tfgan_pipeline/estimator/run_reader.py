"""RunReader, which samples and exports the checkpoints of a run and trains nothing.

pictures = RunReader(experiment).predict(16)     # uint8 [16, H, W, C]
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.class_names import Labels
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.runs.best_step import best_of, records_of
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Record
from tfgan_pipeline.sampling.open import open_sampler
from tfgan_pipeline.sampling.task_sampler import TaskSampler
from tfgan_pipeline.sampling.translator import Translator


class RunReader:
  """Reader of a run: samples its checkpoints and exports its networks.

  Args:
    experiment: The run's settings.
    may_change: Names of settings that may differ from those that the run has recorded.

  Raises:
    UsageError: model_dir holds a run with other settings. Methods that read a checkpoint raise it,
      too, if there is no such checkpoint.
  """

  def __init__(self, experiment: Experiment, *, may_change: frozenset[str] = frozenset()):
    self.run = RunDirectory(experiment.model_dir)
    self.run.check_is_for(experiment, may_change)
    self.experiment = self.run.find_data(experiment)

  def records(self) -> list[Record]:
    """Returns all records with scores in the run's directory, by step; [] if there are none."""
    return records_of(self.run)

  def best_step(self, metric: str = 'fid') -> int:
    """Returns the step of the best checkpoint that exists, by the scores in the run's directory.

    Of several definitions of the score, that by which most checkpoints were scored decides.

    Args:
      metric: Name of a score, such as 'kid' or, with its extractor, 'fid[inception]'.

    Raises:
      UsageError: The score does not rank, or no checkpoint has the score.
    """
    return best_of(self.run, metric, f'metric={metric}').step

  def sampler(self, weights: str = 'average', task: str = '') -> TaskSampler:
    """Returns a sampler, or a translator, for a task, '' being the first; call its `restore`."""
    return open_sampler(self.run, self.experiment, task, weights=weights)

  def translate(
    self, examples: np.ndarray, *, task: str = '', seed: int = 0, step: Step = None
  ) -> np.ndarray:
    """Translates images by a task such as 'a_to_b'; returns uint8 [n, H, W, C] in their order.

    Args:
      examples: Images that the task reads, as they are stored: uint8 [n, H, W, C].
      task: Name of the task; '' is the game's first one.
      seed: Seed of the randomness in outputs, if there is any.
      step: Step of the checkpoint, or 'best'; by default the newest.

    Raises:
      UsageError: The task reads noise, or images of another shape.
    """
    sampler = self.sampler(task=task)
    if not isinstance(sampler, Translator):
      raise UsageError(f'--task={sampler.task.name}: reads noise; predict samples it')
    sampler.restore(step)
    return sampler.outputs({sampler.task.source: examples}, seed=seed)

  def predict(
    self, count: int, *, seed: int = 0, step: Step = None, labels: Labels = ()
  ) -> np.ndarray:
    """Returns generated images uint8 [count, H, W, C] of one checkpoint, by default the newest.

    `step` may be 'best' or 'best:METRIC', see `best_step`.
    Images take the classes `labels`, names or numbers as in ['cat', 'dog'], in turn.
    """
    sampler = self.sampler()
    sampler.restore(step)
    size = min(count, 256)
    return np.concatenate(list(sampler.batches(count, seed, batch_size=size, labels=labels)))

  def export_saved_model(self, path: str, *, step: Step = None) -> str:
    """Writes one checkpoint, by default the newest, as a SavedModel to `path`; returns `path`."""
    sampler = self.sampler()
    sampler.restore(step)
    return sampler.export(path)
