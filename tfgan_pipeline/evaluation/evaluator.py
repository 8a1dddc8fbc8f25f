"""Scores the checkpoints of a run, one or all as they appear.

    evaluator = GANEstimator.of_run(model_dir).evaluator(EvaluationOptions(metrics='fid'))
    record = evaluator.evaluate(step=500)
    for record in evaluator.watch(): ...

It shares nothing with the trainer but model_dir and may run anywhere that can read it. A checkpoint
that has a record of the same definition is not scored again.
"""

from __future__ import annotations

from collections.abc import Iterator
import json
import logging
import time
from typing import Any

from tfgan_pipeline import __version__, images
from tfgan_pipeline.compat import tf
from tfgan_pipeline.errors import DamagedCheckpoint, UsageError
from tfgan_pipeline.evaluation.options import EvaluationOptions
from tfgan_pipeline.evaluation.records import Record, Records, definition_id, score_ids
from tfgan_pipeline.evaluation.scorer import Scorer
from tfgan_pipeline.experiment import Experiment
from tfgan_pipeline.generation import GeneratorSampler
from tfgan_pipeline.run_directory import RunDirectory

_log = logging.getLogger(__name__)


class Evaluator:
  """Scores of one definition for the checkpoints of one run.

  Args:
    run: The run; its experiment.json must be there.
    experiment: As the run recorded it.
    options: What to measure.
    scorer: Measures it.
  """

  def __init__(
    self, run: RunDirectory, experiment: Experiment, options: EvaluationOptions, scorer: Scorer
  ):
    self._run = run
    self._options = options
    self._scorer = scorer
    self._sampler = GeneratorSampler(run, experiment, weights=options.weights)
    self._definition = {
      **scorer.definition,
      'weights': self._sampler.weights,
      'batch_norm': 'moving averages',
    }
    self._records = Records(run.evaluation(options.directory_name))

  def steps(self) -> list[int]:
    """Steps that can be scored, oldest first."""
    return self._sampler.steps()

  def evaluate(self, step: int | None = None) -> Record:
    """The record of one checkpoint, by default the newest; made now unless it exists.

    Raises:
      UsageError: No such checkpoint, it is damaged, or its samples cannot be scored.
    """
    if step is None:
      step = self._sampler.restore()
    known = self._records.find(step, self._definition)
    if known and 'error' not in known:
      _log.info('step %d has these scores already', step)
      return known
    if self._sampler.step != step:
      self._sampler.restore(step)
    _log.info('scoring step %d on %d generated images', step, self._options.num_samples)
    started = time.monotonic()
    shown: list = []

    def batches():
      for batch in self._sampler.batches(
        self._options.num_samples,
        self._options.sample_seed,
        batch_size=self._options.eval_batch_size,
      ):
        if not shown:
          shown.append(batch[:64])
        yield batch

    scores = self._scorer.score(batches())
    ids = score_ids(self._definition, self._scorer.metric_of)
    record = {'step': step, 'scores': scores, 'score_ids': ids, **self._provenance(started)}
    self._records.append(record)
    self._write_summaries(step, scores, shown[0])
    return record

  def watch(self, *, poll_seconds: float = 5.0, timeout_seconds: float = 0) -> Iterator[Record]:
    """Records of all checkpoints in the order of their steps, until the run is done.

    A checkpoint that cannot be scored is recorded with its `error`, and the next one follows. The
    newest is given time: it may be half written.

    Args:
      poll_seconds: Pause when there is nothing to do.
      timeout_seconds: Give up when nothing new appeared for so long; 0 waits for ever.
    """
    seen: set[int] = set()
    last_news = time.monotonic()
    while True:
      # Asked before listing: what the run saved before it was done is then in the list.
      done = self._run.is_done()
      waiting = [step for step in self.steps() if step not in seen]
      if waiting:
        record = self._try(waiting[0], patiently=len(waiting) == 1 and not done)
        if record is not None:
          seen.add(waiting[0])
          last_news = time.monotonic()
          if record:
            yield record
          continue
      elif done:
        return
      if timeout_seconds and time.monotonic() - last_news > timeout_seconds:
        _log.warning('no new checkpoint for %.0f s', timeout_seconds)
        return
      time.sleep(poll_seconds)

  def _try(self, step: int, *, patiently: bool) -> Record | None:
    """The record of a checkpoint, of its scores or its failure; None to try again later.

    An empty record means that the checkpoint is gone: rotation was faster.
    """
    try:
      return self.evaluate(step)
    except UsageError as error:
      if isinstance(error, DamagedCheckpoint) and patiently:
        return None
      if step not in self.steps():
        _log.warning('step %d was removed before it could be scored', step)
        return {}
      _log.warning('step %d not scored: %s', step, error)
      known = self._records.find(step, self._definition)
      if known:
        return known
      record = {'step': step, 'error': str(error), **self._provenance(time.monotonic())}
      self._records.append(record)
      return record

  def _provenance(self, started: float) -> dict[str, Any]:
    return {
      'run': self._run.path,
      **({'protocol': self._options.protocol} if self._options.protocol else {}),
      'definition_id': definition_id(self._definition),
      'definition': self._definition,
      'versions': {'tfgan_pipeline': __version__, 'tensorflow': tf.__version__},
      'seconds': round(time.monotonic() - started, 2),
    }

  def _write_summaries(self, step: int, scores: dict[str, float], pictures) -> None:
    writer = tf.summary.create_file_writer(self._records.directory)
    with writer.as_default(step):
      for name, value in scores.items():
        tf.summary.scalar(name, value)
      tf.summary.image('fakes', images.enlarge(images.grid(pictures))[None])
      tf.summary.text('definition', '```\n' + json.dumps(self._definition, indent=2) + '\n```')
    writer.close()
