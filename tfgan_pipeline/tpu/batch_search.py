"""The largest batch that fits, in few compilations.

found = largest_batch(lambda batch_size: check(exporter, topology, batch_size), first)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_PRECISION = 32  # The answer is exact to a 32nd.
_FIRST_STEP = 8  # How many times the first batch is tried next.
_FULL = 0.98  # Of a chip's memory some is the runtime's.

Result = dict[str, Any]


def largest_batch(
  check: Callable[[int], Result], first: Result, *, compilations: int = 10
) -> dict[str, int | None]:
  """Searches from a batch that has been tried.

  Memory is nearly linear in the batch: the next try is where the line through the two largest that
  fit reaches the end of the memory, and later the middle between what fits and what does not.

  Args:
    check: Global batch -> its result, as check.check returns it.
    first: The result of the first batch.
    compilations: How often `check` may be called.

  Returns:
    'largest_batch', which was compiled and fits (None: none did), and 'too_large', which was
    compiled and does not (None: none was found). Both are global.
  """
  unit = first['replicas']
  fitting: list[tuple[int, float]] = []  # (batch, share of the memory used), in order.
  too_large = None
  result = first
  while result['fits'] is not None:  # Refused for another reason: nothing can be learnt from it.
    if result['fits']:
      hbm = result['hbm']
      fitting.append((result['batch_size'], hbm['used'] / hbm['available']))
    else:
      too_large = result['batch_size']
    low = fitting[-1][0] if fitting else 0
    gap = max(unit, low // _PRECISION)
    if not compilations or too_large is not None and too_large - low <= gap:
      break
    compilations -= 1
    result = check(max(_guess(fitting, too_large, gap) // unit, 1) * unit)
  return {'largest_batch': fitting[-1][0] if fitting else None, 'too_large': too_large}


def _guess(fitting: list[tuple[int, float]], too_large: int | None, gap: int) -> int:
  """A batch at least `gap` from the largest that fits and the smallest that does not."""
  if not fitting:
    return too_large // _FIRST_STEP
  low, used = fitting[-1]
  guess = low * _FIRST_STEP
  if len(fitting) > 1:
    before, used_before = fitting[-2]
    slope = (used - used_before) / (low - before)
    guess = low + (_FULL - used) / slope if slope > 0 else guess
  guess = max(guess, low + gap)
  if too_large is not None and guess > too_large - gap:
    guess = (low + too_large) / 2
  return round(guess)
