"""Scores of features by the metrics of --metrics, by their full names.

measured = measure('fid, kid', reference, generated, 'inception')
measured.scores['fid[inception]'], measured.metric_of['fid[inception]']
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
import dataclasses
from typing import SupportsFloat, cast

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError
from tfgan_pipeline.metrics.cautions import caution
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.metrics.frechet.statistics import Statistics
from tfgan_pipeline.metrics.score_intervals import intervals


@dataclasses.dataclass(frozen=True)
class Measured:
  """Scores, and the metrics that they come from.

  Attributes:
    scores: The scores by name, such as 'fid[inception]'.
    metric_of: The metric call, such as `fid(ddof=1)`, by the name of each score.
  """

  scores: dict[str, float] = dataclasses.field(default_factory=dict)
  metric_of: dict[str, str] = dataclasses.field(default_factory=dict)


def measure(
  metrics: str,
  reference: Features | Statistics,
  generated: Features,
  extractor: str,
  *,
  resamples: int = 0,
) -> Measured:
  """Returns the scores of generated samples.

  Args:
    metrics: Call strings of metrics.
    reference: Features of real samples, or their statistics.
    generated: Features of generated samples.
    extractor: Name of the extractor, which the names of scores carry.
    resamples: Number of bootstrap resamples for intervals; 0 for none.

  Raises:
    UsageError: A metric cannot be computed of these features.
  """
  measured = Measured()
  for call in registry.metric.parse_all(metrics):
    # Statistics take the place of features; metrics that need more get a UsageError from them.
    values = registry.metric.build(str(call), cast(Features, reference), generated)
    if resamples and isinstance(reference, Features):
      values.update(intervals(call, reference, generated, values, resamples=resamples))
    scores = named_scores(call, values, f'[{extractor}]')
    if taken := measured.scores.keys() & scores.keys():
      name = min(taken)
      raise UsageError(f'{call.name}: its score {name} is one of {measured.metric_of[name]}, too')
    measured.scores.update(scores)
    measured.metric_of.update(dict.fromkeys(scores, str(call)))
  return measured


def named_scores(
  call: object, values: Mapping[str, SupportsFloat], suffix: str
) -> dict[str, float]:
  """Returns scores of a metric under their full names, as numbers that JSON has.

  Args:
    call: The call string of the metric, for messages.
    values: What the metric returned: numbers of Python, NumPy or TensorFlow, by name.
    suffix: End of the full names, such as '[inception]'.

  Raises:
    UsageError: A score is no number.
  """
  scores = {}
  for name, value in values.items():
    try:
      scores[f'{name}{suffix}'] = value if isinstance(value, int | float) else float(value)
    except (TypeError, ValueError):
      raise UsageError(f'{call}: its score {name} is {type(value).__name__}, no number') from None
  return scores


def cautions(metrics: str, reference: Features | Statistics, generated: Features) -> Iterator[str]:
  """Yields what to know before believing scores of these samples, beginning with the metric.

  Args:
    metrics: Call strings of metrics.
    reference: Features of real samples; of statistics nothing is known that would give caution.
    generated: Features of generated samples, which the metrics have scored or can score.
  """
  if isinstance(reference, Statistics):
    return
  for call in registry.metric.parse_all(metrics):
    if text := caution(call, reference, generated):
      yield f'--metrics={call}: {text}'
