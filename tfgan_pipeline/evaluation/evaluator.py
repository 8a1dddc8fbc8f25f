"""Scores the checkpoints of a run, one or all as they appear.

    evaluator = Evaluator(run, experiment, EvaluationOptions(metrics='fid'))
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

from tfgan_pipeline import __version__, images, registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import DataOptions
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.extractor import ExtractorContext
from tfgan_pipeline.evaluation.options import EvaluationOptions
from tfgan_pipeline.evaluation.records import Record, Records, definition_id
from tfgan_pipeline.evaluation.reference import reference_features
from tfgan_pipeline.experiment import Experiment
from tfgan_pipeline.generation import GeneratorSampler
from tfgan_pipeline.run_directory import RunDirectory

_log = logging.getLogger(__name__)


class Evaluator:
  """Scores of one definition for the checkpoints of one run.

  Args:
    run: The run; its experiment.json must be there.
    experiment: As the run recorded it, or with its data elsewhere.
    options: What to measure.
  """

  def __init__(self, run: RunDirectory, experiment: Experiment, options: EvaluationOptions):
    self._run = run
    self._options = options
    self._sampler = GeneratorSampler(run, experiment, weights=options.weights)
    dataset = registry.dataset.build(
      experiment.dataset, DataOptions(experiment.data_dir, experiment.memory_limit_gb)
    )
    run.check_data(dataset)
    dataset.split(options.reference_split)
    self._extractor = registry.extractor.build(
      options.extractor, ExtractorContext(dataset, options.cache_path)
    )
    self._reference = reference_features(
      dataset, options.reference_split, self._extractor, options.cache_path
    )
    self._definition = {
      'extractor': {
        'name': self._extractor.name,
        'fingerprint': self._extractor.fingerprint,
        **self._extractor.details,
      },
      'metrics': options.metrics,
      'num_generated': options.num_samples,
      'num_reference': len(self._reference),
      'reference': {
        'dataset': experiment.dataset,
        'split': options.reference_split,
        'fingerprint': dataset.split(options.reference_split).fingerprint,
      },
      'sample_seed': options.sample_seed,
      'weights': self._sampler.weights,
      'batch_norm': 'moving averages',
      'quantisation': 'clip to [-1, 1], round to uint8',
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

    generated = self._extractor.features(batches())
    scores: dict[str, float] = {}
    for result in registry.metric.build_all(self._options.metrics, self._reference, generated):
      scores.update({f'{name}[{self._extractor.name}]': value for name, value in result.items()})
    record = {'step': step, 'scores': scores, **self._provenance(started)}
    self._records.append(record)
    self._write_summaries(step, scores, shown[0])
    return record

  def watch(self, *, poll_seconds: float = 5.0, timeout_seconds: float = 0) -> Iterator[Record]:
    """Records of all checkpoints in the order of their steps, until the run is done.

    A checkpoint that cannot be scored is recorded with its `error`, and the next one follows.

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
      for step in waiting[:1]:
        seen.add(step)
        yield self._evaluate_or_explain(step)
        last_news = time.monotonic()
      if waiting:
        continue
      if done:
        return
      if timeout_seconds and time.monotonic() - last_news > timeout_seconds:
        _log.warning('no new checkpoint for %.0f s', timeout_seconds)
        return
      time.sleep(poll_seconds)

  def _evaluate_or_explain(self, step: int) -> Record:
    known = self._records.find(step, self._definition)
    if known:
      return known
    try:
      return self.evaluate(step)
    except UsageError as error:
      _log.warning('step %d not scored: %s', step, error)
      record = {'step': step, 'error': str(error), **self._provenance(time.monotonic())}
      self._records.append(record)
      return record

  def _provenance(self, started: float) -> dict[str, Any]:
    return {
      'run': self._run.path,
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
