"""Scores the checkpoints of a run, one definition at a time.

    evaluator = GANEstimator.of_run(model_dir).evaluator(EvaluationOptions(metrics="fid"))
    record = evaluator.evaluate(step=500)

An evaluator shares nothing with the trainer but model_dir, and may run wherever model_dir can be
read. A checkpoint that has a record of the same definition is not scored again. The best
checkpoint and the one being scored are pinned, so that the trainer's rotation keeps them; with
--eval_dir nothing is written to model_dir, and nothing is pinned.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
import copy
import dataclasses
import logging
import math
import re
import time
from typing import Literal, overload

import numpy as np

from tfgan_pipeline import __version__
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config import source_code
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.split import Split
from tfgan_pipeline.errors import RunReplaced, first_line
from tfgan_pipeline.evaluation.best_by import full_name
from tfgan_pipeline.evaluation.curves import Curves
from tfgan_pipeline.evaluation.definition import definition_of
from tfgan_pipeline.evaluation.drawn_images import keep_first
from tfgan_pipeline.evaluation.inspections import inspections, missing
from tfgan_pipeline.evaluation.kept_checkpoints import KeptCheckpoints
from tfgan_pipeline.evaluation.places import place_of
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.evaluation.tracked_scores import TrackedScores
from tfgan_pipeline.evaluation.way_back import WayBack
from tfgan_pipeline.media import images
from tfgan_pipeline.metrics.ranking import better
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.recorded_changes import changes_before
from tfgan_pipeline.runs.score_records import Record, Records, definition_id, score_ids
from tfgan_pipeline.runs.scoring_claims import Claims
from tfgan_pipeline.sampling.open import open_sampler
from tfgan_pipeline.sampling.sampler import GeneratorSampler

_log = logging.getLogger(__name__)


class Evaluator:
  """Evaluator of the checkpoints of one run, by one definition of scores.

  Args:
    run: The run; its experiment.json must exist.
    experiment: The run's experiment, as recorded.
    options: What to measure.
    scorer: The scorer that measures the samples.
    strategy: Strategy whose replicas generate the samples; None for no strategy.
    sources: The examples that a translator reads; None for a task that samples noise.
    classes: Classes of the samples, in turn; () for those that the sampler chooses.
    asked: Class that each output of a translator should have, int32 [n]; None if none is known.
    goes_back: Whether a metric needs outputs translated back to their sources.
    checkpoint: The rule by which checkpoints are chosen, such as 'last'; '' for none.

  Attributes:
    run: The run.
    run_id: The run's id, to notice when another run takes its place in the directory.
    experiment: The run's experiment, as recorded.
    scorer: The scorer that measures the samples.
    task: Name of the task whose samples are scored.
    definition: The facts that the scores depend on, besides the checkpoint; part of each record.
    best_by: The full name of the score that ranks checkpoints, such as 'fid[classifier:mnist]', or
      None.

  Raises:
    UsageError: `options.best_by` names no score, or one that does not rank.
  """

  def __init__(
    self,
    run: RunDirectory,
    experiment: Experiment,
    options: EvaluationOptions,
    scorer: Scorer,
    strategy: tf.distribute.Strategy | None = None,
    sources: Split | None = None,
    classes: Sequence[int] = (),
    asked: np.ndarray | None = None,
    goes_back: bool = False,
    checkpoint: str = '',
  ):
    self.run, self.run_id = run, run.run_id
    self.experiment = experiment
    self._options = options
    self.scorer = scorer
    self._sampler = open_sampler(
      run,
      experiment,
      options.task,
      sources=sources,
      weights=options.weights,
      batch_norm=options.batch_norm,
      strategy=strategy,
      class_counts=None if classes or options.label_proportions != 'data' else scorer.class_counts,
    )
    self.task = self._sampler.task.name
    numbers = range(options.num_samples)
    labels = np.resize(classes, len(numbers)) if classes else self._sampler.labels(numbers)
    labels = labels if asked is None else asked
    codes, captions = self._sampler.codes(numbers), self._sampler.captions(numbers)
    self._conditions = {'labels': labels, 'codes': codes, 'captions': captions}
    seed = options.sample_seed
    back = WayBack(run, experiment, self._sampler, sources, seed, strategy) if goes_back else None
    self._classes, self._sources, self._way_back = classes, sources, back
    self.definition = self._define(checkpoint)
    self.best_by = full_name(options.best_by, scorer)
    place = place_of(run, options)
    self._claims = Claims(place.directory)
    self._records = Records(place.directory, self._claims, place.read_only)
    self._curves = Curves(self._records, run, self.definition, experiment)
    self._tracked = TrackedScores(run, experiment)
    self._checkpoints = Checkpoints(run.checkpoints)
    pins = re.sub(r'[^\w-]', '-', f'{options.directory_name}-{definition_id(self.definition)}')
    may_write = not options.eval_dir
    self._kept = KeptCheckpoints(self._checkpoints, self._claims, pins, may_write=may_write)

  def steps(self) -> list[int]:
    """Returns the steps whose checkpoints can be scored, oldest first."""
    return self._sampler.steps()

  def find(self, step: int) -> Record | None:
    """Returns the record of a checkpoint, with scores if possible, else with `error`; or None."""
    return self._records.find(self.run_id, step, self.definition)

  def check_run(self) -> None:
    """Raises RunReplaced if the run is gone, or another run has its directory."""
    try:
      run_id = self.run.read_record().get('run_id', '')
    except FileNotFoundError:
      raise RunReplaced(f'--model_dir={self.run.path}: the run was removed') from None
    if run_id != self.run_id:
      raise RunReplaced(f'--model_dir={self.run.path}: another run has taken its place')

  @overload
  def evaluate(self, step: int | None = None, *, wait: Literal[True] = True) -> Record: ...

  @overload
  def evaluate(self, step: int | None = None, *, wait: bool) -> Record | None: ...

  def evaluate(self, step: int | None = None, *, wait: bool = True) -> Record | None:
    """Returns the record of one checkpoint; scores the checkpoint unless scores are recorded.

    Args:
      step: Step of the checkpoint; by default the newest.
      wait: Whether to wait while another process scores the checkpoint; otherwise None is returned
        at once.

    Raises:
      UsageError: The checkpoint does not exist or is damaged, or its samples cannot be scored.
      RunReplaced: The run is gone, or another run has its directory.
    """
    self.check_run()
    if step is None:
      step = self._sampler.restore()
    with self._claims.of(step, wait=wait) as is_claimed:
      if not is_claimed:
        return None
      record = self.find(step)
      if record and 'error' not in record and not missing(*self._inspected(step)):
        _log.info('step %d has these scores already', step)
        if self._kept.has(step):  # Left by a killed evaluator.
          self._settle_pins(step)
        return record
      self._kept.keep(step, 'being scored')
      try:
        return self._score(step)
      finally:
        try:
          self._settle_pins(claimed=step)
        except OSError as error:  # No failure: the score may be recorded already.
          _log.warning('pins are left as they are (%s)', first_line(error))

  def _score(self, step: int) -> Record:
    if self._sampler.step != step:
      self._sampler.restore(step)
    if self._way_back:
      self._way_back.restore(step)
    _log.info('scoring step %d on %d generated images', step, self._options.num_samples)
    started = time.monotonic()
    previews: list[np.ndarray] = []
    preview_count = self._sampler.medium.grid_size(self._sampler.sample_shape)
    scores = self.scorer.score(
      keep_first(self._samples(), preview_count, previews),
      **self._conditions,
      inspect=inspections(*self._inspected(step), self.scorer.real, self._samples),
      go_back=self._way_back.of if self._way_back else None,
    )
    if self._options.generator_calls:
      assert isinstance(self._sampler, GeneratorSampler)  # check_options refuses others.
      scores |= self.scorer.of_generator(self._sampler.values, self._sampler.noise_size)
    record = self._record(step, scores, started)
    self.check_run()
    picture = images.enlarge(self._sampler.medium.picture(np.concatenate(previews)))
    # Drawn before the record is kept, since a checkpoint with a record counts as done.
    code = source_code.unreleased(self._options)
    record = self._records.add(record, lambda: self._curves.draw(record, picture), code)
    self._tracked.tell(record, self._curves.directory)
    return record

  def adopt(self, record: Record, protocol: str, rule: str) -> Record:
    """Records scores again, as those of the checkpoint that the rule of a protocol chose."""
    self.check_run()
    chosen = copy.copy(self)
    chosen._options = dataclasses.replace(self._options, protocol=protocol)
    chosen.definition = chosen._define(rule)
    return self._records.add(chosen._record(record['step'], record['scores'], time.monotonic()))

  def _define(self, checkpoint: str) -> Record:
    return definition_of(self.scorer, self._sampler, self._options, self._sources, checkpoint)

  def _record(self, step: int, scores: dict[str, float], started: float) -> Record:
    ids = score_ids(self.definition, {name: self.scorer.metric_of[name] for name in scores})
    checksum = self._checkpoints.record(step).get('checksum')
    return {
      **{'step': step, 'scores': scores, 'score_ids': ids},
      **({'checksum': checksum} if checksum else {}),
      **self._provenance(step, started),
    }

  def _samples(self) -> Iterator[np.ndarray]:
    count, seed = self._options.num_samples, self._options.sample_seed
    return self._sampler.batches(count, seed, labels=self._classes)

  def _inspected(self, step: int) -> tuple[EvaluationOptions, str, str, int]:
    """Returns the options, and where files besides the record of a step are."""
    table = f'{self._records.directory}/per_sample-{step}-{definition_id(self.definition)}'
    return self._options, table, self._curves.directory, step

  def record_failure(self, step: int, error: str, **more: object) -> Record:
    """Adds a record with an error in place of scores; returns the existing one if there is any.

    Args:
      step: Step of the checkpoint.
      error: What is wrong with the checkpoint.
      more: Further fields of the record.

    Raises:
      RunReplaced: The run is gone, or another run has its directory.
    """
    self.check_run()
    return self._records.add(
      {'step': step, 'error': error, **more, **self._provenance(step, time.monotonic())}
    )

  def records(self) -> list[Record]:
    """Returns the records of the run with this definition, oldest first."""
    return self._records.of(self.run_id, self.definition)

  def best(self) -> Record | None:
    """Returns the record with the best `best_by` score among existing checkpoints, or None."""
    steps = set(self.steps())
    candidates = [
      record
      for record in self.records()
      if record.get('step') in steps
      and math.isfinite(record.get('scores', {}).get(self.best_by, math.nan))
    ]
    sign = 1 if self.best_by and better(self.best_by) == 'lower' else -1
    return min(candidates, key=lambda record: sign * record['scores'][self.best_by], default=None)

  def _settle_pins(self, claimed: int) -> None:
    """Pins the best checkpoint and unpins all others, except those that another process scores.

    `claimed` is the step whose claim the caller holds. Does nothing when another run has the
    directory, since the steps are then that run's.
    """
    if self.run.run_id != self.run_id:
      return
    best = self.best()
    if best:
      self._kept.keep(best['step'], f'best {self.best_by}: {best["scores"][self.best_by]}')
    self._kept.release(but=best['step'] if best else None, claimed=claimed)

  def _provenance(self, step: int, started: float) -> Record:
    return {
      'run': self.run.path,
      **({'run_id': self.run_id} if self.run_id else {}),
      **({'protocol': self._options.protocol} if self._options.protocol else {}),
      'definition_id': definition_id(self.definition),
      'definition': self.definition,
      'versions': {'tfgan_pipeline': __version__, 'tensorflow': tf.__version__},
      **({'code': code} if (code := self.run.code_of_last_session()) else {}),
      **({'changes': changes} if (changes := changes_before(self.run, step)) else {}),
      'seconds': round(time.monotonic() - started, 2),
    }
