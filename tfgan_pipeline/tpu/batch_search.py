"""Search for the largest batch that fits, in few compilations.

sizes = largest_batch(lambda batch_size: check(exporter, topology, batch_size), first)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_PRECISION = 32  # The search ends when the largest batch is known to 1/32 of it.
_GROWTH = 16  # Factor to the next batch while too little memory is used to extrapolate from.
# Share of the memory from which on its growth is extrapolated; below, the batch matters too little.
_MEASURABLE_SHARE = 0.02
# Share of the memory to aim for: the runtime needs some, and growth is not quite linear.
_TARGET_SHARE = 0.97

Result = dict[str, Any]


def largest_batch(
  check: Callable[[int], Result], first: Result, *, compilations: int = 8
) -> dict[str, int | None]:
  """Searches for the largest global batch that fits, from one that has been compiled.

  Memory grows almost linearly with the batch, so the next try is the batch at which a line reaches
  the end of the memory: the line through the nearest batches on both sides of it or, while all fit,
  through the smallest and the largest batch tried.

  Args:
    check: Compiles a global batch and returns the result of check.check.
    first: The result of the first batch.
    compilations: Maximum number of calls of `check`.

  Returns:
    'largest_batch', the largest global batch that was compiled and fits (None if none does), and
    'too_large', the smallest that was compiled and does not fit (None if none was found).
  """
  unit, result = first['replicas'], first
  fitting: list[tuple[int, float]] = []  # (batch, share of the memory it takes), in order.
  too_large: tuple[int, float | None] | None = None
  while result['fits'] is not None:  # None: refused for another reason than memory.
    if result['fits']:
      fitting.append((result['batch_size'], result['hbm']['used'] / result['hbm']['available']))
    else:
      too_large = result['batch_size'], result.get('hbm_share')
    low = fitting[-1][0] if fitting else 0
    gap = max(unit, low // _PRECISION)
    if not compilations or too_large and too_large[0] - low <= gap:
      break
    compilations -= 1
    guess = max(_guess(fitting, too_large), low + gap)
    if too_large:
      guess = min(guess, too_large[0] - gap)
    result = check(max(int(guess) // unit, low // unit + 1) * unit)
  return {
    'largest_batch': fitting[-1][0] if fitting else None,
    'too_large': too_large[0] if too_large else None,
  }


def _guess(fitting: list[tuple[int, float]], too_large: tuple[int, float | None] | None) -> float:
  """Returns the batch at which the share _TARGET_SHARE of the memory is expected to be used."""
  if too_large:
    high, needed = too_large
    low, used = fitting[-1] if fitting else (0, 0.0)
    return (low + high) / 2 if needed is None else _extrapolate(low, used, high, needed)
  low, used = fitting[-1]
  if used < _MEASURABLE_SHARE:
    return low * _GROWTH
  return _extrapolate(*(fitting[0] if len(fitting) > 1 else (0, 0.0)), low, used)


def _extrapolate(low: int, used: float, high: int, needed: float) -> float:
  """Returns the batch at which a line through (low, used) and (high, needed) has the target."""
  if needed <= used:  # No line that rises.
    return high * _GROWTH
  return low + (high - low) * (_TARGET_SHARE - used) / (needed - used)
