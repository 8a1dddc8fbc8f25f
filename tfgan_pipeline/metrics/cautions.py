"""Cautions: what a user should know before believing a score of these very samples.

    @registry.metric
    @warns(lambda reference, generated, *, splits, **_: 'few samples' if ... else '')
    def inception_score(reference, generated, *, splits=10): ...

    caution(registry.metric.parse('inception_score'), reference, generated)     # a sentence, or ''

A caution changes no score. The evaluator logs each once, with the name of the metric.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tfgan_pipeline import registry
from tfgan_pipeline.metrics.features import Features
from tfgan_pipeline.registry.calls import Call

_Metric = TypeVar('_Metric', bound=Callable[..., dict[str, float]])


def warns(find: Callable[..., str]) -> Callable[[_Metric], _Metric]:
  """Returns a decorator that gives a metric its caution.

  Args:
    find: Function of what the metric is given, (reference, generated, **arguments), that returns a
      sentence without a full stop, or '' where there is nothing to say.
  """

  def declare(metric: _Metric) -> _Metric:
    setattr(metric, 'caution', find)  # noqa: B010  (no attribute of every function)
    return metric

  return declare


def caution(call: Call, reference: Features, generated: Features) -> str:
  """Returns the caution of a metric for these samples; '' if there is none.

  Args:
    call: Metric with its arguments.
    reference: Features of real samples that the metric was given.
    generated: Features of generated samples that the metric was given.
  """
  find = getattr(registry.metric.function(call.name), 'caution', None)
  return find(reference, generated, **call.arguments) if find else ''
