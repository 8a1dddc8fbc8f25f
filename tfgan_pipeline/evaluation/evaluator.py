"""Scores the checkpoints of a run, one definition at a time.

    evaluator = GANEstimator.of_run(model_dir).evaluator(EvaluationOptions(metrics="fid"))
    record = evaluator.evaluate(step=500)

It shares nothing with the trainer but model_dir and may run anywhere that can read it. A checkpoint
that has a record of the same definition is not scored again; the best one, and the one that is just
being scored, are pinned, so that the trainer's rotation leaves them. watcher.py scores all.
"""

from __future__ import annotations

from collections.abc import Iterator
import contextlib
import json
import logging
import math
import re
import time
from typing import Literal, overload

import numpy as np

from tfgan_pipeline import __version__
from tfgan_pipeline.compat import tf
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.config.experiment import Experiment
from tfgan_pipeline.data.dataset import Split
from tfgan_pipeline.errors import RunReplaced, UsageError, first_line
from tfgan_pipeline.evaluation.definition import definition_of
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.media import images
from tfgan_pipeline.metrics.ranking import better
from tfgan_pipeline.runs import event_files
from tfgan_pipeline.runs.atomic_files import writing
from tfgan_pipeline.runs.checkpoints import Checkpoints
from tfgan_pipeline.runs.directory import RunDirectory
from tfgan_pipeline.runs.score_records import Record, Records, definition_id, score_ids
from tfgan_pipeline.runs.scoring_claims import Claims
from tfgan_pipeline.sampling.open import open_sampler
from tfgan_pipeline.sampling.sampler import GeneratorSampler
from tfgan_pipeline.writers.tensorboard import TensorBoard

_log = logging.getLogger(__name__)


