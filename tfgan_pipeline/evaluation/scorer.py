"""Images in, scores out: extractor, reference features and metrics of one definition."""

from __future__ import annotations

from collections.abc import Iterable
import logging
from typing import Any

import numpy as np

from tfgan_pipeline import registry
from tfgan_pipeline.compat import tf
from tfgan_pipeline.data.dataset import Dataset
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.evaluation.extractor import ExtractorContext
from tfgan_pipeline.evaluation.options import EvaluationOptions
from tfgan_pipeline.evaluation.reference_choice import choose_reference
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.statistics import Statistics

_log = logging.getLogger(__name__)


class Scorer:
  """Scores sets of generated images against one reference.

  Args:
    dataset: Where the real images are.
    dataset_text: The call string it was built from, for the record.
    options: What to measure.
    strategy: Whose replicas extract features; None takes all GPUs.

  Attributes:
    definition: What the scores mean; part of each record.
    metric_of: The name of each score made so far -> the call of its metric, `fid(ddof=1)`.

  Raises:
    UsageError: The options do not suit the data, or each other.
  """

  def __init__(
    self,
    dataset: Dataset,
    dataset_text: str,
    options: EvaluationOptions,
    strategy: tf.distribute.Strategy | None = None,
  ):
    if options.protocol:
      about = registry.protocol.build(options.protocol)
      _log.info('protocol %s: %s', options.protocol, about.comparable)
    reference_of = choose_reference(dataset, dataset_text, options)
    try:
      tf.io.gfile.makedirs(options.cache_path)
    except tf.errors.OpError as error:
      raise UsageError(f'--cache_dir={options.cache_path}: {error.message}') from None
    self._metrics = options.metrics
    self.metric_of: dict[str, str] = {}
    self._extractor = registry.extractor.build(
      options.extractor, ExtractorContext(dataset, options.cache_path, strategy)
    )
    self._reference, facts = reference_of(self._extractor)
    self._try_metrics(options, dataset.image_shape)
    self.definition: dict[str, Any] = {
      'extractor': self._extractor.facts,
      'metrics': options.metrics,
      'num_generated': options.num_samples,
      **facts,
      'sample_seed': options.sample_seed,
      'quantisation': 'clip to [-1, 1], round to uint8',
    }

  def _try_metrics(self, options: EvaluationOptions, image_shape: tuple[int, int, int]) -> None:
    """Refuses now what the metrics would refuse after the work: on a few reference features."""
    few, reference = min(options.num_samples, 100), self._reference
    if isinstance(reference, Statistics):
      sample = self._extractor.features([np.zeros((few, *image_shape), np.uint8)])
      if sample.width != reference.width:
        raise UsageError(
          f'--reference_stats={options.reference_stats}: of {reference.width} features, and '
          f'{self._extractor.name} has {sample.width}'
        )
    else:
      logits = reference.logits
      reference = sample = Features(reference.pool[:few], None if logits is None else logits[:few])
    try:
      self._compute(reference, sample)
    except UsageError as error:
      raise UsageError(f'--metrics={self._metrics}: {error}') from None

  def score(self, batches: Iterable[np.ndarray]) -> dict[str, float]:
    """Scores by name, such as 'fid[classifier:mnist]', of uint8 [n, H, W, C] batches.

    Raises:
      UsageError: The images cannot be scored, such as when their features are not finite.
    """
    return self._compute(self._reference, self._extractor.features(batches))

  def _compute(self, reference: Features | Statistics, generated: Features) -> dict[str, float]:
    scores = {}
    for metric in map(str, registry.metric.parse_all(self._metrics)):
      for key, value in registry.metric.build(metric, reference, generated).items():
        name = f'{key}[{self._extractor.name}]'
        scores[name], self.metric_of[name] = value, metric
    return scores
