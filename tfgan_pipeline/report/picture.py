"""One chart as an SVG file that stands alone: light and dark, with its legend inside."""

from __future__ import annotations

import textwrap

from tfgan_pipeline.report import chart
from tfgan_pipeline.report.page import environment

_ROW = 20  # Height of a line of text.
_LETTERS = 76  # That fit into a line of the note.


def svg(drawn: chart.Chart) -> str:
  """Returns the text of an SVG file of a chart, which any browser shows."""
  template = environment().get_template('chart.svg')
  return template.render(
    drawn=drawn,
    chart_size=(chart.WIDTH, chart.HEIGHT),
    row=_ROW,
    rows=len(drawn.lines),
    notes=textwrap.wrap(drawn.note, _LETTERS),
  )
