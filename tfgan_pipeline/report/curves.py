"""Curves of training and of health, a chart for each group of tags."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
import math
from typing import Any

from tfgan_pipeline.report.chart import COLOURS, Chart, Series, draw
from tfgan_pipeline.report.recorded_run import RecordedRun

# Groups that are looked at first; the others follow in alphabetical order, out of sight.
_FIRST = {
  'loss': 'Losses',
  'discriminator_output': "Discriminator's outputs",
  'discriminator_accuracy': "Discriminator's accuracy",
  'samples': 'Diversity of samples',
}
_RATIOS = ('gradient_norm', 'learning_rate', 'penalty', 'spectral_norm', 'weight_norm')
_LEFT_OUT = ('discriminator_output/gap',)  # The difference of two curves beside it.


def charts_of(run: RecordedRun) -> tuple[list[Chart], list[Chart]]:
  """Returns the charts of a run to look at first, and all others."""
  groups: dict[str, list[Series]] = {}
  for series in (*_series(run.curves), *_series(run.health)):
    if series.name not in _LEFT_OUT:
      group, name = _split(series.name)
      groups.setdefault(group, []).append(Series(name, series.steps, series.values))
  first = [_chart(group, groups[group]) for group in _FIRST if group in groups]
  others = [_chart(group, groups[group]) for group in sorted(groups) if group not in _FIRST]
  return first, others


def _series(lines: Iterable[Mapping[str, Any]]) -> Iterator[Series]:
  """Yields a series for each name in lines that has a finite number somewhere."""
  points: dict[str, list[tuple[int, float]]] = {}
  for line in lines:
    for name, value in line.items():
      if name != 'step' and not isinstance(value, bool) and math.isfinite(value):
        points.setdefault(name, []).append((line['step'], float(value)))
  for name, pairs in points.items():
    yield Series(name, [step for step, _ in pairs], [value for _, value in pairs])


def _split(tag: str) -> tuple[str, str]:
  """Splits a tag into group and name: 'spectral_norm/generator/0_Dense' after the network."""
  group, _, name = tag.rpartition('/') if tag.startswith('spectral') else tag.partition('/')
  return group, name or group


def _chart(group: str, series: Sequence[Series]) -> Chart:
  """Returns the chart of a group; of many series those that end highest."""
  title = _FIRST.get(group) or group.replace('_', ' ').replace('/', ', ')
  ratios = group.startswith(_RATIOS)
  if len(series) <= COLOURS:
    return draw(title, series, ratios=ratios)
  highest = sorted(series, key=lambda one: -one.values[-1])[:COLOURS]
  note = f'The {COLOURS} of {len(series)} that end highest.'
  return draw(title, [one for one in series if one in highest], note=note, ratios=ratios)
