"""Numbers of a page: short for the eye, and in full for programs that read the page."""

from __future__ import annotations

import math

from markupsafe import Markup


def short(value: float) -> str:
  """Returns a number of at most four digits that count: '1,528', '11.07', '0.001', '2.5e-07'."""
  if isinstance(value, int) or (float(value).is_integer() and abs(value) < 1e6):
    return f'{int(value):,}'
  if not math.isfinite(value):
    return 'not a number' if math.isnan(value) else 'infinite'
  if abs(value) >= 1000:
    return f'{value:,.0f}' if abs(value) < 1e9 else f'{value:.3e}'
  return f'{value:.4g}'


def number(value: float | None) -> Markup:
  """Returns a short number whose element holds the value in full; a dash for None."""
  if value is None:
    return Markup('<span class="none">-</span>')
  return Markup('<data value="{}">{}</data>').format(repr(value), short(value))


def percent(share: float) -> str:
  """Returns a share as per cent: '14.2 %'."""
  return f'{100 * share:.3g} %'


def duration(seconds: float) -> str:
  """Returns a duration in its two largest units: '5 min 20 s', '3 h 4 min', '2 d 5 h'."""
  rest, parts = round(seconds), []
  for unit, size in (('d', 86400), ('h', 3600), ('min', 60), ('s', 1)):
    count, rest = divmod(rest, size)
    if count or parts:
      parts.append(f'{count} {unit}')
  return ' '.join(part for part in parts[:2] if part[0] != '0') or '0 s'
