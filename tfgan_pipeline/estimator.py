"""GANEstimator: a run as a Python object, in tf.estimator's words.

    estimator = GANEstimator(Experiment(model_dir='/tmp/run', max_steps=500))
    estimator.train()
    record = estimator.evaluate()
    pictures = estimator.predict(16)                 # uint8 [16, H, W, C]
    estimator.export_saved_model('/tmp/generator')

The binaries are this class and flags.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
import contextlib
import functools
import logging
import time
from typing import Any, Concatenate, ParamSpec, TypeVar

import numpy as np

from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import DataOptions, Dataset, load_dataset
from tfgan_pipeline.errors import Interrupted, UsageError
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.open_run import (
  Scorers,
  open_run,
  score_checkpoint,
)
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.replicas.workers import Workers
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Record
from tfgan_pipeline.runs.training_lock import TrainingLock
from tfgan_pipeline.sampling.open import open_sampler
from tfgan_pipeline.sampling.task_sampler import TaskSampler
from tfgan_pipeline.sampling.translator import Translator
from tfgan_pipeline.training import environment, run_facts, session
from tfgan_pipeline.training.trainer import Trainer

_log = logging.getLogger(__name__)
_Arguments = ParamSpec('_Arguments')
_Result = TypeVar('_Result')


def _reproducible(
  function: Callable[Concatenate[GANEstimator, _Arguments], _Result],
) -> Callable[Concatenate[GANEstimator, _Arguments], _Result]:
  """Runs what has an estimator as its first argument as strategies.reproducible does."""

  @functools.wraps(function)
  def reproducible(
    estimator: GANEstimator, *args: _Arguments.args, **kwargs: _Arguments.kwargs
  ) -> _Result:
    with strategies.reproducible(estimator.experiment):
      return function(estimator, *args, **kwargs)

  return reproducible


class GANEstimator:
  """One run in one model_dir. What an operation needs is built when it is first used.

  Args:
    experiment: The run's choices; or use `GANEstimator.of_run(model_dir)` for one that exists.

  Raises:
    UsageError: model_dir holds a run with other settings.
  """

  def __init__(self, experiment: Experiment):
    self.run = RunDirectory(experiment.model_dir)
    self.run.check_is_for(experiment)
    self.experiment = self.run.find_data(experiment)
    self._session_of: str | None = None  # The id of the run in which a session here is recorded.
    strategies.share_gpus()  # Before anything of TensorFlow is used.

  @classmethod
  def of_run(cls, model_dir: str, **overrides: Any) -> GANEstimator:
    """The estimator of a run that exists, with fields such as data_dir replaced unless None."""
    return cls(RunDirectory(model_dir).read_experiment(model_dir=model_dir, **overrides))

  @functools.cached_property
  def strategy(self) -> tf.distribute.Strategy:
    """The strategy that the run trains on; its first use sets up the process's devices."""
    return strategies.start(self.experiment)

  @functools.cached_property
  def dataset(self) -> Dataset:
    options = DataOptions(self.experiment.data_dir, self.experiment.memory_limit_gb)
    return load_dataset(self.experiment.dataset, options)

  @functools.cached_property
  def _trainer(self) -> Trainer:
    strategy = self.strategy  # First: devices cannot be set once TensorFlow has read any data.
    return Trainer(self.experiment, self.dataset, strategy)

  @property
  def workers(self) -> Workers:
    """The processes that train together."""
    return self._trainer.workers

  @_reproducible
  def build(self) -> None:
    """Sets up devices, data and networks, which `train` does otherwise; writes nothing."""
    self._trainer  # noqa: B018

  @_reproducible
  def train(
    self,
    max_steps: int | None = None,
    *,
    stop: StopRequest | None = None,
    since: float | None = None,
  ) -> int:
    """Trains from the newest checkpoint to `max_steps`, by default the experiment's.

    Args:
      max_steps: The step to stop at.
      stop: Asked whether to stop before; by default, signals and the experiment's `max_hours` do.
      since: When `max_hours` began, by `time.monotonic()`; by default with this call.

    Returns:
      The step reached.

    Raises:
      Interrupted: It was stopped, or lost another worker; calling it again continues.
      NonFiniteError: A loss or gradient is not finite.
      UsageError: The run is another's, in use, or cannot be done here.
      WriteError: model_dir cannot be written.
    """
    since = time.monotonic() if since is None else since
    # Everything that can be refused is, before anything is written.
    facts = run_facts.facts(self.dataset, self._trainer.state)
    if self.run.exists():
      self.run.check_data(self.dataset)
    chief = self._trainer.workers.chief
    lock = TrainingLock(self.run.train) if chief else None
    held = lock or contextlib.nullcontext()
    asked = contextlib.nullcontext(stop) if stop else StopRequest(self.experiment.max_hours, since)
    with environment.one_line_errors(self.experiment), held, asked as stop:
      self.run.check_is_for(self.experiment)  # Another may have taken its place.
      starts = not Checkpoints(self.run.checkpoints).steps()
      if starts and not self._trainer.is_fresh:
        del self._trainer  # The run it trained was removed: another one starts.
      step = self._trainer.restore(self.run)
      if starts or self._session_of != self.run.run_id:
        self._session_of = session.run_id_of(self.run, step, starts=starts)
        if step < self.experiment.max_steps:
          session.begin(
            self.run,
            self.experiment,
            facts,
            run_id=self._session_of,
            step=step,
            strategy=self.strategy,
            chief=chief,
          )
      return self._trainer.train(self.run, lock, stop, max_steps)

  @_reproducible
  def summary(self) -> str:
    """For --dry_run. Builds the networks, writes nothing."""
    return run_facts.summary(self.experiment, self.dataset, self._trainer.state)

  def evaluators(
    self,
    options: EvaluationOptions = EvaluationOptions(),
    also: Sequence[str] = (),
    *,
    scorers: Scorers | None = None,
  ) -> list[Evaluator]:
    """Returns evaluators of this run's checkpoints, see evaluation.open_run."""
    return open_run(self.run, self.experiment, self.dataset, options, also, scorers=scorers)

  def evaluator(self, options: EvaluationOptions = EvaluationOptions()) -> Evaluator:
    """Returns the evaluator of this run's checkpoints by `options`."""
    return self.evaluators(options)[0]

  def evaluate(
    self, step: int | None = None, options: EvaluationOptions = EvaluationOptions()
  ) -> Record:
    """Scores one checkpoint, by default the newest."""
    return self.evaluate_variants(step, options)[0]

  def evaluate_variants(
    self,
    step: int | None = None,
    options: EvaluationOptions = EvaluationOptions(),
    also: Sequence[str] = (),
  ) -> list[Record]:
    """Scores one checkpoint and variants of its samples; warns when these differ much."""
    return score_checkpoint(self.run, self.experiment, self.dataset, options, also, step=step)

  def sampler(self, weights: str = 'average', task: str = '') -> TaskSampler:
    """Returns a sampler of noise, or the translator that a task such as 'a_to_b' asks for."""
    return open_sampler(self.run, self.experiment, task, weights=weights)

  def translate(
    self, examples: np.ndarray, *, task: str = '', seed: int = 0, step: int | None = None
  ) -> np.ndarray:
    """Outputs uint8 [n, H, W, C] of a task that reads images uint8 [n, H, W, C], such as 'a_to_b'.

    Args:
      examples: Of the task's source, as they are stored; output i is of example i.
      task: A name; '' is the game's first task.
      seed: Chooses what is random in outputs, if anything is.
      step: Of the checkpoint; by default the newest.

    Raises:
      UsageError: The task reads noise, or images of another shape.
    """
    sampler = self.sampler(task=task)
    if not isinstance(sampler, Translator):
      raise UsageError(f'--task={sampler.task.name}: reads noise; predict samples it')
    sampler.restore(step)
    return sampler.outputs({sampler.task.source: examples}, seed=seed)

  def predict(self, count: int, *, seed: int = 0, step: int | None = None) -> np.ndarray:
    """Generated images uint8 [count, H, W, C] of one checkpoint, by default the newest."""
    sampler = self.sampler()
    sampler.restore(step)
    return np.concatenate(list(sampler.batches(count, seed, batch_size=min(count, 256))))

  def export_saved_model(self, path: str, *, step: int | None = None) -> str:
    """Writes a SavedModel that samples without this package, see sampling/export.py."""
    sampler = self.sampler()
    sampler.restore(step)
    return sampler.export(path)


