"""Choices of a checkpoint in words: a step, newest, best, best:kid, or best:kid@/tmp/scores.

checked_step('500')        # 500
checked_step('newest')     # None
checked_step('best:kid')   # 'best:kid'
"""

from __future__ import annotations

import os
import re

from tfgan_pipeline.errors import UsageError

# A step, 'best' or 'best:METRIC', perhaps with '@' and the folder of --eval_dir; None: the newest.
Step = int | str | None


def checked_step(step: Step, flag: str = '--step') -> Step:
  """Returns a choice of a checkpoint in the form of the type Step.

  Args:
    step: A number, as text too; 'newest' or None; 'best', by fid, or 'best:METRIC', of scores in
      the run, or with '@' and the folder that --eval_dir named, of those there.
    flag: Flag that gave the choice, for the message.

  Raises:
    UsageError: The choice is none of these.
  """
  if step in (None, '', 'newest'):
    return None
  text = str(step).strip()
  if text.isdecimal() and not isinstance(step, bool):
    return int(text)
  choice, at, folder = text.partition('@')
  word, colon, metric = choice.partition(':')
  if word == 'best' and bool(colon) == bool(metric.strip()) and bool(at) == bool(folder):
    return f'{choice}{at}{os.path.expanduser(folder)}'
  raise UsageError(f'{flag}={step}: should be a step such as 500, newest, best, or best:kid')


def split_source(text: str) -> tuple[str, Step]:
  """Splits RUN, RUN:500, RUN:newest, RUN:best:kid@FOLDER into the path of a run and a step."""
  match = re.fullmatch(r'(.+?):(\d+|newest|best(?::[^/@]+)?(?:@.+)?)', text)
  if match and not os.path.exists(text):
    return match[1], checked_step(match[2], '--init_from')
  return text, None


def best_metric(step: Step) -> str | None:
  """Returns the score that a choice of the best goes by, 'fid' by default; None for no such."""
  choice = step.partition('@')[0] if isinstance(step, str) else ''
  word, _, metric = choice.partition(':')
  return (metric.strip() or 'fid') if word == 'best' else None


def scores_elsewhere(step: Step) -> str:
  """Returns the folder of --eval_dir in a choice of the best; '' for none."""
  return step.partition('@')[2] if isinstance(step, str) else ''
