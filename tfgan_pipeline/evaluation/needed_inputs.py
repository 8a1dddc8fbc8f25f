"""Inputs that metrics and their intervals need: classes, learnt categories, logits, samples."""

from __future__ import annotations

from collections.abc import Mapping
import dataclasses
import logging
from typing import Any

from tfgan_pipeline import registry
from tfgan_pipeline.config.evaluation import EvaluationOptions
from tfgan_pipeline.errors import UsageError, spoken
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.statistics import Statistics
from tfgan_pipeline.metrics.score_intervals import least_samples

_log = logging.getLogger(__name__)


def require_inputs(metrics: str, chosen: Mapping[str, Any]) -> None:
  """Raises UsageError if a metric needs labels or codes, and samples have none.

  Args:
    metrics: Call strings of metrics.
    chosen: Classes and learnt categories that samples are made from, integers [n] under the keys
      'labels' and 'codes'; a key is missing or None where samples have none.
  """
  for call in registry.metric.parse_all(metrics):
    key = getattr(registry.metric.function(call.name), 'needs', None)
    if key and chosen.get(key) is None:
      raise UsageError(f'--metrics={call.name}: the generator of this run is not given {key}')


def require_intervals(
  options: EvaluationOptions, reference: Features | Statistics, count: int | None = None
) -> None:
  """Raises UsageError if --bootstrap asks for intervals that cannot be had.

  Args:
    options: Options of the evaluation.
    reference: Features of real samples, or their statistics.
    count: Number of generated samples; None if not known yet.
  """
  if not options.bootstrap:
    return
  if isinstance(reference, Statistics):
    raise UsageError('--bootstrap: needs real features, and --reference_stats has none')
  for call in registry.metric.parse_all(options.metrics):
    least = least_samples(call)
    if count is not None and count < least:
      raise UsageError(
        f'--bootstrap={options.bootstrap}: the interval of {call.name} needs {least} generated '
        f'samples or more, and there are {count}; take more, or leave out --bootstrap'
      )


def without_logits(
  options: EvaluationOptions, sample: Features, extractor: str
) -> EvaluationOptions:
  """Returns options without default metrics that need logits, if generated samples have none.

  Metrics that the user chose are kept, and refuse samples that lack something.

  Args:
    options: Options of the evaluation.
    sample: Features of the kind that generated samples have.
    extractor: Name of the extractor, for the log.
  """
  calls = registry.metric.parse_all(options.metrics)
  if sample.logits is not None or calls != registry.metric.parse_all(EvaluationOptions.metrics):
    return options
  kept = [c for c in calls if not hasattr(registry.metric.function(c.name), 'needs_logits')]
  left_out = ', '.join(call.name for call in calls if call not in kept)
  _log.info(spoken('--metrics: without %s, as %s has no logits'), left_out, extractor)
  return dataclasses.replace(options, metrics=', '.join(map(str, kept)))
