"""The largest batch that fits, in few compilations.

found = largest_batch(lambda batch_size: check(exporter, topology, batch_size), first)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_PRECISION = 32  # The answer is exact to a 32nd.
_GROWTH = 16  # From one try to the next, while too little is used to tell how it grows.
_TELLING = 0.02  # The share of the memory that does tell.
_FULL = 0.97  # The share to aim for: some belongs to the runtime, and the line is not quite one.

Result = dict[str, Any]


def largest_batch(
  check: Callable[[int], Result], first: Result, *, compilations: int = 8
) -> dict[str, int | None]:
  """Searches from a batch that has been tried.

  Memory grows nearly in proportion to the batch, so the next try is where a line reaches the end of
  the memory: through what was tried on both sides of it, or through the least and most that fit.

  Args:
    check: Global batch -> its result, as check.check returns it.
    first: The result of the first batch.
    compilations: How often `check` may be called.

  Returns:
    'largest_batch', which was compiled and fits (None: none did), and 'too_large', which was
    compiled and does not (None: none was found). Both are global.
  """
  unit, result = first['replicas'], first
  fitting: list[tuple[int, float]] = []  # (batch, share of the memory it takes), in order.
  too_large: tuple[int, float | None] | None = None
  while result['fits'] is not None:  # Refused for another reason: nothing can be learnt from it.
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
  """The batch at which the memory should be full."""
  if too_large:
    high, needed = too_large
    low, used = fitting[-1] if fitting else (0, 0.0)
    return (low + high) / 2 if needed is None else _reach(low, used, high, needed)
  low, used = fitting[-1]
  if used < _TELLING:
    return low * _GROWTH
  return _reach(*(fitting[0] if len(fitting) > 1 else (0, 0.0)), low, used)


def _reach(low: int, used: float, high: int, needed: float) -> float:
  """Where the line through two points has the share aimed for."""
  if needed <= used:
    return high * _GROWTH
  return low + (high - low) * (_FULL - used) / (needed - used)
