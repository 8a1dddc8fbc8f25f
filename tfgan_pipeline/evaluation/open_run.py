"""Opens a run for scoring: what its generator can be asked, its scorer, its evaluators.

    evaluators = open_run(run, experiment, dataset, EvaluationOptions(metrics='fid'), also=['raw'])

Nothing here trains: a generator and images are all that scores need.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json
from typing import Any

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset, Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.evaluation.variants import warn_if_apart
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.replicas.strategies import share_gpus
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Record
from tfgan_pipeline.sampling.restored import RestoredNetworks
from tfgan_pipeline.sampling.sampler import standard_normal_size


class Scorers:
  """Scorers, each made once for all runs on its data.

  Args:
    strategy: Whose replicas generate and extract; None takes one device.
  """

  def __init__(self, strategy: tf.distribute.Strategy | None = None):
    share_gpus()  # Before anything of TensorFlow is used.
    self.strategy = strategy
    self._made: dict[tuple[object, ...], Scorer] = {}

  def get(self, experiment: Experiment, dataset: Dataset, options: EvaluationOptions) -> Scorer:
    """Returns the scorer of these options for the data of a run, which need not exist yet.

    Raises:
      UsageError: The options do not suit the run's generator, or its data.
    """
    task, options = check_options(experiment, dataset, options)
    key = experiment.dataset, experiment.data_dir, options, task.target
    if key not in self._made:
      seen = dataset.seen_as(task.target)
      self._made[key] = Scorer(seen, experiment.dataset, options, self.strategy)
    return self._made[key]


def check_options(
  experiment: Experiment, dataset: Dataset, options: EvaluationOptions
) -> tuple[Task, EvaluationOptions]:
  """Returns the task that is scored, and the options for it; needs no run yet.

  Of a game with several tasks the options name one, and no more samples than it has examples.

  Raises:
    UsageError: Samples of such a game cannot be asked for it.
  """
  game = new_game(experiment, dataset.fields)
  task = game.task(options.task)
  noise = task.samples_noise
  options.require({'labels': game.labels([0]), 'codes': game.codes([0])} if noise else {})
  if options.generator_calls and not standard_normal_size(experiment, game, task):
    raise UsageError(
      f'--{options.generator_flag}: of generators of standard normal noise alone, this one has '
      f'--model={experiment.model} --noise={experiment.noise}'
    )
  if options.batch_norm != 'moving' and not noise:
    raise UsageError(
      f'--batch_norm={options.batch_norm}: of samples of noise, and --task={task.name} reads '
      f'{task.source}'
    )
  if options.pair_metrics and not dataset.fields.are_pair(task.source, task.target):
    raise UsageError(
      f'--pair_metrics={options.pair_metrics}: of outputs whose target is known, and '
      f'{task.source} and {task.target} of --dataset={experiment.dataset} are no pair'
    )
  changes: dict[str, Any] = {}
  if len(game.tasks()) > 1:
    changes['task'] = task.name
  if not noise:
    available = _sources(dataset, options, task).size
    changes['num_samples'] = min(options.num_samples, available)
  return task, dataclasses.replace(options, **changes)


def _sources(dataset: Dataset, options: EvaluationOptions, task: Task) -> Split:
  """The examples that a task which reads any is scored on."""
  return dataset.split(options.reference_split).with_field(task.source)


def open_run(
  run: RunDirectory,
  experiment: Experiment,
  dataset: Dataset,
  options: EvaluationOptions = EvaluationOptions(),
  also: Sequence[str] = (),
  *,
  scorers: Scorers | None = None,
) -> list[Evaluator]:
  """Returns evaluators for `options` and for each variant in `also`; duplicates are dropped.

  Args:
    run: The run.
    experiment: As the run recorded it, but for places.
    dataset: The data of the run.
    options: What to measure.
    also: Any of 'raw', 'batch' and 'standing', see EvaluationOptions.variant.
    scorers: Those that other runs use, too.

  Raises:
    UsageError: The data is not that of the run, or the options do not suit it.
  """
  run.check_data(dataset)
  scorers = scorers or Scorers()
  task, options = check_options(experiment, dataset, options)
  scorer = scorers.get(experiment, dataset, options)
  sources = None if task.samples_noise else _sources(dataset, options, task)
  evaluators: dict[str, Evaluator] = {}
  for variant in (options, *map(options.variant, also)):
    check_options(experiment, dataset, variant)
    evaluator = Evaluator(run, experiment, variant, scorer, scorers.strategy, sources)
    evaluators.setdefault(json.dumps(evaluator.definition), evaluator)
  return list(evaluators.values())


def score_checkpoint(
  run: RunDirectory,
  experiment: Experiment,
  dataset: Dataset,
  options: EvaluationOptions = EvaluationOptions(),
  also: Sequence[str] = (),
  *,
  step: int | None = None,
  scorers: Scorers | None = None,
) -> list[Record]:
  """Scores one checkpoint, by default the newest, and variants of its samples.

  Warns when the variants differ much. Arguments and errors are those of `open_run`.
  """
  # Refused before there is any work, such as that of training an extractor.
  restored = RestoredNetworks(run, experiment, weights=options.weights)
  step = restored.restore(step)
  evaluators = open_run(run, experiment, dataset, options, also, scorers=scorers)
  records = [evaluator.evaluate(step) for evaluator in evaluators]
  warn_if_apart(evaluators, records)
  return records
