"""Opens a run for scoring: checks the options, and makes the scorer and the evaluators.

    evaluators = open_run(run, experiment, dataset, EvaluationOptions(metrics='fid'), also=['raw'])

No part of training is loaded: scores need only a generator and images.
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import itertools
import json
from typing import Any

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.captions.fields import CAPTION
from tfgan_pipeline.data.class_names import chosen_classes
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.data.split import SelectedSplit, Split
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.needed_inputs import require_inputs
from tfgan_pipeline.evaluation.pair_scores import need_of_pairs
from tfgan_pipeline.evaluation.places import place_of
from tfgan_pipeline.evaluation.protocols import rule_of
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.extractors.auto import chosen
from tfgan_pipeline.models.build import new_game
from tfgan_pipeline.models.game import Game
from tfgan_pipeline.models.task import Task
from tfgan_pipeline.models.way_back import way_back
from tfgan_pipeline.replicas.strategies import share_gpus
from tfgan_pipeline.runs.data_record import check_data
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.sampling.sampler import standard_normal_size

ALL_TASKS = 'all'
_BATCH = 1024  # Examples that are read at a time.


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
    key = experiment.dataset, experiment.data_dir, options, task.source, task.target
    if key not in self._scorers:
      view = dataset.seen_as(task.target)
      pairs = _pairs(dataset, options, task)
      self._scorers[key] = Scorer(view, experiment.dataset, options, self.strategy, pairs)
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
  inputs = {'labels': game.labels([0]), 'codes': game.codes([0])} if noise else {}
  if not noise and dataset.fields.asked_label_of(task.source, task.target):
    inputs['labels'] = True
  require_inputs(options.metrics, inputs)
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
  _check_pair_metrics(experiment, dataset, options, game, task)
  # As names, since a number may be the name of another class, but for names with commas.
  texts = [str(label) if ',' in names[label] else names[label] for label in classes]
  extractor = chosen(options, dataset.seen_as(task.target))
  changes: dict[str, Any] = {'labels': ','.join(texts), 'extractor': extractor}
  if len(game.tasks()) > 1:
    changes['task'] = task.name
  if not noise:
    available = _sources(dataset, options, task).size
    changes['num_samples'] = min(options.num_samples, available)
  return task, dataclasses.replace(options, **changes)


def _check_pair_metrics(
  experiment: Experiment, dataset: Dataset, options: EvaluationOptions, game: Game, task: Task
) -> None:
  """Raises UsageError if a metric of pairs lacks the true outputs, or the way back."""
  truth = dataset.fields.truth_of(task.source, task.target)
  for call in registry.pair_metric.parse_all(options.pair_metrics):
    if need_of_pairs(call) == 'captions':
      if not task.samples_noise or game.captions([0]) is None:
        raise UsageError(
          f'--pair_metrics={call.name}: of pictures made of captions, and --model='
          f'{experiment.model} reads none; leave it out'
        )
    elif need_of_pairs(call) == 'way_back':
      if way_back(game, task) is None:
        raise UsageError(
          f'--pair_metrics={call.name}: needs a way back, and no task of --model='
          f'{experiment.model} makes {task.source} of {task.target}; leave it out'
        )
    elif not truth:
      raise UsageError(
        f'--pair_metrics={options.pair_metrics}: of outputs whose target is known, and '
        f'{task.source} and {task.target} of --dataset={experiment.dataset} are no pair'
      )


def _pairs(dataset: Dataset, options: EvaluationOptions, task: Task) -> Split | None:
  """Returns what a translator reads and the true outputs, if known, as 'source' and 'target'.

  For a task that samples noise, the reference with all fields, captions included, if it has any.
  """
  if task.samples_noise:
    return dataset.split(options.reference_split) if CAPTION in dataset.fields else None
  truth = dataset.fields.truth_of(task.source, task.target)
  fields = {'source': task.source, **({'target': truth} if truth else {})}
  return SelectedSplit(_sources(dataset, options, task), fields, ())


def _asked_labels(dataset: Dataset, options: EvaluationOptions, task: Task) -> np.ndarray | None:
  """Returns the class that each output should have, int32 [n]; None if no metric reads classes."""
  field = dataset.fields.asked_label_of(task.source, task.target)
  calls = registry.metric.parse_all(options.metrics)
  needs = {getattr(registry.metric.function(call.name), 'needs', '') for call in calls}
  if task.samples_noise or not field or 'labels' not in needs:
    return None
  split = _sources(dataset, options, task)
  if field == 'label' and split.known_labels is not None:
    return split.known_labels[: options.num_samples]
  batches = itertools.islice(split.ordered(_BATCH), -(-options.num_samples // _BATCH))
  return np.concatenate([batch[field] for batch in batches])[: options.num_samples]


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
  checkpoint: str = '',
) -> list[Evaluator]:
  """Returns evaluators for `options` and for each variant in `also`; duplicates are dropped.

  With the task 'all', these are those of each task of the game, task by task.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded except for paths.
    dataset: The data of the run.
    options: What to measure.
    also: Any of 'raw', 'batch' and 'standing', see EvaluationOptions.variant.
    scorers: Cache of scorers to share with other runs.
    checkpoint: The rule by which the checkpoints to score are chosen, such as 'last'; '' for none.

  Raises:
    UsageError: The run was trained on other data, the options do not suit the run, or their
      protocol has a rule for the checkpoint and none is given.
  """
  check_data(run, dataset)
  if rule_of(options) and not checkpoint:
    raise UsageError(
      f'--protocol={options.protocol}: scores one checkpoint of those that are there; score them '
      'once training has ended, without --watch'
    )
  scorers = scorers or Scorers()
  opened = []
  # All are checked before a scorer is made.
  for one in options_of_tasks(experiment, dataset, options):
    task, one = check_options(experiment, dataset, one)
    variants = [one, *map(one.variant, also)]
    for variant in variants:
      check_options(experiment, dataset, variant)
      place_of(run, variant)
    opened.append((task, variants))
  evaluators: dict[str, Evaluator] = {}
  for task, variants in opened:
    scorer = scorers.get(experiment, dataset, variants[0])
    sources = None if task.samples_noise else _sources(dataset, variants[0], task)
    names = dataset.seen_as(task.target).label_names
    classes = chosen_classes(variants[0].labels, names)
    asked = _asked_labels(dataset, variants[0], task)
    back = scorer.pairs is not None and scorer.pairs.need_way_back
    for variant in variants:
      evaluator = Evaluator(
        *(run, experiment, variant, scorer, scorers.strategy),
        **dict(sources=sources, classes=classes, asked=asked, goes_back=back),
        checkpoint=checkpoint,
      )
      evaluators.setdefault(json.dumps(evaluator.definition), evaluator)
  return list(evaluators.values())


def options_of_tasks(
  experiment: Experiment, dataset: Dataset, options: EvaluationOptions
) -> list[EvaluationOptions]:
  """Returns options for each task that `options` name: one, or with 'all' all of the game."""
  if options.task != ALL_TASKS:
    return [options]
  names = list(new_game(experiment, dataset.fields).tasks())
  if len(names) == 1:
    return [dataclasses.replace(options, task='')]
  return [
    dataclasses.replace(
      options, task=name, eval_name=options.eval_name and f'{options.eval_name}-{name}'
    )
    for name in names
  ]
