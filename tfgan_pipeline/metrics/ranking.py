"""Which way a score is better: declared by its metric, asked for here.

    @registry.metric
    @lower_is_better('fid', 'fid_above_floor')
    def fid(reference, generated): ...

    better('fid[classifier:mnist]')     # 'lower'

Scores that are not declared, such as a standard deviation, rank nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError

_Metric = TypeVar('_Metric', bound=Callable[..., dict[str, float]])


def lower_is_better(*scores: str) -> Callable[[_Metric], _Metric]:
  """Decorator of a metric: these of its scores fall as samples get better."""
  return _declare(scores, 'lower')


def higher_is_better(*scores: str) -> Callable[[_Metric], _Metric]:
  """Decorator of a metric: these of its scores rise as samples get better."""
  return _declare(scores, 'higher')


def _declare(scores: tuple[str, ...], direction: str) -> Callable[[_Metric], _Metric]:
  def declare(metric: _Metric) -> _Metric:
    better = {**getattr(metric, 'better', {}), **dict.fromkeys(scores, direction)}
    setattr(metric, 'better', better)  # noqa: B010  (no attribute of every function)
    return metric

  return declare


def declared() -> dict[str, str]:
  """'lower' or 'higher' for every score, without extractor, that ranks."""
  kinds = (
    registry.metric,
    registry.image_metric,
    registry.pair_metric,
    registry.generator_metric,
  )
  directions = {}
  for kind in kinds:
    for name in kind.components():
      directions.update(getattr(kind.function(name), 'better', {}))
  return directions


def better(score: str) -> str:
  """'lower' or 'higher', for a score with or without its extractor: 'fid', 'fid[inception]'.

  Raises:
    UsageError: No metric declares it.
  """
  directions = declared()
  stem = score.split('[')[0]
  if stem not in directions:
    raise UsageError(f'{stem}: no score that ranks; there are {", ".join(sorted(directions))}')
  return directions[stem]
