"""Line charts as SVG: from series of numbers to places in a drawing.

chart = draw('loss', [Series('generator', steps, values)])      # a template writes chart as SVG
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
import dataclasses
import math

from tfgan_pipeline.report.numbers import short

WIDTH, HEIGHT = 480, 250  # Of the drawing, in its own units; a page scales it.
_LEFT, _RIGHT, _TOP, _BOTTOM = 62, 12, 12, 30  # Margins, with room for the labels of the axes.
_POINTS = 240  # As many are drawn of a line: two for each of 120 stretches of 3 units.
_MARKED = 40  # A line of at most so many points shows each of them.
_LOGARITHMIC = 20  # Ratios of positive values that span this factor are drawn by logarithms.
COLOURS = 6  # Of lines in the style sheet, and as many kinds of dashes.


@dataclasses.dataclass(frozen=True)
class Series:
  """Numbers by step.

  Attributes:
    name: Name in the legend.
    steps: Steps, or other numbers to draw values by, rising.
    values: A finite value for each step.
    ends: Lower and upper end of the 95 % interval of each value, or None; empty without intervals.
  """

  name: str
  steps: Sequence[float]
  values: Sequence[float]
  ends: Sequence[tuple[float, float] | None] = ()


@dataclasses.dataclass(frozen=True)
class Line:
  """A series as drawn.

  Attributes:
    name: Name in the legend.
    colour: Number of the colour, below COLOURS.
    dashes: Number of the kind of dashes, below COLOURS; no two of 36 lines share both.
    path: An SVG path.
    marks: (x, y, text) of points.
    bars: (x, top, bottom) of intervals.
  """

  name: str
  colour: int
  dashes: int
  path: str
  marks: Sequence[tuple[float, float, str]]
  bars: Sequence[tuple[float, float, float]]


@dataclasses.dataclass(frozen=True)
class Chart:
  """A drawing, of WIDTH by HEIGHT units.

  Attributes:
    title: Heading of the chart.
    words: Sentences that say what the chart shows, for those who do not see it.
    lines: The lines.
    levels: (y, text) of horizontal lines to compare with, such as a floor.
    rows: (y, text) of the grid.
    columns: (x, text) of the grid.
    note: A remark below the chart; '' for none.
  """

  title: str
  words: str
  lines: Sequence[Line]
  levels: Sequence[tuple[float, str]]
  rows: Sequence[tuple[float, str]]
  columns: Sequence[tuple[float, str]]
  note: str = ''


def draw(
  title: str,
  series: Sequence[Series],
  levels: Sequence[tuple[str, float]] = (),
  note: str = '',
  *,
  ratios: bool = False,
  axis: str = 'step',
) -> Chart:
  """Returns a chart of series, each with a value at least.

  Args:
    title: Heading of the chart.
    series: The lines.
    levels: Name and value of horizontal lines, such as ('floor', 2.7).
    note: A remark below the chart.
    ratios: Whether it is ratios that count, so that values far apart have a logarithmic axis.
    axis: What the steps of the series are.
  """
  bounds = [value for one in series for value in one.values]
  bounds += [end for one in series for ends in one.ends if ends for end in ends]
  bounds += [value for _, value in levels]
  is_logarithmic = ratios and min(bounds) > 0 and max(bounds) > _LOGARITHMIC * min(bounds)
  up = _Axis(min(bounds), max(bounds), HEIGHT - _BOTTOM, _TOP, is_logarithmic)
  steps = [step for one in series for step in one.steps]
  across = _Axis(min(steps), max(steps), _LEFT, WIDTH - _RIGHT, False, exact=True)
  return Chart(
    title,
    ' '.join(
      [_words(one, axis) for one in series] + [f'{name}: {short(v)}.' for name, v in levels]
    ),
    [_line(one, index, across, up, axis) for index, one in enumerate(series)],
    [(up(value), f'{name} {short(value)}') for name, value in levels],
    [(up(value), short(value)) for value in up.ticks()],
    [(across(value), short(value)) for value in across.ticks()],
    ' '.join(filter(None, [note, 'The axis is logarithmic.' if is_logarithmic else ''])),
  )


class _Axis:
  """A scale from values to places, of which `ticks` are labelled."""

  def __init__(
    self, low: float, high: float, start: float, end: float, is_log: bool, exact: bool = False
  ):
    room = 0.0 if exact or is_log else 0.04 * (high - low)
    self._low, self._high = low - room, high + room
    if self._low == self._high:
      pad = abs(low) / 2 or 1.0
      self._low, self._high = low - pad, high + pad
    self._start, self._end, self._is_log = start, end, is_log

  def __call__(self, value: float) -> float:
    """Returns the place of a value, rounded to a tenth of a unit."""
    value, low, high = (self._of(number) for number in (value, self._low, self._high))
    return round(self._start + (value - low) / (high - low) * (self._end - self._start), 1)

  def _of(self, value: float) -> float:
    return math.log10(value) if self._is_log else value

  def ticks(self) -> list[float]:
    """Returns round values on the axis, about four."""
    if not self._is_log:
      return list(_multiples(self._low, self._high))
    powers = range(math.floor(math.log10(self._low)), math.ceil(math.log10(self._high)) + 1)
    factors = (1, 2, 5) if len(powers) < 4 else (1,)
    found = [factor * 10.0**power for power in powers for factor in factors]
    found = [value for value in found if self._low <= value <= self._high]
    return found[:: math.ceil(len(found) / 6)]


def _multiples(low: float, high: float) -> Iterable[float]:
  """Yields the multiples between two values of 1, 2 or 5 times a power of ten."""
  rough = (high - low) / 4
  power = 10.0 ** math.floor(math.log10(rough))
  width = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough)
  for index in range(math.ceil(low / width), math.floor(high / width) + 1):
    yield float(f'{index * width:.12g}')  # 0.3, not 0.30000000000000004.


def _line(one: Series, index: int, across: _Axis, up: _Axis, axis: str) -> Line:
  points = [(across(step), up(value)) for step, value in _thinned(one.steps, one.values)]
  path = 'M' + 'L'.join(f'{x:g} {y:g}' for x, y in points)
  marks = []
  if len(one.steps) <= _MARKED:
    marks = [
      (across(step), up(value), f'{one.name}, {axis} {_place(step)}: {short(value)}')
      for step, value in zip(one.steps, one.values)
    ]
  bars = [
    (across(step), up(ends[1]), up(ends[0])) for step, ends in zip(one.steps, one.ends) if ends
  ]
  colour, again = index % COLOURS, index // COLOURS
  return Line(one.name, colour, (colour + again) % COLOURS, path, marks, bars)


def _thinned(steps: Sequence[float], values: Sequence[float]) -> list[tuple[float, float]]:
  """Returns the points of a line, or of each of many stretches its lowest and highest one.

  So that no peak is lost, however long a run was.
  """
  points = list(zip(steps, values))
  if len(points) <= _POINTS:
    return points
  kept = {0, len(points) - 1}
  stretches = _POINTS // 2
  for number in range(stretches):
    part = range(number * len(points) // stretches, (number + 1) * len(points) // stretches)
    kept |= {min(part, key=lambda i: values[i]), max(part, key=lambda i: values[i])}
  return [points[index] for index in sorted(kept)]


def _place(step: float) -> str:
  return f'{step:,}' if isinstance(step, int) else short(step)


def _words(one: Series, axis: str) -> str:
  """Returns a sentence on a series: where it begins and ends, its lowest and highest value."""
  first, last = (f'{short(one.values[i])} at {axis} {_place(one.steps[i])}' for i in (0, -1))
  if len(one.values) == 1:
    return f'{one.name}: {first}.'
  ends = one.ends[-1] if one.ends else None
  interval = f', 95 % interval {short(ends[0])} to {short(ends[1])}' if ends else ''
  return (
    f'{one.name}: from {first} to {last}{interval}; lowest {short(min(one.values))}, '
    f'highest {short(max(one.values))}.'
  )