class Evaluator:
  """Scores of one definition for the checkpoints of one run.

  Args:
    run: The run; its experiment.json must be there.
    experiment: As the run recorded it.
    options: What to measure.
    scorer: Measures it.
    strategy: Whose replicas generate the samples; None is no strategy.
    sources: The examples that outputs are made of, if the task reads any.

  Attributes:
    run: The run.
    run_id: Its id; another run may take its place in the directory.
    experiment: As given.
    definition: What the scores mean.
    best_by: The full name of the score that ranks checkpoints, 'fid[classifier:mnist]', or None.

  Raises:
    UsageError: `options.best_by` is no score that ranks.
  """

  def __init__(
    self,
    run: RunDirectory,
    experiment: Experiment,
    options: EvaluationOptions,
    scorer: Scorer,
    strategy: tf.distribute.Strategy | None = None,
    sources: Split | None = None,
  ):
    self.run = run
    self.run_id = run.run_id
    self.experiment = experiment
    self._options = options
    self._scorer = scorer
    self._sampler = open_sampler(
      run,
      experiment,
      options.task,
      sources=sources,
      weights=options.weights,
      batch_norm=options.batch_norm,
      strategy=strategy,
    )
    self._chosen = {
      'labels': self._sampler.labels(range(options.num_samples)),
      'codes': self._sampler.codes(range(options.num_samples)),
    }
    self.definition = definition_of(scorer, self._sampler, options, sources)
    self.best_by = _full_name(options.best_by, scorer)
    directory = run.evaluation(options.directory_name)
    self._claims = Claims(directory)
    self._records = Records(directory, self._claims)
    self._checkpoints = Checkpoints(run.checkpoints)
    name = re.sub(r'[^\w-]', '-', options.directory_name)
    self._pins_as = f'{name}-{definition_id(self.definition)}'

  def steps(self) -> list[int]:
    """Steps that can be scored, oldest first."""
    return self._sampler.steps()

  def find(self, step: int) -> Record | None:
    """The record that a checkpoint has: one with scores, or else one with its `error`."""
    return self._records.find(self.run_id, step, self.definition)

  def check_run(self) -> None:
    """Raises RunReplaced when the run is gone, so that nothing is written in its place."""
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
    """The record of one checkpoint, by default the newest; made now unless it exists.

    Args:
      step: Of the checkpoint.
      wait: Whether to wait for another process that is scoring it; if not, None is returned then.

    Raises:
      UsageError: No such checkpoint, it is damaged, or its samples cannot be scored.
      RunReplaced: The run is no longer there.
    """
    self.check_run()
    if step is None:
      step = self._sampler.restore()
    with self._claims.of(step, wait=wait) as mine:
      if not mine:
        return None
      known = self.find(step)
      if known and 'error' not in known:
        _log.info('step %d has these scores already', step)
        if step in self._checkpoints.pins.steps(self._pins_as):  # Of one that was killed since.
          self._settle_pins(step)
        return known
      self._pin(step, 'being scored')
      try:
        return self._score(step)
      finally:
        try:
          self._settle_pins(claimed=step)
        except OSError as error:  # The score may be recorded by now.
          _log.warning('pins are left as they are (%s)', first_line(error))

  def _pin(self, step: int, why: str) -> None:
    try:
      self._checkpoints.pins.add(step, self._pins_as, why + '\n')
    except OSError as error:  # Scores are worth having all the same.
      _log.warning('step %d cannot be pinned, rotation may remove it (%s)', step, first_line(error))

  def _score(self, step: int) -> Record:
    if self._sampler.step != step:
      self._sampler.restore(step)
    _log.info('scoring step %d on %d generated images', step, self._options.num_samples)
    started = time.monotonic()
    shown: list[np.ndarray] = []
    most = self._sampler.medium.grid_size(self._sampler.sample_shape)

    def batches() -> Iterator[np.ndarray]:
      for batch in self._sampler.batches(self._options.num_samples, self._options.sample_seed):
        if missing := max(0, most - sum(map(len, shown))):
          shown.append(batch[:missing])
        yield batch

    scores = self._scorer.score(batches(), **self._chosen)
    if self._options.generator_calls:
      assert isinstance(self._sampler, GeneratorSampler)  # Others are refused, see check_options.
      scores |= self._scorer.of_generator(self._sampler.values, self._sampler.noise_size)
    ids = score_ids(self.definition, {name: self._scorer.metric_of[name] for name in scores})
    checksum = self._checkpoints.record(step).get('checksum')
    record = {
      'step': step,
      'scores': scores,
      'score_ids': ids,
      **({'checksum': checksum} if checksum else {}),
      **self._provenance(started),
    }
    self.check_run()
    self._write_summaries(step, scores, np.concatenate(shown))
    return self._records.add(record)  # Last: what has a record is done.

  def record_failure(self, step: int, error: str, **more: object) -> Record:
    """Adds, or finds, a record without scores.

    Args:
      step: Of the checkpoint.
      error: What is wrong with it.
      more: For the record.

    Raises:
      RunReplaced: The run is no longer there.
    """
    self.check_run()
    return self._records.add(
      {'step': step, 'error': error, **more, **self._provenance(time.monotonic())}
    )

  def best(self) -> Record | None:
    """The record with the best score by `best_by` of those whose checkpoints exist."""
    there = set(self.steps())
    scored = [
      record
      for record in self._records.of(self.run_id, self.definition)
      if record.get('step') in there
      and math.isfinite(record.get('scores', {}).get(self.best_by, math.nan))
    ]
    sign = 1 if self.best_by and better(self.best_by) == 'lower' else -1
    return min(scored, key=lambda record: sign * record['scores'][self.best_by], default=None)

  def _settle_pins(self, claimed: int) -> None:
    """Pins the best checkpoint, and lets go of others that nobody else is scoring.

    Of a run that is no longer there nothing is to be kept, and its steps are now another's.
    """
    if self.run.run_id != self.run_id:
      return
    best = self.best()
    if best:
      self._pin(best['step'], f'best {self.best_by}: {best["scores"][self.best_by]}')
    for step in self._checkpoints.pins.steps(self._pins_as):
      if not (best and step == best['step']):
        with contextlib.nullcontext(True) if step == claimed else self._claims.of(step) as mine:
          if mine:
            self._checkpoints.pins.remove(step, self._pins_as)

  def _provenance(self, started: float) -> Record:
    return {
      'run': self.run.path,
      **({'run_id': self.run_id} if self.run_id else {}),
      **({'protocol': self._options.protocol} if self._options.protocol else {}),
      'definition_id': definition_id(self.definition),
      'definition': self.definition,
      'versions': {'tfgan_pipeline': __version__, 'tensorflow': tf.__version__},
      **({'code': code} if (code := self.run.code_of_last_session()) else {}),
      'seconds': round(time.monotonic() - started, 2),
    }

  def _write_summaries(self, step: int, scores: dict[str, float], outputs: np.ndarray) -> None:
    with writing(self._records.directory):
      scored = [record for record in self._records.read() if 'scores' in record]
      of_runs = {record.get('run_id', '') for record in scored}
      if of_runs and self.run_id not in of_runs:
        # The curves are of another run.
        event_files.wait_for_another_second(self._records.directory)
        event_files.start_session(self._records.directory, 0)
      with TensorBoard(self._records.directory) as writer:
        # A group of its own.
        writer.scalars(step, {f'scores/{name}': value for name, value in scores.items()})
        picture = images.enlarge(self._sampler.medium.picture(outputs))
        writer.picture(step, 'fakes', picture)
        definition = json.dumps(self.definition, indent=2)
        writer.text(step, 'definition', f'```\n{definition}\n```')


def _full_name(best_by: str, scorer: Scorer) -> str | None:
  """The score that `best_by` names; the default names none where there is no such score."""
  if not best_by:
    return None
  for name in scorer.metric_of:
    if best_by in (name, name.split('[')[0]):
      try:
        better(name)
      except UsageError as error:
        raise UsageError(f'--best_by={error}') from None
      return name
  if best_by == EvaluationOptions.best_by:
    return None
  raise UsageError(f'--best_by={best_by}: no such score; there are {", ".join(scorer.metric_of)}')
