"""Choices of a checkpoint in words: a step, newest, best, or best:kid.

checked_step('500')        # 500
checked_step('newest')     # None
checked_step('best:kid')   # 'best:kid'
"""

from __future__ import annotations

import os
import re

from tfgan_pipeline.errors import UsageError

Step = int | str | None  # A step, 'best', 'best:METRIC', or None for the newest.


def checked_step(step: Step, flag: str = '--step') -> Step:
  """Returns a choice of a checkpoint in the form of the type Step.

  Args:
    step: A number, as text too; 'newest' or None; 'best', by fid, or 'best:METRIC'.
    flag: Flag that gave the choice, for the message.

  Raises:
    UsageError: The choice is none of these.
  """
  if step in (None, '', 'newest'):
    return None
  text = str(step).strip()
  if text.isdecimal() and not isinstance(step, bool):
    return int(text)
  word, colon, metric = text.partition(':')
  if word == 'best' and bool(colon) == bool(metric.strip()):
    return text
  raise UsageError(f'{flag}={step}: should be a step such as 500, newest, best, or best:kid')


def split_source(text: str) -> tuple[str, Step]:
  """Splits RUN, RUN:500, RUN:newest or RUN:best:kid into the path of a run and a step."""
  match = re.fullmatch(r'(.+?):(\d+|newest|best(?::[^/]+)?)', text)
  if match and not os.path.exists(text):
    return match[1], checked_step(match[2], '--init_from')
  return text, None


def best_metric(step: Step) -> str | None:
  """Returns the score that a choice of the best goes by, 'fid' by default; None for no such."""
  word, _, metric = step.partition(':') if isinstance(step, str) else ('', '', '')
  return (metric.strip() or 'fid') if word == 'best' else None
