"""Opens a task of a run for sampling.

sampler = open_sampler(run, experiment)                                  # the game's first task
translator = open_sampler(run, experiment, 'a_to_b', sources=dataset.split('test'))
"""

from __future__ import annotations

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Split
from tfgan_pipeline.data.fields import Fields
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.runs.directory import RunDirectory
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
) -> TaskSampler:
  """Returns a sampler of noise or a translator, whichever the task is for.

  Args:
    run: The run.
    experiment: As the run recorded it.
    task: A name; '' is the game's first task.
    sources: Examples for a translator's `batches`.
    weights: 'average' or 'raw'.
    batch_norm: See GeneratorSampler.
    strategy: Whose replicas are used; None is no strategy.

  Raises:
    UsageError: No such task, or batch statistics are asked of a translator.
  """
  game = new_game(experiment, Fields.from_record(run.read_record()['dataset']))
  common = {'weights': weights, 'strategy': strategy}
  if game.task(task).samples_noise:
    return GeneratorSampler(run, experiment, task, batch_norm=batch_norm, **common)
  if batch_norm != 'moving':
    name = game.task(task).name
    raise UsageError(f'--batch_norm={batch_norm}: of samples of noise, and not of --task={name}')
  return Translator(run, experiment, task, sources=sources, **common)
