"""Scores one checkpoint of a run: a step, the best so far, or the one that a protocol chooses.

records = score_checkpoint(run, experiment, dataset, EvaluationOptions(metrics='fid'), step=500)
"""

from __future__ import annotations

from collections.abc import Sequence
import dataclasses
import logging

from tfgan_pipeline.config.chosen_step import Step, best_metric, checked_step, scores_elsewhere
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.open_run import ALL_TASKS, Scorers, open_run
from tfgan_pipeline.evaluation.protocols import log_protocol, rule_of
from tfgan_pipeline.evaluation.variants import warn_if_apart
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Record
from tfgan_pipeline.sampling.restored import RestoredNetworks

_log = logging.getLogger(__name__)


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

  With the task 'all' these are the records of each task. Warns when scores of the variants differ
  much.

  Args:
    run: The run.
    experiment: The run's experiment, as recorded except for paths.
    dataset: The data of the run.
    options: What to measure.
    also: Any of 'raw', 'batch' and 'standing', see EvaluationOptions.variant.
    step: Step of the checkpoint, 'best' or 'best:METRIC'; by default the newest.
    scorers: Cache of scorers to share with other runs.

  Raises:
    UsageError: The checkpoint does not exist or is damaged, the run was trained on other data, the
      options do not suit the run, or their protocol chooses another checkpoint.
  """
  rule = rule_of(options)
  if rule and checked_step(step) is not None:
    raise UsageError(
      f'--step={step}: not with --protocol={options.protocol}, which chooses the checkpoint itself'
    )
  if rule == 'last' and not run.is_done():
    raise UsageError(
      f'--protocol={options.protocol}: {run.path} has not reached its last step, '
      f'{experiment.max_steps}; let it end, or leave out --protocol'
    )
  # Fails for a missing or damaged checkpoint before long work, such as training an extractor.
  restored = RestoredNetworks(run, experiment, weights=options.weights)
  if best_metric(step) and options.eval_dir and not scores_elsewhere(step):
    step = f'{step}@{options.eval_dir}'
  task = '' if options.task == ALL_TASKS else restored.game.task(options.task).name
  step = restored.restore(step, task)
  if rule == 'best':
    return _best(run, experiment, dataset, options, also, scorers or Scorers())
  evaluators = open_run(run, experiment, dataset, options, also, scorers=scorers, checkpoint=rule)
  records = [evaluator.evaluate(step) for evaluator in evaluators]
  warn_if_apart(evaluators, records)
  return records


def _best(
  run: RunDirectory,
  experiment: Experiment,
  dataset: Dataset,
  options: EvaluationOptions,
  also: Sequence[str],
  scorers: Scorers,
) -> list[Record]:
  """Scores all checkpoints, and records the scores of the best as those of the best of K."""
  evaluators = open_run(
    run, experiment, dataset, dataclasses.replace(options, protocol=''), also, scorers=scorers
  )
  for evaluator in evaluators:
    if evaluator.best_by is None:
      raise UsageError(
        f'--protocol={options.protocol}: the best is that by --best_by={options.best_by}, which is '
        'not among the scores; name one that is'
      )
  steps = evaluators[0].steps()
  log_protocol(options)
  _log.info('protocol %s: scoring %d checkpoints', options.protocol, len(steps))
  for step in steps:
    for evaluator in evaluators:
      evaluator.evaluate(step)
  rule = f'best of {len(steps)} by {options.best_by}'
  records = []
  for evaluator in evaluators:
    best = evaluator.best()
    assert best is not None  # All were scored just now; scores that are not finite are refused.
    records.append(evaluator.adopt(best, options.protocol, rule))
  return records
