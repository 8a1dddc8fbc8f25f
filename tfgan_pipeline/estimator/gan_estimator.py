"""GANEstimator, a run as a Python object, with the method names of tf.estimator.

estimator = GANEstimator(Experiment(model_dir='/tmp/run', max_steps=500))
estimator.train()
record = estimator.evaluate()
pictures = estimator.predict(16)                 # uint8 [16, H, W, C]
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
import dataclasses
import functools
import logging
import time
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.allowed_changes import DATA, changeable
from tfgan_pipeline.config.chosen_step import Step
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.data_of_run import data_of_run
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError, spoken
from tfgan_pipeline.estimator.reproducible import reproducible
from tfgan_pipeline.estimator.run_reader import RunReader
from tfgan_pipeline.estimator.shown_log import shown_log
from tfgan_pipeline.evaluation.evaluator import Evaluator
from tfgan_pipeline.evaluation.open_run import Scorers, open_run
from tfgan_pipeline.evaluation.score_checkpoint import score_checkpoint
from tfgan_pipeline.replicas import strategies
from tfgan_pipeline.replicas.stopping import StopRequest
from tfgan_pipeline.replicas.workers import Workers
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.data_record import check_data
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Record
from tfgan_pipeline.runs.stop_request import overrule, overruled_above
from tfgan_pipeline.runs.training_lock import TrainingLock
from tfgan_pipeline.training import environment, run_facts, session
from tfgan_pipeline.training.advice import advise
from tfgan_pipeline.training.changed_settings import require_equal_variables
from tfgan_pipeline.training.initial_weights import find_source
from tfgan_pipeline.training.trainer import Trainer

_log = logging.getLogger(__name__)


class GANEstimator(RunReader):
  """One run in one model_dir: trains, scores, samples and exports it.

  Devices, data and networks are built when they are first used.

  Args:
    experiment: The run's settings; `GANEstimator.of_run(model_dir)` reads those of an existing run.
    change: Names, separated by commas, of settings that `experiment` changes from here on, such as
      'batch_size'; 'data' lets `train` go on with other data of equal shape and classes.

  Raises:
    UsageError: model_dir holds a run with other settings, or `change` is something else. Methods
      that read a checkpoint raise it, too, if there is no such checkpoint.
  """

  def __init__(self, experiment: Experiment, *, change: str = ''):
    registry.outside.refuse_runs()
    self._may_change = changeable(change)
    super().__init__(experiment, may_change=self._may_change)
    if self.experiment.init_from and not Checkpoints(self.run.checkpoints).steps():
      find_source(self.experiment.init_from)  # Refuses what is not there, before long work.
    self._session_run_id: str | None = None  # Run whose record has the present training.
    strategies.share_gpus()  # Devices can be configured only before TensorFlow uses them.

  @classmethod
  def of_run(cls, model_dir: str, *, change: str = '', **overrides: Any) -> GANEstimator:
    """Returns the estimator of an existing run; raises UsageError if there is none.

    `overrides` replace the recorded values of fields such as data_dir, unless they are None; those
    of fields that define the run only where `change` names them.
    """
    experiment = RunDirectory(model_dir).read_experiment(model_dir=model_dir, **overrides)
    return cls(experiment, change=change)

  @classmethod
  @shown_log()
  def from_functions(cls, *functions: Callable[..., Any], **arguments: Any) -> GANEstimator:
    """Returns the estimator of a run that is made of functions, as in TF-GAN's GANEstimator.

    Args:
      *functions: generator_fn, discriminator_fn, generator_loss_fn, discriminator_loss_fn and
        input_fn, which may also be given by name.
      **arguments: Those of `from_functions.experiment_of`: those of TF-GAN's GANEstimator and
        fields of Experiment, such as model_dir and max_steps.

    Raises:
      UsageError: An argument has no meaning here, or model_dir holds a run with other settings.
    """
    # Imported here: the components of functions are none of a program without functions.
    from tfgan_pipeline.estimator.from_functions import experiment_of

    made = experiment_of(*functions, **arguments)
    made.keep()
    estimator = cls(made.experiment)
    estimator._recall = made.keep
    return estimator

  @functools.cached_property
  def strategy(self) -> tf.distribute.Strategy:
    """Strategy over the devices to train on; its first use sets up the devices of the process."""
    return strategies.start(self.experiment)

  @functools.cached_property
  def dataset(self) -> Dataset:
    """Data of the run, opened at the first use."""
    return data_of_run(self.run, self.experiment, may_change=DATA in self._may_change)

  @functools.cached_property
  def _trainer(self) -> Trainer:
    # The strategy comes first: devices cannot be set up once TensorFlow has read any data.
    strategy = self.strategy
    self._experiment = self.experiment.in_steps(self.dataset.split('train').size)
    return Trainer(self.experiment, self.dataset, strategy)

  @property
  def workers(self) -> Workers:
    """Processes that train the run together: one, except with several workers."""
    return self._trainer.workers

  @reproducible
  def build(self) -> None:
    """Sets up devices, data and networks ahead of `train`; writes nothing."""
    self._trainer  # noqa: B018

  @shown_log()
  @reproducible
  def train(
    self,
    max_steps: int | None = None,
    *,
    stop: StopRequest | None = None,
    since: float | None = None,
  ) -> int:
    """Trains from the newest checkpoint, if there is one, to `max_steps`.

    Shows its progress: a bar in a terminal or a notebook, elsewhere log lines, on stderr unless the
    program handles the logger `tfgan_pipeline`.

    Args:
      max_steps: Step to train to; by default the experiment's. A larger one becomes the run's.
      stop: Request to stop earlier; by default, signals and the experiment's `max_hours` make one.
      since: Time by `time.monotonic()` at which `max_hours` began; by default now.

    Returns:
      The step reached.

    Raises:
      Interrupted: Training was stopped, or another worker was lost; another call continues.
      NonFiniteError: A loss or gradient is not finite.
      UsageError: model_dir is another run's or in use, or data or devices do not suit.
      WriteError: model_dir cannot be written.
    """
    since = since or time.monotonic()
    # Builds the trainer first: wrong settings raise UsageError before anything is written.
    facts = run_facts.facts(self.dataset, self._trainer.state)
    last = self.experiment.max_steps
    asked = dataclasses.replace(self.experiment, max_steps=last if max_steps is None else max_steps)
    if extends := asked.max_steps > last:
      self._experiment = self._trainer.experiment = asked
    changes = check_data(self.run, self.dataset, may_change=DATA in self._may_change)
    chief = self._trainer.workers.chief
    lock = TrainingLock(self.run.train) if chief else None
    stops = nullcontext(stop) if stop else StopRequest(self.experiment.max_hours, since)
    with environment.one_line_errors(self.experiment), lock or nullcontext(), stops as stop:
      # Again: another run may have taken its place.
      settings = self.run.check_is_for(self.experiment, self._may_change)
      if settings:
        changes['changed_settings'] = settings
      require_equal_variables(self.run, self._trainer.state.checkpoint, settings)
      is_new = not Checkpoints(self.run.checkpoints).steps()
      if is_new and not self._trainer.is_fresh:
        del self._trainer  # Its run was removed from model_dir: a new run starts.
      if not is_new:  # Only a start takes other weights, and a run keeps the record of its start.
        start = self.run.read_experiment().init_from if self.run.exists() else ''
        if start != self.experiment.init_from:
          if self.experiment.init_from:
            told = f'--init_from={self.experiment.init_from}: not taken, as the run has checkpoints'
            _log.info('%s', spoken(told))
          self._experiment = dataclasses.replace(self.experiment, init_from=start)
      step = self._trainer.restore(self.run)
      if is_new or extends or self._session_run_id != self.run.run_id:
        self._session_run_id = session.run_id_of(self.run, step, starts=is_new)
        changes |= overrule(self.run, step, self.experiment.max_steps) if chief else {}
        trains = step < self.experiment.max_steps and not self._trainer.is_asked_to_stop(self.run)
        if settings and not trains:
          raise UsageError(
            f'--change={",".join(settings)}: the run is at its last step, {step}; give --max_steps '
            f'above {overruled_above(self.run) or step}, too'
          )
        if trains:
          session.begin(
            self.run,
            self.experiment,
            facts,
            self.dataset,
            run_id=self._session_run_id,
            step=step,
            changes=changes if step else {**self._trainer.origin, **changes},
            strategy=self.strategy,
            chief=chief,
          )
          if is_new and chief:
            advise(self.experiment, self.dataset, self._trainer.state)
      return self._trainer.train(self.run, lock, stop, max_steps, since=since)

  @reproducible
  def summary(self) -> str:
    """Returns the text of --dry_run about settings, data and networks; warns of bad choices."""
    state = self._trainer.state  # First: the length of the run may depend on the data.
    if not self.run.exists():
      advise(self.experiment, self.dataset, state)
    return run_facts.summary(self.experiment, self.dataset, state)

  def evaluators(
    self,
    options: EvaluationOptions = EvaluationOptions(),
    also: Sequence[str] = (),
    *,
    scorers: Scorers | None = None,
  ) -> list[Evaluator]:
    """Returns an evaluator of checkpoints for `options` and one for each variant in `also`.

    Args:
      options: What to measure.
      also: Kinds of samples to measure as well: 'raw', 'batch' or 'standing'.
      scorers: Scorers to share with other runs; by default new ones.
    """
    return open_run(self.run, self.experiment, self.dataset, options, also, scorers=scorers)

  def evaluator(self, options: EvaluationOptions = EvaluationOptions()) -> Evaluator:
    """Returns the evaluator that scores this run's checkpoints by `options`."""
    return self.evaluators(options)[0]

  def evaluate(self, step: Step = None, options: EvaluationOptions = EvaluationOptions()) -> Record:
    """Returns the score record of a checkpoint, by default the newest; scores it if needed.

    `step` may be 'best' or 'best:METRIC', see `best_step`.
    """
    return self.evaluate_variants(step, options)[0]

  @shown_log()
  def evaluate_variants(
    self,
    step: Step = None,
    options: EvaluationOptions = EvaluationOptions(),
    also: Sequence[str] = (),
  ) -> list[Record]:
    """Returns records of one checkpoint by `options`, then by each variant in `also`.

    Variants are 'raw', 'batch' and 'standing'; logs a warning if their scores differ much.
    """
    return score_checkpoint(self.run, self.experiment, self.dataset, options, also, step=step)
