"""Opens a task of a run for sampling.

sampler = open_sampler(run, experiment)                                  # the game's first task
translator = open_sampler(run, experiment, 'a_to_b', sources=dataset.split('test'))
"""

from __future__ import annotations

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.latent.truncation import Truncation
from tfgan_pipeline.sampling.sampler import GeneratorSampler
from tfgan_pipeline.sampling.task_sampler import TaskSampler
from tfgan_pipeline.sampling.translator import Translator


def open_sampler(
  run: RunDirectory,
  experiment: Experiment,
  task: str = '',
  *,
  sources: Split | None = None,
  weights: str = 'average',
  batch_norm: str = 'moving',
  strategy: tf.distribute.Strategy | None = None,
  class_counts: np.ndarray | None = None,
  truncation: Truncation = Truncation(),
) -> TaskSampler:
  """Returns the sampler of a task: a GeneratorSampler for noise, else a Translator.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded.
    task: Name of the task; '' is the game's first task.
    sources: The examples that `batches` of a translator reads.
    weights: 'average' for the moving averages where the run keeps any, else 'raw'.
    batch_norm: Statistics of batch normalisation: 'moving', 'standing' or 'batch', see
      GeneratorSampler; translators know only 'moving'.
    strategy: Strategy whose replicas hold the networks; None for no strategy.
    class_counts: Examples of each class, in whose proportions a sampler of noise asks for classes;
      None for classes by turns.
    truncation: Limits on the latents of samples of noise.

  Raises:
    UsageError: The game has no such task, or `batch_norm` does not suit a translator.
  """
  game = new_game(experiment, Fields.from_record(run.read_record()['dataset']))
  common = {'weights': weights, 'strategy': strategy}
  if game.task(task).samples_noise:
    more = {'class_counts': class_counts, 'truncation': truncation}
    return GeneratorSampler(run, experiment, task, batch_norm=batch_norm, **more, **common)
  if batch_norm != 'moving':
    name = game.task(task).name
    raise UsageError(f'--batch_norm={batch_norm}: of samples of noise, and not of --task={name}')
  return Translator(run, experiment, task, sources=sources, **common)
