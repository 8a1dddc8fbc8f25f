"""Charts: places of values, ticks, and long lines."""

from __future__ import annotations

import re

import pytest

from tfgan_pipeline.report.chart import HEIGHT, WIDTH, Series, draw
from tfgan_pipeline.report.numbers import duration, number, short


def heights(chart) -> list[float]:
  return [float(y) for y in re.findall(r'[ML][\d.]+ ([\d.]+)', chart.lines[0].path)]


def test_a_long_line_keeps_its_peaks():
  values = [0.0] * 10_000
  values[1234], values[8765] = 1.0, -1.0
  chart = draw('loss', [Series('one', range(10_000), values)])
  assert len(heights(chart)) <= 242 and not chart.lines[0].marks
  places = dict((text, y) for y, text in chart.rows)
  assert min(heights(chart)) == places['1'] and max(heights(chart)) == places['-1']


@pytest.mark.parametrize('values', [[0.0], [3.0], [2.0, 2.0], [1e-9, 2e-9], [-5e6, 3e6], [1, 1e9]])
@pytest.mark.parametrize('ratios', [False, True])
def test_everything_is_within_the_drawing(values, ratios):
  steps = list(range(0, 7 * len(values), 7))
  ends = [(value - abs(value) / 2, value + 1) for value in values]
  chart = draw('x', [Series('one', steps, values, ends)], [('floor', values[0])], ratios=ratios)
  places = [y for y, _ in (*chart.rows, *chart.levels)] + heights(chart)
  places += [y for _, *bar in chart.lines[0].bars for y in bar]
  assert all(0 <= place <= HEIGHT for place in places)
  assert all(0 <= x <= WIDTH for x, _ in chart.columns)
  assert len(chart.rows) <= 7


def test_ratios_far_apart_have_a_logarithmic_axis():
  series = [Series('fid', [0, 1, 2], [1000.0, 100.0, 10.0])]
  top, middle, bottom = heights(draw('fid', series, ratios=True))
  assert middle == pytest.approx((top + bottom) / 2, abs=0.1)
  assert 'logarithmic' in draw('fid', series, ratios=True).note
  assert 'logarithmic' not in draw('fid', series).note


@pytest.mark.parametrize(
  'value, text',
  [
    *((0, '0'), (3000, '3,000'), (1527.52, '1,528'), (11.0739, '11.07'), (0.25, '0.25')),
    *((1e-7, '1e-07'), (2.5e12, '2.500e+12'), (float('nan'), 'not a number'), (-1.0, '-1')),
  ],
)
def test_numbers_are_short_and_whole(value, text):
  assert short(value) == text
  assert str(number(value)) == f'<data value="{value!r}">{text}</data>'


def test_durations():
  texts = [duration(seconds) for seconds in (0, 5.2, 320, 3600, 11040, 190000)]
  assert texts == ['0 s', '5 s', '5 min 20 s', '1 h', '3 h 4 min', '2 d 4 h']
