"""Opens a run for scoring: checks the options, and makes the scorer and the evaluators.

    evaluators = open_run(run, experiment, dataset, EvaluationOptions(metrics='fid'), also=['raw'])

No part of training is loaded: scores need only a generator and images.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import json
from typing import Any

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.chosen_step import Step, best_metric, scores_elsewhere
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.class_names import chosen_classes
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.needed_inputs import require_inputs
from tfgan_pipeline.evaluation.places import place_of
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.evaluation.variants import warn_if_apart
from tfgan_pipeline.extractors.auto import chosen
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.replicas.strategies import share_gpus
from tfgan_pipeline.runs.data_record import check_data
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Record
from tfgan_pipeline.sampling.restored import RestoredNetworks
from tfgan_pipeline.sampling.sampler import standard_normal_size


class Scorers:
  """Cache of scorers, so that runs on equal data share one.

  Args:
    strategy: Strategy whose replicas generate samples and extract features; None takes one device.
  """

  def __init__(self, strategy: tf.distribute.Strategy | None = None):
    share_gpus()  # Must come before the first use of TensorFlow.
    self.strategy = strategy
    self._scorers: dict[tuple[object, ...], Scorer] = {}

  def get(self, experiment: Experiment, dataset: Dataset, options: EvaluationOptions) -> Scorer:
    """Returns the scorer of `options` for an experiment's data; its run need not exist yet.

    Raises:
      UsageError: The options do not suit the experiment's generator or data.
    """
    task, options = check_options(experiment, dataset, options)
    key = experiment.dataset, experiment.data_dir, options, task.target
    if key not in self._scorers:
      view = dataset.seen_as(task.target)
      self._scorers[key] = Scorer(view, experiment.dataset, options, self.strategy)
    return self._scorers[key]


def check_options(
  experiment: Experiment, dataset: Dataset, options: EvaluationOptions
) -> tuple[Task, EvaluationOptions]:
  """Returns the task to score and the options completed for it; the run need not exist yet.

  The returned options name the task if the game has several and the extractor that the data makes
  of `auto`, and ask for no more samples than a translator has examples to read.

  Raises:
    UsageError: The experiment's generator cannot give the samples that the options ask for.
  """
  game = new_game(experiment, dataset.fields)
  task = game.task(options.task)
  noise = task.samples_noise
  require_inputs(
    options.metrics, {'labels': game.labels([0]), 'codes': game.codes([0])} if noise else {}
  )
  names = dataset.seen_as(task.target).label_names
  classes = chosen_classes(options.labels, names)
  if classes and not (noise and game.labels([0]) is not None):
    raise UsageError(
      f'--labels={options.labels}: the generator of this run is not told any class; leave it out'
    )
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
  # As names, since a number may be the name of another class, but for names with commas.
  texts = [str(label) if ',' in names[label] else names[label] for label in classes]
  extractor = chosen(options.extractor, dataset.seen_as(task.target))
  changes: dict[str, Any] = {'labels': ','.join(texts), 'extractor': extractor}
  if len(game.tasks()) > 1:
    changes['task'] = task.name
  if not noise:
    available = _sources(dataset, options, task).size
    changes['num_samples'] = min(options.num_samples, available)
  return task, dataclasses.replace(options, **changes)


def _sources(dataset: Dataset, options: EvaluationOptions, task: Task) -> Split:
  """Returns the examples that a translator reads to be scored."""
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
    experiment: The run's experiment, as recorded except for paths.
    dataset: The data of the run.
    options: What to measure.
    also: Any of 'raw', 'batch' and 'standing', see EvaluationOptions.variant.
    scorers: Cache of scorers to share with other runs.

  Raises:
    UsageError: The run was trained on other data, or the options do not suit the run.
  """
  check_data(run, dataset)
  scorers = scorers or Scorers()
  task, options = check_options(experiment, dataset, options)
  variants = [options, *map(options.variant, also)]
  for variant in variants:  # Refuses what cannot be done, before the scorer is made.
    check_options(experiment, dataset, variant)
    place_of(run, variant)
  scorer = scorers.get(experiment, dataset, options)
  sources = None if task.samples_noise else _sources(dataset, options, task)
  classes = chosen_classes(options.labels, dataset.seen_as(task.target).label_names)
  evaluators: dict[str, Evaluator] = {}
  for variant in variants:
    evaluator = Evaluator(run, experiment, variant, scorer, scorers.strategy, sources, classes)
    evaluators.setdefault(json.dumps(evaluator.definition), evaluator)
  return list(evaluators.values())


def score_checkpoint(
  run: RunDirectory,
  experiment: Experiment,
  dataset: Dataset,
  options: EvaluationOptions = EvaluationOptions(),
  also: Sequence[str] = (),
  *,
  step: Step = None,
  scorers: Scorers | None = None,
) -> list[Record]:
  """Returns the records of one checkpoint: by `options`, and by each variant in `also`.

  Warns when scores of the variants differ much.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded except for paths.
    dataset: The data of the run.
    options: What to measure.
    also: Any of 'raw', 'batch' and 'standing', see EvaluationOptions.variant.
    step: Step of the checkpoint, 'best' or 'best:METRIC'; by default the newest.
    scorers: Cache of scorers to share with other runs.

  Raises:
    UsageError: The checkpoint does not exist or is damaged, the run was trained on other data, or
      the options do not suit the run.
  """
  # Fails for a missing or damaged checkpoint before long work, such as training an extractor.
  restored = RestoredNetworks(run, experiment, weights=options.weights)
  if best_metric(step) and options.eval_dir and not scores_elsewhere(step):
    step = f'{step}@{options.eval_dir}'
  step = restored.restore(step)
  evaluators = open_run(run, experiment, dataset, options, also, scorers=scorers)
  records = [evaluator.evaluate(step) for evaluator in evaluators]
  warn_if_apart(evaluators, records)
  return records
