"""Training and scoring of a run in one process."""

from __future__ import annotations

from collections.abc import Callable
import time

from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import Interrupted, UsageError
from tfgan_pipeline.estimator.gan_estimator import GANEstimator
from tfgan_pipeline.estimator.reproducible import reproducible
from tfgan_pipeline.estimator.shown_log import shown_log
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.open_run import Scorers, options_of_tasks
from tfgan_pipeline.evaluation.stop_when import StopWhen
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.runs.score_records import Record


@shown_log()
@reproducible
def train_and_evaluate(
  estimator: GANEstimator,
  options: EvaluationOptions = EvaluationOptions(),
  *,
  stop_when: str = '',
  on_record: Callable[[Record], None] = lambda record: None,
  since: float | None = None,
) -> list[Record]:
  """Trains a run and scores each checkpoint when it is saved, in one process.

  Args:
    estimator: The run.
    options: What to measure.
    stop_when: Sentence such as 'fid has not improved for 10 evaluations', upon which the training
      ends; '' for none.
    on_record: Function that gets each record as soon as it exists.
    since: Time by `time.monotonic()` at which `max_hours` began; by default now.

  Returns:
    The records of all checkpoints that exist, oldest first; with the task 'all' one of each task.

  Raises:
    Interrupted: Training was stopped; another call continues from the newest checkpoint.
    UsageError: There are several workers, the options do not suit the run, or `stop_when` is no
      such sentence.
  """
  since = time.monotonic() if since is None else since
  rule = StopWhen(stop_when, may_ask=not options.eval_dir)
  estimator.build()
  interval, last = estimator.experiment.save_every, estimator.experiment.max_steps
  if estimator.workers.several:
    raise UsageError('--evaluate: of several workers none can score; tfgan-evaluate is its own job')
  # Wrong options, even those of an extractor, raise UsageError before any training.
  scorers = Scorers(estimator.strategy)
  run = estimator.experiment, estimator.dataset
  rule.check([scorers.get(*run, one) for one in options_of_tasks(*run, options)])
  evaluators: list[Evaluator] = []
  records: dict[int, list[Record]] = {}
  step = -1
  with StopRequest(estimator.experiment.max_hours, since) as stop:
    for target in [*range(interval, last, interval), last]:
      if target <= step:
        continue  # The run is further already.
      step = estimator.train(target, stop=stop, since=since)
      # An evaluator needs a run in model_dir, which exists only after training began.
      evaluators = evaluators or estimator.evaluators(options, scorers=scorers)
      for checkpoint_step in evaluators[0].steps():
        if checkpoint_step not in records and not stop.requested:
          new = records[checkpoint_step] = [one.evaluate(checkpoint_step) for one in evaluators]
          rule.consider(evaluators)
          for record in new:
            on_record(record)
      if stop.requested:
        raise Interrupted(f'stopped after step {step}; the same command continues')
      if step < target:  # As `stop_when` asked for.
        break
  return [record for of_step in records.values() for record in of_step]