@_reproducible
def train_and_evaluate(
  estimator: GANEstimator,
  options: EvaluationOptions = EvaluationOptions(),
  *,
  on_record: Callable[[Record], None] = lambda record: None,
  since: float | None = None,
) -> list[Record]:
  """Trains, and scores each checkpoint when it is made, in one process; resumes like `train`.

  Args:
    estimator: The run.
    options: What to measure.
    on_record: Called with each record as soon as it exists.
    since: When `max_hours` began, by `time.monotonic()`; by default with this call.

  Returns:
    The records of all checkpoints there are, oldest first.
  """
  since = time.monotonic() if since is None else since
  every, last = estimator.experiment.save_every, estimator.experiment.max_steps
  estimator.build()
  if estimator.workers.several:
    raise UsageError('--evaluate: of several workers none can score; tfgan-evaluate is its own job')
  # What is wrong with the options is found before any training, of an extractor too.
  scorers = Scorers(estimator.strategy)
  scorers.get(estimator.experiment, estimator.dataset, options)
  evaluator: Evaluator | None = None
  records: dict[int, Record] = {}
  with StopRequest(estimator.experiment.max_hours, since) as stop:
    for target in [*range(every, last, every), last]:
      step = estimator.train(target, stop=stop)
      # There is a run to score only now.
      evaluator = evaluator or estimator.evaluators(options, scorers=scorers)[0]
      for saved in evaluator.steps():
        if saved not in records and not stop.requested:
          records[saved] = evaluator.evaluate(saved)
          on_record(records[saved])
      if stop.requested:
        raise Interrupted(f'stopped after step {step}; the same command continues')
  return list(records.values())
