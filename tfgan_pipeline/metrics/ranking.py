"""Directions of scores: whether lower or higher is better, as declared by each metric.

    @registry.metric
    @lower_is_better('fid', 'fid_above_floor')
    def fid(reference, generated): ...

    better('fid[classifier:mnist]')     # 'lower'

Scores that are not declared, such as a standard deviation, rank nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TypeVar

from tfgan_pipeline import registry
from tfgan_pipeline.errors import UsageError

# Ends of names of scores to compare with, as fid_floor beside fid and psnr_bicubic beside psnr.
BESIDE = ('floor', 'identity', 'bicubic', 'constant')

_Metric = TypeVar('_Metric', bound=Callable[..., dict[str, float]])


def lower_is_better(*scores: str) -> Callable[[_Metric], _Metric]:
  """Returns a decorator that declares: these scores of a metric fall as samples get better."""
  return _declare(scores, 'lower')


def higher_is_better(*scores: str) -> Callable[[_Metric], _Metric]:
  """Returns a decorator that declares: these scores of a metric rise as samples get better."""
  return _declare(scores, 'higher')


def _declare(scores: tuple[str, ...], direction: str) -> Callable[[_Metric], _Metric]:
  def declare(metric: _Metric) -> _Metric:
    better = {**getattr(metric, 'better', {}), **dict.fromkeys(scores, direction)}
    setattr(metric, 'better', better)  # noqa: B010  (no attribute of every function)
    return metric

  return declare


def is_detail(stem: str, stems: Collection[str]) -> bool:
  """Returns whether a score tells of another one, as fid_floor and kid_std do of fid and kid.

  Args:
    stem: Name of the score, without its extractor.
    stems: Names of all scores of the record.
  """
  return any(stem != other and stem.startswith(f'{other}_') for other in stems)


def _kinds() -> tuple[registry.Registry, ...]:
  return (
    registry.metric,
    registry.image_metric,
    registry.pair_metric,
    registry.generator_metric,
  )


def declared() -> dict[str, str]:
  """Returns 'lower' or 'higher' for every score that ranks, by its name without extractor."""
  directions = {}
  for kind in _kinds():
    for name in kind.components():
      directions.update(getattr(kind.function(name), 'better', {}))
  return directions


def better(score: str) -> str:
  """Returns 'lower' or 'higher' for a score such as 'fid' or, with its extractor, 'fid[inception]'.

  Raises:
    UsageError: No metric declares a direction for this score.
  """
  stem = score.split('[')[0]
  for kind in _kinds():  # The metric of this name alone is loaded in a third of the time of all.
    if stem in kind.components():
      if direction := getattr(kind.function(stem), 'better', {}).get(stem):
        return direction
  directions = declared()
  if stem not in directions:
    advice = next((kind.advice[stem] for kind in _kinds() if stem in kind.advice), '')
    told = f'there are {", ".join(sorted(directions))}'
    raise UsageError(f'{stem}: no score that ranks; {advice or told}')
  return directions[stem]
